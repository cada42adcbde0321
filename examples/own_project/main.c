/* Runs the model once, on a picture that this program makes up. */
#include <stdint.h>
#include <stdio.h>

#include "model.h"

int main(void)
{
    int8_t *input = model_input();
    for (uint32_t i = 0; i < MODEL_INPUT_BYTES; i++) {
        input[i] = (int8_t)(i % 251u - 125u);
    }
    if (model_run(NULL, NULL) != 0) {
        return 1;
    }
    const int8_t *scores = model_output();
    uint32_t best = 0;
    for (uint32_t i = 1; i < MODEL_OUTPUT_BYTES; i++) {
        best = scores[i] > scores[best] ? i : best;
    }
    printf("%s: class %u with %d\n", MODEL_NAME, (unsigned)best, scores[best]);
    return 0;
}
