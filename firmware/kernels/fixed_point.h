/* Fixed-point arithmetic of TensorFlow Lite's reference kernels (double rounding). */
#ifndef FIXED_POINT_H
#define FIXED_POINT_H

#include <stdint.h>

/* 2 * a * b in the high word, rounded half up; only INT32_MIN * INT32_MIN would not fit. */
static inline int32_t doubling_high_mul(int32_t a, int32_t b)
{
    if (a == INT32_MIN && b == INT32_MIN) {
        return INT32_MAX;
    }
    return (int32_t)(((int64_t)a * b + (INT64_C(1) << 30)) >> 31);
}

/* x / 2^exponent, rounded half away from zero; exponent in 0..31. */
static inline int32_t divide_by_pot(int32_t x, int32_t exponent)
{
    const int32_t mask = (int32_t)((UINT32_C(1) << exponent) - 1u);
    const int32_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
    return (x >> exponent) + ((x & mask) > threshold ? 1 : 0);
}

/* x * 2^exponent, saturated. */
static inline int32_t saturating_shift_left(int32_t x, int32_t exponent)
{
    const int64_t shifted = (int64_t)x * (INT64_C(1) << exponent);
    if (shifted > INT32_MAX) {
        return INT32_MAX;
    }
    return shifted < INT32_MIN ? INT32_MIN : (int32_t)shifted;
}

/* x * multiplier * 2^(shift - 31); the caller sees to it that a left shift does not overflow. */
static inline int32_t requantize(int32_t x, int32_t multiplier, int32_t shift)
{
    const int32_t left = shift > 0 ? shift : 0;
    const int32_t right = shift > 0 ? 0 : -shift;
    return divide_by_pot(doubling_high_mul(x * (INT32_C(1) << left), multiplier), right);
}

static inline int8_t clamp_s8(int32_t x, int32_t low, int32_t high)
{
    if (x < low) {
        return (int8_t)low;
    }
    return (int8_t)(x > high ? high : x);
}

#endif
