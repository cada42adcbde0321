#include "kernels.h"

/* Divided by 2^20, rounded half away from zero. */
static int8_t rounded(int32_t sum)
{
    const int32_t half = INT32_C(1) << 19;
    return (int8_t)((sum + (sum > 0 ? half : -half)) / (INT32_C(1) << 20));
}

void resize_s8(const int32_t *places, const int8_t *input, int8_t *output, uint32_t height,
               uint32_t width, uint32_t channels)
{
    const int32_t one = INT32_C(1) << 10;
    const int32_t *columns = places + 3u * height;
    for (uint32_t y = 0; y < height; y++) {
        const int8_t *above = input + places[y];
        const int8_t *below = input + places[height + y];
        const int32_t down = places[2u * height + y];
        for (uint32_t x = 0; x < width; x++) {
            const int32_t left = columns[x];
            const int32_t right = columns[width + x];
            const int32_t across = columns[2u * width + x];
            const int32_t weights[4] = {(one - down) * (one - across), down * (one - across),
                                        (one - down) * across, down * across};
            for (int32_t c = 0; c < (int32_t)channels; c++) {
                *output++ = rounded(above[left + c] * weights[0] + below[left + c] * weights[1] +
                                    above[right + c] * weights[2] + below[right + c] * weights[3]);
            }
        }
    }
}
