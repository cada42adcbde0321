/* Depthwise convolution, 3x3, margins of at most 1. Rows of the input stand in
 * a ring, each channel apart, its pixels in pairs with the margins among them:
 * word slots * pair + slot of a channel holds two pixels of the row in that
 * slot, so a pair of three rows is three words in a row. A ring of three slots
 * takes a row at a time; one that has a slot for every row takes the whole
 * picture, and then a channel's constants are fetched only once. */
#ifndef ROWS_DEPTHWISE_H
#define ROWS_DEPTHWISE_H

#include "requantise.h"

struct rows_depthwise {
    int height;
    int width;
    int channels;
    int output_height;
    int output_width;
    int slots;
    int stride; /* 1 or 2 */
    int top;    /* margins, 0 or 1 */
    int left;
    int zero_point; /* of the input */
    int scale;      /* of the weights: 256, 2 or 1 */
    struct rows_result result;
};

/* Pixel pairs of a row in the ring */
ROWS_INLINE int ring_pairs(const struct rows_depthwise *layer)
{
    return layer->stride == 2 ? layer->output_width + 1
                              : layer->output_width / 2 + 1 + layer->output_width % 2;
}

/* Four channels (or the last 1 to 3) of a pixel; the zero point where x lies in
 * a margin */
ROWS_INLINE int32_t margin_or_pixel(const struct rows_depthwise *layer, const int8_t *row, int x,
                                    int channels)
{
    if (x < 0 || x >= layer->width) {
        return (int32_t)(UINT32_C(0x01010101) * (uint8_t)layer->zero_point);
    }
    return load_up_to_4(row + x * layer->channels, channels, layer->channels % 4 == 0);
}

/* Two pixels into the ring, `words` words from channel to channel */
ROWS_INLINE void put_pair(int32_t *ring, int words, int32_t first, int32_t second, int channels)
{
    const int32_t low = pack_low(first, second), high = pack_high(first, second);
    ring[0] = sxtb16(low);
    if (channels > 1) {
        ring[words] = sxtb16_odd(low);
    }
    if (channels > 2) {
        ring[2 * words] = sxtb16(high);
    }
    if (channels > 3) {
        ring[3 * words] = sxtb16_odd(high);
    }
}

/* Two neighbouring pixels */
ROWS_INLINE void put_pixels(const struct rows_depthwise *layer, const int8_t *pixel, int32_t *ring,
                            int channels)
{
    const int aligned = layer->channels % 4 == 0;
    put_pair(ring, layer->slots * ring_pairs(layer), load_up_to_4(pixel, channels, aligned),
             load_up_to_4(pixel + layer->channels, channels, aligned), channels);
}

/* Four channels (or the last 1 to 3) of a row. Only the first and the last pair
 * touch a margin. */
ROWS_INLINE void ring_channels(const struct rows_depthwise *layer, const int8_t *row, int32_t *ring,
                               int channels)
{
    const int pairs = ring_pairs(layer), words = layer->slots * pairs;
    const int last = 2 * (pairs - 1) - layer->left;
    put_pair(ring, words, margin_or_pixel(layer, row, -layer->left, channels),
             margin_or_pixel(layer, row, 1 - layer->left, channels), channels);
    const int8_t *pixel = row + (2 - layer->left) * layer->channels;
    ring += layer->slots;
    const int blocks = pairs - 2 > 8 ? (pairs - 2) / 8 : 0;
    for (int block = 0; block < blocks; block++) {
#pragma GCC unroll 8
        for (int k = 0; k < 8; k++) {
            put_pixels(layer, pixel + 2 * k * layer->channels, ring + k * layer->slots, channels);
        }
        pixel += 16 * layer->channels;
        ring += 8 * layer->slots;
    }
#pragma GCC unroll 8
    for (int k = 0; k < pairs - 2 - 8 * blocks; k++) {
        put_pixels(layer, pixel, ring, channels);
        pixel += 2 * layer->channels;
        ring += layer->slots;
    }
    put_pair(ring, words, margin_or_pixel(layer, row, last, channels),
             margin_or_pixel(layer, row, last + 1, channels), channels);
}

ROWS_INLINE void ring_row(const struct rows_depthwise *layer, const int8_t *row, int32_t *ring)
{
    const int words = layer->slots * ring_pairs(layer);
    for (int c = 0; c < layer->channels / 4; c++) {
        ring_channels(layer, row, ring, 4);
        row += 4;
        ring += 4 * words;
    }
    if (layer->channels % 4) {
        ring_channels(layer, row, ring, layer->channels % 4);
    }
}

/* A row of the margin above or below */
ROWS_INLINE void ring_margin(const struct rows_depthwise *layer, int32_t *ring)
{
    const int words = ring_pairs(layer) * layer->channels;
    for (int word = 0; word < words; word++) {
        ring[layer->slots * word] = pack_low(layer->zero_point, layer->zero_point);
    }
}

/* Row y into its slot; rows above and below are margins */
ROWS_INLINE void ring_load(const struct rows_depthwise *layer, const int8_t *input, int y,
                           int32_t *slot)
{
    if (y < 0 || y >= layer->height) {
        ring_margin(layer, slot);
    } else {
        ring_row(layer, input + y * layer->width * layer->channels, slot);
    }
}

/* Two weights of a row, times 1 or 2 */
ROWS_INLINE int32_t scaled_taps(int32_t taps, int scale)
{
    return scale == 1 ? taps : (int32_t)(((uint32_t)taps << 1) & ~UINT32_C(0x10000));
}

/* The first two weights of a row, and the last two, from the bytes (1 0 2 1) */
ROWS_INLINE int32_t taps_0_1(int32_t packed, int scale)
{
    return scale == 256 ? packed & (int32_t)0xff00ff00 : scaled_taps(sxtb16_odd(packed), scale);
}

ROWS_INLINE int32_t taps_1_2(int32_t packed, int scale)
{
    if (scale == 256) {
        return (int32_t)((uint32_t)packed << 8) & (int32_t)0xff00ff00;
    }
    return scaled_taps(sxtb16(packed), scale);
}

/* Two neighbouring weights of the rows in slots 0, 1 and 2 */
struct depthwise_taps {
    int32_t r0, r1, r2;
};

/* A channel's constants: the first two weights of each row, and the last two */
struct depthwise_channel {
    struct depthwise_taps u, v;
    int32_t bias, multiplier, second;
};

ROWS_INLINE int8_t depthwise_result(const struct rows_depthwise *layer, int32_t sum,
                                    const struct depthwise_channel *c)
{
    return (int8_t)requantise(&layer->result, sum, c->multiplier, c->second);
}

/* A pixel pair of three rows */
struct depthwise_pair {
    int32_t p0, p1, p2;
};

ROWS_INLINE struct depthwise_pair pair_at(const int32_t *p)
{
    const struct depthwise_pair pair = {p[0], p[1], p[2]};
    return pair;
}

/* Both pixels by both weights */
ROWS_INLINE int32_t add_both(struct depthwise_pair pair, const struct depthwise_taps *taps,
                             int32_t sum)
{
    sum = smlad(pair.p0, taps->r0, sum);
    sum = smlad(pair.p1, taps->r1, sum);
    return smlad(pair.p2, taps->r2, sum);
}

/* The first pixel by the second weight: the end of a sum that began in the
 * first pixel before */
ROWS_INLINE int32_t add_first(struct depthwise_pair pair, const struct depthwise_taps *taps,
                              int32_t sum)
{
    sum = smlabt(pair.p0, taps->r0, sum);
    sum = smlabt(pair.p1, taps->r1, sum);
    return smlabt(pair.p2, taps->r2, sum);
}

/* The second pixel by the first weight: the beginning of a sum that ends in the
 * next pair */
ROWS_INLINE int32_t add_second(struct depthwise_pair pair, const struct depthwise_taps *taps,
                               int32_t sum)
{
    sum = smlatb(pair.p0, taps->r0, sum);
    sum = smlatb(pair.p1, taps->r1, sum);
    return smlatb(pair.p2, taps->r2, sum);
}

/* Outputs at and behind `pair`: two with stride 1, one with stride 2. Then p is
 * at the next pair.
 */
ROWS_INLINE struct depthwise_pair depthwise_step(const struct rows_depthwise *layer,
                                                 const struct depthwise_channel *c,
                                                 volatile const int32_t *bias,
                                                 struct depthwise_pair pair, const int32_t *p,
                                                 int8_t *output)
{
    const int32_t start = layer->stride == 1 ? *bias : c->bias;
    int32_t first = add_both(pair, &c->u, start), second = 0;
    if (layer->stride == 1) {
        second = add_second(pair, &c->u, start);
    }
    pair = pair_at(p);
    first = add_first(pair, &c->v, first);
    if (layer->stride == 1) {
        second = add_both(pair, &c->v, second);
        output[layer->channels] = depthwise_result(layer, second, c);
    }
    output[0] = depthwise_result(layer, first, c);
    return pair;
}

/* A row of a channel, eight steps between two jumps */
ROWS_INLINE void depthwise_line(const struct rows_depthwise *layer,
                                const struct depthwise_channel *c, volatile const int32_t *bias,
                                const int32_t *p, int8_t *output)
{
    const int step = (layer->stride == 1 ? 2 : 1) * layer->channels, slots = layer->slots;
    const int steps = layer->stride == 1 ? layer->output_width / 2 : layer->output_width;
    struct depthwise_pair pair = pair_at(p);
    p += slots;
    const int blocks = steps > 8 ? steps / 8 : 0;
    if (blocks) {
        const int32_t *volatile const end = p + blocks * 8 * slots;
        do {
#pragma GCC unroll 8
            for (int k = 0; k < 8; k++) {
                pair = depthwise_step(layer, c, bias, pair, p + k * slots, output + k * step);
            }
            p += 8 * slots;
            output += 8 * step;
        } while (p != end);
    }
#pragma GCC unroll 8
    for (int k = 0; k < steps - 8 * blocks; k++) {
        pair = depthwise_step(layer, c, bias, pair, p, output);
        p += slots;
        output += step;
    }
    if (layer->stride == 1 && layer->output_width % 2) {
        const int32_t sum = add_first(pair_at(p), &c->v, add_both(pair, &c->u, *bias));
        output[0] = depthwise_result(layer, sum, c);
    }
}

ROWS_INLINE int channel_words(const struct rows_depthwise *layer)
{
    return 4 + result_words(&layer->result);
}

/* `rows` output rows of each channel, from slot 0 on. Slot 0 holds row `first`
 * of three.
 *
 * Stream of a channel: three words of weights, bias, and what its rounding asks
 * for. */
ROWS_INLINE void depthwise_channels(const struct rows_depthwise *layer, const int32_t *stream,
                                    const int32_t *ring, int first, int8_t *output, int rows)
{
    /* In memory, for the sake of the registers */
    const int32_t *volatile next = stream;
    const int32_t *volatile next_ring = ring;
    int8_t *volatile next_output = output;
    volatile int32_t bias;
    const int scale = layer->scale;
    volatile const int i1 = (first + 1) % 3, i2 = (first + 2) % 3;
    const int32_t *w;
    do {
        w = next;
        const int32_t w0 = w[first], w1 = w[i1], w2 = w[i2];
        const struct depthwise_channel channel = {
            .u = {taps_0_1(w0, scale), taps_0_1(w1, scale), taps_0_1(w2, scale)},
            .v = {taps_1_2(w0, scale), taps_1_2(w1, scale), taps_1_2(w2, scale)},
            .bias = w[3],
            .multiplier = w[4],
            .second = result_words(&layer->result) == 1 ? 0 : w[5],
        };
        const int32_t *p = next_ring;
        int8_t *to = next_output;
        bias = channel.bias;
        next_ring = p + layer->slots * ring_pairs(layer);
        next_output = to + 1;
        for (int row = 0; row < rows; row++) {
            depthwise_line(layer, &channel, &bias, p, to);
            p += layer->stride;
            to += layer->output_width * layer->channels;
        }
        w = next + channel_words(layer);
        next = w;
    } while (w != stream + channel_words(layer) * layer->channels);
}

/* Output row `row`, with a ring of three slots. May run in place: the ring has
 * the input rows that it overwrites. */
ROWS_INLINE void rows_depthwise_row(const struct rows_depthwise *layer, const int32_t *stream,
                                    const int8_t *input, int32_t *ring, int row, int8_t *output)
{
    const int start = row * layer->stride - layer->top;
    for (int y = row == 0 ? start : start + 3 - layer->stride; y < start + 3; y++) {
        ring_load(layer, input, y, ring + (y + 3) % 3);
    }
    depthwise_channels(layer, stream, ring, (3 - (start + 3) % 3) % 3, output, 1);
}

/* All rows, with a slot for each input row and margin. The output may lie
 * anywhere. */
ROWS_INLINE void rows_depthwise_picture(const struct rows_depthwise *layer, const int32_t *stream,
                                        const int8_t *input, int32_t *ring, int8_t *output)
{
    for (int slot = 0; slot < layer->slots; slot++) {
        ring_load(layer, input, slot - layer->top, ring + slot);
    }
    depthwise_channels(layer, stream, ring, 0, output, layer->output_height);
}

#endif
