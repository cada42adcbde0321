/* Runs the model of the given number on the host: inputs from stdin, the pieces of every layer's
 * output to stdout. It ends with the process that started it, and does not work on one input for
 * ever. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "mcugen_models.h"

#define SECONDS_AN_INPUT 60

static int write_piece(void *context, uint32_t layer, uint32_t offset, const void *data,
                       uint32_t bytes)
{
    const uint32_t head[] = {layer, offset, bytes};
    fwrite(head, sizeof(head), 1, context);
    fwrite(data, 1, bytes, context);
    return 0;
}

static void end_with_parent(void)
{
#ifdef __linux__
    const pid_t parent = getppid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        raise(SIGKILL);
    }
#endif
}

/* One row, then two, and so on: whatever the number, the same must come out. */
static int run_by_rows(const struct mcugen_model *model, const uint8_t *input)
{
    const uint32_t height = model->input_bytes / model->row_bytes;
    int status = model->begin(write_piece, stdout);
    uint32_t row = 0;
    for (uint32_t count = 1; status == 0 && row < height; row += count, count++) {
        if (count > height - row) {
            count = height - row;
        }
        status = model->push(&input[row * model->row_bytes], count);
    }
    return status;
}

static int run(const struct mcugen_model *model, const uint8_t *input)
{
    if (model->run == NULL) {
        return run_by_rows(model, input);
    }
    memcpy(model->input(), input, model->input_bytes);
    return model->run(write_piece, stdout);
}

int main(int argc, char **argv)
{
    end_with_parent();
    const struct mcugen_model *model = mcugen_models[argc > 1 ? atoi(argv[1]) : 0];
    uint8_t *input = malloc(model->input_bytes);
    while (input != NULL && fread(input, 1, model->input_bytes, stdin) == model->input_bytes) {
        alarm(SECONDS_AN_INPUT);
        if (run(model, input) != 0) {
            fputs("a kernel refused its arguments\n", stderr);
            return 1;
        }
    }
    free(input);
    return input == NULL || ferror(stdin) != 0 || fflush(stdout) != 0;
}
