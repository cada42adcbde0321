/* Rows from a camera's DMA on a Cortex-M7 with its data cache on, for a library of `mcugen build
 * --stream-input`. */
#include "device.h" /* CMSIS: the chip's header */
#include "model.h"

#define LINE      32u /* of the data cache, bytes */
#define HALF_ROWS 4u
#define HALF      ((HALF_ROWS * MODEL_INPUT_ROW_BYTES + LINE - 1) / LINE * LINE)

/* Whole lines that nothing else is in: what the cache throws away is the DMA's alone. */
static _Alignas(32) int8_t buffer[2][HALF];

/* Clear when the DMA fills it, set by its interrupt at half and at full transfer. */
static volatile uint32_t filled[2];

void dma_half_is_full(uint32_t half)
{
    filled[half] = 1;
}

static int push_half(uint32_t half, uint32_t rows)
{
    while (filled[half] == 0) {
        __WFE();
    }
    /* The DMA writes to memory behind the cache's back: what it holds of the buffer is old. */
    SCB_InvalidateDCache_by_Addr(buffer[half], (int32_t)HALF);
    const int status = model_push(buffer[half], rows);
    filled[half] = 0;
    return status;
}

int classify_a_frame(void)
{
    int status = model_begin(NULL, NULL);
    for (uint32_t row = 0, half = 0; status == 0 && row < MODEL_INPUT_HEIGHT; half ^= 1) {
        const uint32_t left = MODEL_INPUT_HEIGHT - row;
        const uint32_t rows = left < HALF_ROWS ? left : HALF_ROWS;
        status = push_half(half, rows);
        row += rows;
    }
    return status;
}
