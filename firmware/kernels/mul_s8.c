#include "fixed_point.h"
#include "kernels.h"

void mul_s8(const struct mul_s8 *params, struct repeated_s8 a, struct repeated_s8 b, int8_t *output,
            uint32_t count)
{
    uint32_t i = 0;
    uint32_t j = 0;
    for (uint32_t at = 0; at < count; at++) {
        const int32_t product = (a.data[i] + params->a_offset) * (b.data[j] + params->b_offset);
        const int32_t scaled = requantize(product, params->output_multiplier, params->output_shift);
        output[at] = clamp_s8(scaled + params->output_offset, params->activation_min,
                              params->activation_max);
        i = next_of(a, i);
        j = next_of(b, j);
    }
}
