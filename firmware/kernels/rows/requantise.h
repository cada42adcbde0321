/* From a sum to an output: in two instructions, with multiplier, shift and bias that mcugen chooses
 * so that the result is the one of TensorFlow Lite's rounding for every sum that a channel can
 * reach, and proves it; or with that rounding itself. */
#ifndef ROWS_REQUANTISE_H
#define ROWS_REQUANTISE_H

#include "dsp.h"

/* Which rounding, and what a channel has in the stream for it */
enum rows_rounding {
    ROWS_PROVEN,        /* a multiplier */
    ROWS_PROVEN_ADDEND, /* multiplier, addend */
    ROWS_TWICE,         /* the reference's, of twice the sum: multiplier, shift to the right */
    ROWS_TWICE_LEFT,    /* the same, where some channels shift to the left */
};

/* How a layer's sums become outputs */
struct rows_result {
    int rounding;
    int shift;      /* of proven constants */
    int zero_point; /* of the output, for the reference's rounding */
    int low;
    int high;
};

ROWS_INLINE int result_words(const struct rows_result *result)
{
    return result->rounding == ROWS_PROVEN ? 1 : 2;
}

ROWS_INLINE int is_twice_rounded(const struct rows_result *result)
{
    return result->rounding == ROWS_TWICE || result->rounding == ROWS_TWICE_LEFT;
}

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

/* The rounding of the reference, of twice the sum: the product is rounded half up, then what is
 * left of the shift half away from zero; a shift of s to the left is given as -1 - s, and leaves
 * nothing. */
ROWS_INLINE int32_t twice_rounded(const struct rows_result *result, int32_t sum, int32_t multiplier,
                                  int32_t shift)
{
    int32_t halves;
    if (result->rounding == ROWS_TWICE_LEFT && shift < 0) {
        halves = 2 * smmulr((int32_t)((uint32_t)sum << ~shift), multiplier);
    } else {
        const int32_t high = smmulr(sum, multiplier);
        halves = (high + (high >> 31)) >> shift;
    }
    return saturate_8(halves + 1 + 2 * result->zero_point, 1);
}

/* An output. `second` is the second of the channel's words, where it has two. */
ROWS_INLINE int32_t requantise(const struct rows_result *result, int32_t sum, int32_t multiplier,
                               int32_t second)
{
    int32_t value;
    if (is_twice_rounded(result)) {
        value = twice_rounded(result, sum, multiplier, second);
    } else if (result->rounding == ROWS_PROVEN_ADDEND) {
        value = saturate_8(smmla(sum, multiplier, second), result->shift);
    } else {
        value = saturate_8(smmul(sum, multiplier), result->shift);
    }
    return clamp_to(value, result->low, result->high);
}

#endif
