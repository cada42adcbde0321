#include "fixed_point.h"
#include "kernels.h"

/* Headroom that the reference gives both operands before they meet on the common scale. */
#define LEFT_SHIFT 20

void add_s8(const struct add_s8 *params, const int8_t *a, const int8_t *b, int8_t *output,
            uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const int32_t a_shifted = (a[i] + params->a_offset) * (INT32_C(1) << LEFT_SHIFT);
        const int32_t b_shifted = (b[i] + params->b_offset) * (INT32_C(1) << LEFT_SHIFT);
        const int32_t sum = requantize(a_shifted, params->a_multiplier, params->a_shift) +
                            requantize(b_shifted, params->b_multiplier, params->b_shift);
        const int32_t scaled = requantize(sum, params->output_multiplier, params->output_shift);
        output[i] = clamp_s8(scaled + params->output_offset, params->activation_min,
                             params->activation_max);
    }
}
