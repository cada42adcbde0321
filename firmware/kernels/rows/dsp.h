/* The instructions of Arm's DSP extension that the row kernels are made of, or the same in portable
 * C. Words hold two 16-bit values, the first one in the low half. */
#ifndef ROWS_DSP_H
#define ROWS_DSP_H

#include <stdint.h>
#include <string.h>

#define ROWS_INLINE static inline __attribute__((always_inline))

/* The compiler is to forget what it knows of a pointer: it would fetch constants before a loop, one
 * by one, and keep them on the stack. */
#define rows_forget(pointer) __asm__ volatile("" : "+r"(pointer))

#if defined(__ARM_FEATURE_DSP)
#include <arm_acle.h>

/* addend + a.low * b.low + a.high * b.high */
ROWS_INLINE int32_t smlad(int32_t a, int32_t b, int32_t addend)
{
    return __smlad(a, b, addend);
}

/* addend + a.low * b.high */
ROWS_INLINE int32_t smlabt(int32_t a, int32_t b, int32_t addend)
{
    return __smlabt(a, b, addend);
}

/* addend + a.high * b.low */
ROWS_INLINE int32_t smlatb(int32_t a, int32_t b, int32_t addend)
{
    return __smlatb(a, b, addend);
}

/* Bytes 0 and 2, each with its sign */
ROWS_INLINE int32_t sxtb16(int32_t a)
{
    return __sxtb16(a);
}

/* gcc makes none of the following from C. */

/* Bytes 1 and 3, each with its sign */
ROWS_INLINE int32_t sxtb16_odd(int32_t a)
{
    int32_t result;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(result) : "r"(a));
    return result;
}

/* (a.low, b.low) */
ROWS_INLINE int32_t pack_low(int32_t a, int32_t b)
{
    int32_t result;
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(result) : "r"(a), "r"(b));
    return result;
}

/* (a.high, b.high) */
ROWS_INLINE int32_t pack_high(int32_t a, int32_t b)
{
    int32_t result;
    __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(result) : "r"(b), "r"(a));
    return result;
}

/* The high word of a * b */
ROWS_INLINE int32_t smmul(int32_t a, int32_t b)
{
    int32_t result;
    __asm__("smmul %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
}

/* addend + the high word of a * b */
ROWS_INLINE int32_t smmla(int32_t a, int32_t b, int32_t addend)
{
    int32_t result;
    __asm__("smmla %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(addend));
    return result;
}

/* The high word of a * b, rounded half up */
ROWS_INLINE int32_t smmulr(int32_t a, int32_t b)
{
    int32_t result;
    __asm__("smmulr %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
}

/* a / 2^shift, rounded down and saturated to 8 bits; the shift is a literal. One of 0 has no
 * encoding, and without optimisation no parameter is a literal. */
ROWS_INLINE int32_t saturate_8(int32_t a, int shift)
{
    int32_t result;
#if defined(__OPTIMIZE__)
    if (shift > 0) {
        __asm__("ssat %0, #8, %1, asr %2" : "=r"(result) : "r"(a), "i"(shift));
        return result;
    }
#endif
    a >>= shift;
    __asm__("ssat %0, #8, %1" : "=r"(result) : "r"(a));
    return result;
}

#else

ROWS_INLINE int32_t halves(int32_t low, int32_t high)
{
    return (int32_t)(((uint32_t)low & 0xffffu) | ((uint32_t)high << 16));
}

ROWS_INLINE int32_t low_half(int32_t a)
{
    return (int16_t)(a & 0xffff);
}

ROWS_INLINE int32_t high_half(int32_t a)
{
    return a >> 16;
}

ROWS_INLINE int32_t byte_of(int32_t a, int index)
{
    return (int8_t)((a >> (8 * index)) & 0xff);
}

/* Sums wrap, as the instructions' do. */
ROWS_INLINE int32_t wrapping_sum(int32_t a, int32_t b)
{
    return (int32_t)((uint32_t)a + (uint32_t)b);
}

ROWS_INLINE int32_t smlad(int32_t a, int32_t b, int32_t addend)
{
    const int32_t first = wrapping_sum(addend, low_half(a) * low_half(b));
    return wrapping_sum(first, high_half(a) * high_half(b));
}

ROWS_INLINE int32_t smlabt(int32_t a, int32_t b, int32_t addend)
{
    return wrapping_sum(addend, low_half(a) * high_half(b));
}

ROWS_INLINE int32_t smlatb(int32_t a, int32_t b, int32_t addend)
{
    return wrapping_sum(addend, high_half(a) * low_half(b));
}

ROWS_INLINE int32_t sxtb16(int32_t a)
{
    return halves(byte_of(a, 0), byte_of(a, 2));
}

ROWS_INLINE int32_t sxtb16_odd(int32_t a)
{
    return halves(byte_of(a, 1), byte_of(a, 3));
}

ROWS_INLINE int32_t pack_low(int32_t a, int32_t b)
{
    return halves(a, b);
}

ROWS_INLINE int32_t pack_high(int32_t a, int32_t b)
{
    return halves(a >> 16, b >> 16);
}

ROWS_INLINE int32_t smmul(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b) >> 32);
}

ROWS_INLINE int32_t smmla(int32_t a, int32_t b, int32_t addend)
{
    return wrapping_sum(addend, smmul(a, b));
}

ROWS_INLINE int32_t smmulr(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b + (INT64_C(1) << 31)) >> 32);
}

ROWS_INLINE int32_t saturate_8(int32_t a, int shift)
{
    const int32_t value = a >> shift;
    if (value < INT8_MIN) {
        return INT8_MIN;
    }
    return value > INT8_MAX ? INT8_MAX : value;
}

#endif

/* a - b, wrapping */
ROWS_INLINE int32_t wrapping_difference(int32_t a, int32_t b)
{
    return (int32_t)((uint32_t)a - (uint32_t)b);
}

/* Four bytes at any address. One at a multiple of four may be fetched with its neighbour. */
ROWS_INLINE int32_t load_4(const void *bytes, int aligned)
{
    int32_t word;
    if (aligned) {
        return *(const int32_t *)__builtin_assume_aligned(bytes, 4);
    }
    memcpy(&word, bytes, sizeof word);
    return word;
}

/* `count` bytes (1 to 4), the others 0 */
ROWS_INLINE int32_t load_up_to_4(const int8_t *bytes, int count, int aligned)
{
    if (count >= 4) {
        return load_4(bytes, aligned);
    }
    uint32_t word = (uint8_t)bytes[0];
    if (count > 1) {
        word |= (uint32_t)(uint8_t)bytes[1] << 8;
    }
    if (count > 2) {
        word |= (uint32_t)(uint8_t)bytes[2] << 16;
    }
    return (int32_t)word;
}

#endif
