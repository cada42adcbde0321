/* From a sum to an output. mcugen chooses multiplier, shift and bias so that the result is the one
 * of TensorFlow Lite's rounding for every sum that a channel can reach, and proves it. */
#ifndef ROWS_REQUANTISE_H
#define ROWS_REQUANTISE_H

#include "dsp.h"

ROWS_INLINE int32_t clamp_to(int32_t value, int low, int high)
{
    if (low > INT8_MIN && value < low) {
        value = low;
    }
    if (high < INT8_MAX && value > high) {
        value = high;
    }
    return value;
}

/* The rounding of the reference, for a scale of multiplier * 2^(-32 - shift) */
ROWS_INLINE int32_t requantise_twice_rounded(int32_t sum, int32_t multiplier, int32_t shift,
                                             int zero_point)
{
    const int32_t high = (int32_t)(((int64_t)sum * multiplier + (INT64_C(1) << 30)) >> 31);
    const int32_t halves_up = ((high + (high >> 31)) >> shift) + 1 + 2 * zero_point;
    return saturate_8(halves_up, 1);
}

#endif
