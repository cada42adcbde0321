/* Runs the model on the host: inputs from stdin, the bytes of every layer's output to stdout. */
#include <stdio.h>

#include "model.h"

static void write_layer(void *context, uint32_t layer, const void *output, uint32_t bytes)
{
    (void)layer;
    fwrite(output, 1, bytes, context);
}

int main(void)
{
    while (fread(model_input(), 1, MODEL_INPUT_BYTES, stdin) == MODEL_INPUT_BYTES) {
        if (model_run(write_layer, stdout) != 0) {
            fputs("a kernel refused its arguments\n", stderr);
            return 1;
        }
    }
    return ferror(stdin) != 0 || fflush(stdout) != 0;
}
