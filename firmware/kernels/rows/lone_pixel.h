/* Fully connected, and 1x1 convolution of a lone pixel: eight channels at a time. */
#ifndef ROWS_LONE_PIXEL_H
#define ROWS_LONE_PIXEL_H

#include "pointwise.h"

struct rows_lone_pixel {
    int depth;
    int units;
    struct rows_result result; /* with the reference's rounding */
};

/* The inputs as 16-bit values: for each four the words (0 2) (1 3) */
ROWS_INLINE void widen_pixel(const int8_t *input, int32_t *wide, int depth)
{
    for (int k = 0; k < depth / 4 * 4; k += 4) {
        const int32_t a = load_4(input + k, 1);
        *wide++ = sxtb16(a);
        *wide++ = sxtb16_odd(a);
    }
    if (depth % 4) {
        const int32_t a = load_up_to_4(input + depth / 4 * 4, depth % 4, 1);
        *wide++ = sxtb16(a);
        *wide++ = sxtb16_odd(a);
    }
}

/* Weights of two channels in a halfword, see pointwise.h.
 *
 * Stream of eight channels: their eight biases, four words of weights for every two inputs, eight
 * pairs of a multiplier and a shift. */
ROWS_INLINE void lone_pixel_group(const struct rows_lone_pixel *layer, const int32_t *w,
                                  const int32_t *a, int8_t *output, int channels)
{
    const int words = pair_words(layer->depth) / 2;
    const int unrolled = words_unrolled(words);
    const int32_t *const stop = a + words;
    int32_t s0 = w[0], t0 = w[1], s1 = w[2], t1 = w[3];
    int32_t s2 = w[4], t2 = w[5], s3 = w[6], t3 = w[7];
    w += 8;
    do {
#pragma GCC unroll 16
        for (int k = 0; k < unrolled; k++) {
            const int32_t x = a[k];
            int32_t p = w[4 * k], q = w[4 * k + 1];
            t0 = smlad(x, p, t0);
            p = sxtb16(p);
            t1 = smlad(x, q, t1);
            q = sxtb16(q);
            s0 = smlad(x, p, s0);
            s1 = smlad(x, q, s1);
            p = w[4 * k + 2], q = w[4 * k + 3];
            t2 = smlad(x, p, t2);
            p = sxtb16(p);
            t3 = smlad(x, q, t3);
            q = sxtb16(q);
            s2 = smlad(x, p, s2);
            s3 = smlad(x, q, s3);
        }
        a += unrolled;
        w += 4 * unrolled;
    } while (a != stop);
    t0 = wrapping_difference(t0, s0) >> 7;
    t1 = wrapping_difference(t1, s1) >> 7;
    t2 = wrapping_difference(t2, s2) >> 7;
    t3 = wrapping_difference(t3, s3) >> 7;
    const int32_t doubled[8] = {2 * s0, t0, 2 * s1, t1, 2 * s2, t2, 2 * s3, t3};
#pragma GCC unroll 8
    for (int c = 0; c < channels; c++) {
        output[c] = (int8_t)requantise(&layer->result, doubled[c], w[2 * c], w[2 * c + 1]);
    }
}

ROWS_INLINE void rows_lone_pixel(const struct rows_lone_pixel *layer, const int32_t *stream,
                                 const int8_t *input, int32_t *wide, int8_t *output)
{
    const int group_words = 8 + 2 * pair_words(layer->depth) + 16;
    const int32_t *const end = stream + layer->units / 8 * group_words;
    widen_pixel(input, wide, layer->depth);
    while (stream != end) {
        lone_pixel_group(layer, stream, wide, output, 8);
        stream += group_words;
        output += 8;
    }
    if (layer->units % 8) {
        lone_pixel_group(layer, stream, wide, output, layer->units % 8);
    }
}

#endif
