/* 1x1 convolution of a row. Two pixels by four channels at a time: eight sums, two words of inputs,
 * two of weights and two pointers are what the registers hold. */
#ifndef ROWS_POINTWISE_H
#define ROWS_POINTWISE_H

#include "requantise.h"

struct rows_pointwise {
    int pixels;
    int depth;
    int units;
    int even_shift; /* of channels 0, 2, 4, ... */
    int odd_shift;
    int low;
    int high;
};

/* Words of a pixel pair once it is widened */
ROWS_INLINE int pair_words(int depth)
{
    return (depth + 3) / 4 * 4;
}

/* A row as 16-bit values: for each pair of pixels and each four channels the words
 * (first 0 2) (second 0 2) (first 1 3) (second 1 3). Without a second pixel it is the first one. */
ROWS_INLINE void widen_pair(const int8_t *first, const int8_t *second, int32_t *wide, int depth)
{
#pragma GCC unroll 4
    for (int k = 0; k < depth; k += 4) {
        const int32_t a = load_up_to_4(first + k, depth - k, depth % 4 == 0);
        const int32_t b = load_up_to_4(second + k, depth - k, depth % 4 == 0);
        wide[0] = sxtb16(a);
        wide[1] = sxtb16(b);
        wide[2] = sxtb16_odd(a);
        wide[3] = sxtb16_odd(b);
        wide += 4;
    }
}

ROWS_INLINE void widen_row(const int8_t *input, int32_t *wide, int pixels, int depth)
{
    for (int pair = 0; pair < pixels / 2; pair++) {
        widen_pair(input, input + depth, wide, depth);
        input += 2 * depth;
        wide += pair_words(depth);
    }
    if (pixels % 2) {
        widen_pair(input, input, wide, depth);
    }
}

/* How many words of a pixel are worked off between two jumps */
ROWS_INLINE int words_unrolled(int words)
{
    if (words <= 16) {
        return words;
    }
    return words % 16 == 0 ? 16 : words % 8 == 0 ? 8 : words % 4 == 0 ? 4 : 2;
}

/* Outputs of `channels` channels (1 to 4) of one or two pixels, and on to the next ones */
ROWS_INLINE void store_block(const struct rows_pointwise *layer, int8_t *volatile *next,
                             int channels, int pixels, const int32_t first[4],
                             const int32_t second[4])
{
    int8_t *const output = *next;
#pragma GCC unroll 4
    for (int c = 0; c < channels; c++) {
        output[c] = (int8_t)clamp_to(first[c], layer->low, layer->high);
    }
#pragma GCC unroll 4
    for (int c = 0; c < channels && pixels == 2; c++) {
        output[layer->units + c] = (int8_t)clamp_to(second[c], layer->low, layer->high);
    }
    *next = output + 2 * layer->units;
}

/* Weights of two channels in a halfword, even + 256 odd: what the whole halfword sums up to, less
 * the sum of its low byte, is 256 times the odd channel's sum.
 *
 * Stream of four channels: their four biases, depth words of weights, then multiplier and addend of
 * an even channel and the multiplier of the odd one, twice. */
ROWS_INLINE void pointwise_block_t(const struct rows_pointwise *layer, const int32_t *w,
                                   const int32_t *a, int8_t *volatile *next, int channels,
                                   int pixels)
{
    const int words = pair_words(layer->depth) / 2;
    const int unrolled = words_unrolled(words);
    rows_forget(w);
    int32_t s0 = w[0], t0 = w[1], s1 = w[2], t1 = w[3];
    int32_t u0 = s0, v0 = t0, u1 = s1, v1 = t1;
    const int32_t *const stop = a + 2 * words;
    w += 4;
    do {
#pragma GCC unroll 16
        for (int k = 0; k < unrolled; k++) {
            const int32_t x = a[2 * k], y = a[2 * k + 1];
            int32_t p = w[2 * k], q = w[2 * k + 1];
            t0 = smlad(x, p, t0);
            v0 = smlad(y, p, v0);
            p = sxtb16(p);
            t1 = smlad(x, q, t1);
            v1 = smlad(y, q, v1);
            q = sxtb16(q);
            s0 = smlad(x, p, s0);
            u0 = smlad(y, p, u0);
            s1 = smlad(x, q, s1);
            u1 = smlad(y, q, u1);
        }
        a += 2 * unrolled;
        w += 2 * unrolled;
    } while (a != stop);
    t0 = wrapping_difference(t0, s0);
    v0 = wrapping_difference(v0, u0);
    t1 = wrapping_difference(t1, s1);
    v1 = wrapping_difference(v1, u1);
    int32_t multiplier = w[0], addend = w[1];
    s0 = saturate_8(smmla(s0, multiplier, addend), layer->even_shift);
    u0 = saturate_8(smmla(u0, multiplier, addend), layer->even_shift);
    multiplier = w[2];
    t0 = saturate_8(smmul(t0, multiplier), layer->odd_shift);
    v0 = saturate_8(smmul(v0, multiplier), layer->odd_shift);
    multiplier = w[3], addend = w[4];
    s1 = saturate_8(smmla(s1, multiplier, addend), layer->even_shift);
    u1 = saturate_8(smmla(u1, multiplier, addend), layer->even_shift);
    multiplier = w[5];
    t1 = saturate_8(smmul(t1, multiplier), layer->odd_shift);
    v1 = saturate_8(smmul(v1, multiplier), layer->odd_shift);
    const int32_t first[4] = {s0, t0, s1, t1}, second[4] = {u0, v0, u1, v1};
    store_block(layer, next, channels, pixels, first, second);
}

/* Weights as 16-bit values, 256 times what they are. Twice the flash, fewer instructions.
 *
 * Stream of four channels: their four biases, two words of weights of each channel for every four
 * inputs, four multipliers. */
ROWS_INLINE void pointwise_block_w(const struct rows_pointwise *layer, const int32_t *w,
                                   const int32_t *a, int8_t *volatile *next, int channels,
                                   int pixels)
{
    const int words = pair_words(layer->depth) / 2;
    const int unrolled = words_unrolled(words);
    rows_forget(w);
    int32_t s0 = w[0], t0 = w[1], s1 = w[2], t1 = w[3];
    int32_t u0 = s0, v0 = t0, u1 = s1, v1 = t1;
    const int32_t *const stop = a + 2 * words;
    w += 4;
    do {
#pragma GCC unroll 16
        for (int k = 0; k < unrolled; k++) {
            const int32_t x = a[2 * k], y = a[2 * k + 1];
            int32_t p = w[4 * k], q = w[4 * k + 1];
            s0 = smlad(x, p, s0);
            u0 = smlad(y, p, u0);
            t0 = smlad(x, q, t0);
            v0 = smlad(y, q, v0);
            p = w[4 * k + 2];
            q = w[4 * k + 3];
            s1 = smlad(x, p, s1);
            u1 = smlad(y, p, u1);
            t1 = smlad(x, q, t1);
            v1 = smlad(y, q, v1);
        }
        a += 2 * unrolled;
        w += 4 * unrolled;
    } while (a != stop);
    int32_t multiplier = w[0];
    s0 = saturate_8(smmul(s0, multiplier), layer->odd_shift);
    u0 = saturate_8(smmul(u0, multiplier), layer->odd_shift);
    multiplier = w[1];
    t0 = saturate_8(smmul(t0, multiplier), layer->odd_shift);
    v0 = saturate_8(smmul(v0, multiplier), layer->odd_shift);
    multiplier = w[2];
    s1 = saturate_8(smmul(s1, multiplier), layer->odd_shift);
    u1 = saturate_8(smmul(u1, multiplier), layer->odd_shift);
    multiplier = w[3];
    t1 = saturate_8(smmul(t1, multiplier), layer->odd_shift);
    v1 = saturate_8(smmul(v1, multiplier), layer->odd_shift);
    const int32_t first[4] = {s0, t0, s1, t1}, second[4] = {u0, v0, u1, v1};
    store_block(layer, next, channels, pixels, first, second);
}

typedef void pointwise_block(const struct rows_pointwise *layer, const int32_t *w, const int32_t *a,
                             int8_t *volatile *next, int channels, int pixels);

/* `channels` channels (1 to 4) of all pixels */
ROWS_INLINE void pointwise_group(const struct rows_pointwise *layer, pointwise_block *block,
                                 const int32_t *w, const int32_t *wide, int8_t *output,
                                 int channels)
{
    const int pair = pair_words(layer->depth);
    const int32_t *const end = wide + layer->pixels / 2 * pair;
    /* In memory, for the sake of the registers */
    int8_t *volatile next = output;
    while (wide != end) {
        block(layer, w, wide, &next, channels, 2);
        wide += pair;
    }
    if (layer->pixels % 2) {
        block(layer, w, wide, &next, channels, 1);
    }
}

ROWS_INLINE void pointwise_row(const struct rows_pointwise *layer, pointwise_block *block,
                               int group_words, const int32_t *stream, const int8_t *input,
                               int32_t *wide, int8_t *output)
{
    const int32_t *const end = stream + layer->units / 4 * group_words;
    widen_row(input, wide, layer->pixels, layer->depth);
    while (stream != end) {
        pointwise_group(layer, block, stream, wide, output, 4);
        stream += group_words;
        output += 4;
    }
    if (layer->units % 4) {
        pointwise_group(layer, block, stream, wide, output, layer->units % 4);
    }
}

ROWS_INLINE void rows_pointwise_t(const struct rows_pointwise *layer, const int32_t *stream,
                                  const int8_t *input, int32_t *wide, int8_t *output)
{
    const int group_words = 4 + pair_words(layer->depth) + 6;
    pointwise_row(layer, pointwise_block_t, group_words, stream, input, wide, output);
}

ROWS_INLINE void rows_pointwise_w(const struct rows_pointwise *layer, const int32_t *stream,
                                  const int8_t *input, int32_t *wide, int8_t *output)
{
    const int group_words = 4 + 2 * pair_words(layer->depth) + 4;
    pointwise_row(layer, pointwise_block_w, group_words, stream, input, wide, output);
}

#endif
