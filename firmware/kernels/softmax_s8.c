#include "fixed_point.h"
#include "kernels.h"

/* Integer bits of the sum of exponentials, Q12.19. */
#define SUM_INTEGER_BITS 12
#define OUTPUT_BITS      8

/* 1 / (1 + x) for Q0.31 x in [0, 1), result Q0.31: Newton-Raphson on half the denominator, started
 * from the line 48/17 - 32/17 d; the iterate is Q2.29. */
static int32_t one_over_one_plus(int32_t x)
{
    const int32_t half_denominator = (int32_t)(((int64_t)x + INT32_MAX + 1) / 2);
    int32_t estimate = 1515870810 + doubling_high_mul(half_denominator, -1010580540);
    for (int step = 0; step < 3; step++) {
        const int32_t error = (INT32_C(1) << 29) - doubling_high_mul(half_denominator, estimate);
        estimate += saturating_shift_left(doubling_high_mul(estimate, error), 2);
    }
    return saturating_shift_left(estimate, 1);
}

static uint32_t leading_zeros(uint32_t x)
{
    uint32_t zeros = 0;
    while ((x & UINT32_C(0x80000000)) == 0u) {
        x <<= 1;
        zeros++;
    }
    return zeros;
}

static int32_t row_maximum(const int8_t *input, uint32_t depth)
{
    int32_t maximum = INT8_MIN;
    for (uint32_t i = 0; i < depth; i++) {
        maximum = input[i] > maximum ? input[i] : maximum;
    }
    return maximum;
}

static void softmax_row(const int32_t exp_table[256], const int8_t *input, int8_t *output,
                        uint32_t depth)
{
    const int32_t maximum = row_maximum(input, depth);
    int32_t sum = 0;
    for (uint32_t i = 0; i < depth; i++) {
        sum += divide_by_pot(exp_table[maximum - input[i]], SUM_INTEGER_BITS);
    }
    /* The largest term is 1.0, so the sum is never zero. */
    const uint32_t headroom = leading_zeros((uint32_t)sum);
    const uint32_t fraction = ((uint32_t)sum << headroom) - UINT32_C(0x80000000);
    const int32_t scale = one_over_one_plus((int32_t)fraction);
    const int32_t exponent = SUM_INTEGER_BITS - (int32_t)headroom + 31 - OUTPUT_BITS;
    for (uint32_t i = 0; i < depth; i++) {
        const int32_t exp = exp_table[maximum - input[i]];
        /* From a sum of 512 on no share reaches half a step. TFLite stops the program there. */
        const int32_t share =
            exponent > 31 ? 0 : divide_by_pot(doubling_high_mul(scale, exp), exponent);
        output[i] = clamp_s8(share + INT8_MIN, INT8_MIN, INT8_MAX);
    }
}

void softmax_s8(const int32_t exp_table[256], const int8_t *input, int8_t *output, uint32_t rows,
                uint32_t depth)
{
    for (uint32_t row = 0; row < rows; row++) {
        softmax_row(exp_table, input + row * depth, output + row * depth, depth);
    }
}
