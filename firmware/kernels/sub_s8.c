#include "fixed_point.h"
#include "kernels.h"

/* Headroom that the reference gives both operands before they meet on the common scale. */
#define LEFT_SHIFT 20

void sub_s8(const struct add_s8 *params, struct repeated_s8 a, struct repeated_s8 b, int8_t *output,
            uint32_t count)
{
    uint32_t i = 0;
    uint32_t j = 0;
    for (uint32_t at = 0; at < count; at++) {
        const int32_t a_shifted = (a.data[i] + params->a_offset) * (INT32_C(1) << LEFT_SHIFT);
        const int32_t b_shifted = (b.data[j] + params->b_offset) * (INT32_C(1) << LEFT_SHIFT);
        const int32_t difference = requantize(a_shifted, params->a_multiplier, params->a_shift) -
                                   requantize(b_shifted, params->b_multiplier, params->b_shift);
        const int32_t scaled =
            requantize(difference, params->output_multiplier, params->output_shift);
        output[at] = clamp_s8(scaled + params->output_offset, params->activation_min,
                              params->activation_max);
        i = next_of(a, i);
        j = next_of(b, j);
    }
}
