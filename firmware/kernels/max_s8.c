#include "kernels.h"

static int8_t max_from(const struct loops_s8 *reduced, const int8_t *input)
{
    int8_t largest = INT8_MIN;
    for (uint32_t y = 0; y < reduced->sizes[0]; y++) {
        const int8_t *row = input + y * reduced->strides[0];
        for (uint32_t x = 0; x < reduced->sizes[1]; x++) {
            const int8_t value = row[x * reduced->strides[1]];
            largest = value > largest ? value : largest;
        }
    }
    return largest;
}

void max_s8(const struct loops_s8 *kept, const struct loops_s8 *reduced, const int8_t *input,
            int8_t *output)
{
    for (uint32_t y = 0; y < kept->sizes[0]; y++) {
        const int8_t *row = input + y * kept->strides[0];
        for (uint32_t x = 0; x < kept->sizes[1]; x++) {
            *output++ = max_from(reduced, row + x * kept->strides[1]);
        }
    }
}
