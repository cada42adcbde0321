/* 1x1 convolution of a row. Two pixels by four channels at a time: eight sums, two words of inputs,
 * two of weights and two pointers are what the registers hold. */
#ifndef ROWS_POINTWISE_H
#define ROWS_POINTWISE_H

#include "requantise.h"

struct rows_pointwise {
    int pixels;
    int depth;
    int units;
    struct rows_result even; /* channels 0, 2, 4, ... */
    struct rows_result odd;
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
        output[c] = (int8_t)first[c];
    }
#pragma GCC unroll 4
    for (int c = 0; c < channels && pixels == 2; c++) {
        output[layer->units + c] = (int8_t)second[c];
    }
    *next = output + 2 * layer->units;
}

/* The sums of paired channels, where `both` is what their halfwords add up to: the odd one's times
 * 256, or twice either for the reference's rounding */
ROWS_INLINE int32_t even_sum(const struct rows_pointwise *layer, int32_t sum)
{
    return is_twice_rounded(&layer->even) ? 2 * sum : sum;
}

ROWS_INLINE int32_t odd_sum(const struct rows_pointwise *layer, int32_t both, int32_t even)
{
    const int32_t sum = wrapping_difference(both, even);
    return is_twice_rounded(&layer->odd) ? sum >> 7 : sum;
}

/* A channel's outputs for two pixels in place of its sums. Returns where the next one's words are.
 */
ROWS_INLINE const int32_t *requantise_two(const struct rows_result *result, const int32_t *w,
                                          int32_t *first, int32_t *second)
{
    const int words = result_words(result);
    const int32_t multiplier = w[0], other = w[words - 1];
    *first = requantise(result, *first, multiplier, other);
    *second = requantise(result, *second, multiplier, other);
    return w + words;
}

/* Four channels (or the last 1 to 3) of two pixels (or the last one).
 *
 * Where weights are paired, two channels are in a halfword, even + 256 odd: what the whole halfword
 * adds up to, less the sum of its low byte, is 256 times the odd channel's sum. Else they are
 * 16-bit values, 256 times what they are, or twice for the reference's rounding: twice the flash,
 * fewer instructions.
 *
 * Stream of four channels: their four biases, a word of weights of each pair, or of each channel,
 * for every two inputs, what each channel's rounding asks for. */
ROWS_INLINE void pointwise_block(const struct rows_pointwise *layer, int paired, const int32_t *w,
                                 const int32_t *a, int8_t *volatile *next, int channels, int pixels)
{
    const int words = pair_words(layer->depth) / 2, each = paired ? 2 : 4;
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
            int32_t p = w[each * k], q = w[each * k + 1];
            if (paired) {
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
            } else {
                s0 = smlad(x, p, s0);
                u0 = smlad(y, p, u0);
                t0 = smlad(x, q, t0);
                v0 = smlad(y, q, v0);
                p = w[each * k + 2];
                q = w[each * k + 3];
                s1 = smlad(x, p, s1);
                u1 = smlad(y, p, u1);
                t1 = smlad(x, q, t1);
                v1 = smlad(y, q, v1);
            }
        }
        a += 2 * unrolled;
        w += each * unrolled;
    } while (a != stop);
    if (paired) {
        t0 = odd_sum(layer, t0, s0);
        v0 = odd_sum(layer, v0, u0);
        t1 = odd_sum(layer, t1, s1);
        v1 = odd_sum(layer, v1, u1);
        s0 = even_sum(layer, s0);
        u0 = even_sum(layer, u0);
        s1 = even_sum(layer, s1);
        u1 = even_sum(layer, u1);
    }
    w = requantise_two(&layer->even, w, &s0, &u0);
    w = requantise_two(&layer->odd, w, &t0, &v0);
    w = requantise_two(&layer->even, w, &s1, &u1);
    requantise_two(&layer->odd, w, &t1, &v1);
    const int32_t first[4] = {s0, t0, s1, t1}, second[4] = {u0, v0, u1, v1};
    store_block(layer, next, channels, pixels, first, second);
}

/* `channels` channels (1 to 4) of all pixels */
ROWS_INLINE void pointwise_group(const struct rows_pointwise *layer, int paired, const int32_t *w,
                                 const int32_t *wide, int8_t *output, int channels)
{
    const int pair = pair_words(layer->depth);
    const int32_t *const end = wide + layer->pixels / 2 * pair;
    /* In memory, for the sake of the registers */
    int8_t *volatile next = output;
    while (wide != end) {
        pointwise_block(layer, paired, w, wide, &next, channels, 2);
        wide += pair;
    }
    if (layer->pixels % 2) {
        pointwise_block(layer, paired, w, wide, &next, channels, 1);
    }
}

ROWS_INLINE void pointwise_row(const struct rows_pointwise *layer, int paired,
                               const int32_t *stream, const int8_t *input, int32_t *wide,
                               int8_t *output)
{
    const int group_words = 4 + (paired ? 1 : 2) * pair_words(layer->depth) +
                            2 * (result_words(&layer->even) + result_words(&layer->odd));
    const int32_t *const end = stream + layer->units / 4 * group_words;
    widen_row(input, wide, layer->pixels, layer->depth);
    while (stream != end) {
        pointwise_group(layer, paired, stream, wide, output, 4);
        stream += group_words;
        output += 4;
    }
    if (layer->units % 4) {
        pointwise_group(layer, paired, stream, wide, output, layer->units % 4);
    }
}

/* With weights in pairs */
ROWS_INLINE void rows_pointwise_t(const struct rows_pointwise *layer, const int32_t *stream,
                                  const int8_t *input, int32_t *wide, int8_t *output)
{
    pointwise_row(layer, 1, stream, input, wide, output);
}

/* With weights of 16 bits */
ROWS_INLINE void rows_pointwise_w(const struct rows_pointwise *layer, const int32_t *stream,
                                  const int8_t *input, int32_t *wide, int8_t *output)
{
    pointwise_row(layer, 0, stream, input, wide, output);
}

#endif
