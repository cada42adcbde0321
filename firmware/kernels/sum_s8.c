#include "fixed_point.h"
#include "kernels.h"

static int32_t sum_from(const struct loops_s8 *reduced, const int8_t *input)
{
    int32_t sum = 0;
    for (uint32_t y = 0; y < reduced->sizes[0]; y++) {
        const int8_t *row = input + y * reduced->strides[0];
        for (uint32_t x = 0; x < reduced->sizes[1]; x++) {
            sum += row[x * reduced->strides[1]];
        }
    }
    return sum;
}

void sum_s8(const struct sum_s8 *params, const int8_t *input, int8_t *output)
{
    const struct loops_s8 *kept = &params->kept;
    for (uint32_t y = 0; y < kept->sizes[0]; y++) {
        const int8_t *row = input + y * kept->strides[0];
        for (uint32_t x = 0; x < kept->sizes[1]; x++) {
            const int32_t sum = sum_from(&params->reduced, row + x * kept->strides[1]);
            const int32_t scaled =
                requantize(sum - params->centre, params->multiplier, params->shift);
            *output++ = clamp_s8(scaled + params->output_zero_point, INT8_MIN, INT8_MAX);
        }
    }
}
