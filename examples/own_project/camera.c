/* Classifies a picture as a camera delivers it: while the DMA fills one half of a buffer, the model
 * takes the rows of the other one. For a library of `mcugen build --stream-input`. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "model.h"

#define HALF_ROWS 4

static int8_t buffer[2][HALF_ROWS * MODEL_INPUT_ROW_BYTES];

/* Stands for the camera's DMA, which fills a half, raises an interrupt and goes on with the other:
 * here the picture comes from stdin. */
static bool camera_waits_for_half(int8_t *half)
{
    return fread(half, MODEL_INPUT_ROW_BYTES, HALF_ROWS, stdin) > 0;
}

static int classify_a_frame(void)
{
    int status = model_begin(NULL, NULL);
    for (uint32_t row = 0, half = 0; status == 0 && row < MODEL_INPUT_HEIGHT; half ^= 1) {
        const uint32_t left = MODEL_INPUT_HEIGHT - row;
        const uint32_t rows = left < HALF_ROWS ? left : HALF_ROWS;
        if (!camera_waits_for_half(buffer[half])) {
            return MODEL_WRONG_USE;
        }
        status = model_push(buffer[half], rows);
        row += rows;
    }
    return status;
}

int main(void)
{
    if (classify_a_frame() != 0) {
        return 1;
    }
    return fwrite(model_output(), 1, MODEL_OUTPUT_BYTES, stdout) != MODEL_OUTPUT_BYTES;
}
