#include "fixed_point.h"
#include "kernels.h"

static int32_t scaled(const struct prelu_s8 *params, int32_t value, int32_t alpha)
{
    if (value >= 0) {
        return requantize(value, params->positive_multiplier, params->positive_shift);
    }
    return requantize(value * (alpha + params->alpha_offset), params->negative_multiplier,
                      params->negative_shift);
}

void prelu_s8(const struct prelu_s8 *params, struct repeated_s8 input, struct repeated_s8 alpha,
              int8_t *output, uint32_t count)
{
    uint32_t i = 0;
    uint32_t j = 0;
    for (uint32_t at = 0; at < count; at++) {
        const int32_t value = input.data[i] + params->input_offset;
        output[at] = clamp_s8(scaled(params, value, alpha.data[j]) + params->output_offset,
                              INT8_MIN, INT8_MAX);
        i = next_of(input, i);
        j = next_of(alpha, j);
    }
}
