/* Depthwise convolution, 3x3, margins of at most 1. Three rows of the input stand in a ring, each
 * channel apart, its pixels in pairs with the margins among them: word 3 * pair + slot of a channel
 * holds two pixels of the row in that slot, so one LDM fetches a pair of all three rows. */
#ifndef ROWS_DEPTHWISE_H
#define ROWS_DEPTHWISE_H

#include "requantise.h"

struct rows_depthwise {
    int height;
    int width;
    int channels;
    int output_width;
    int stride; /* 1 or 2 */
    int top;    /* margins, 0 or 1 */
    int left;
    int zero_point; /* of the input */
    int scale;      /* of the weights: 256, or 1 with an addend for each channel */
    int shift;
    int low;
    int high;
};

/* Pixel pairs of a row in the ring */
ROWS_INLINE int ring_pairs(const struct rows_depthwise *layer)
{
    return layer->stride == 2 ? layer->output_width + 1 : layer->output_width / 2 + 1 +
                                                              layer->output_width % 2;
}

/* Four channels (or the last 1 to 3) of a pixel; the zero point where x lies in a margin */
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

/* Four channels (or the last 1 to 3) of a row. Only the first and the last pair touch a margin. */
ROWS_INLINE void ring_channels(const struct rows_depthwise *layer, const int8_t *row, int32_t *ring,
                               int channels)
{
    const int pairs = ring_pairs(layer), words = 3 * pairs;
    const int last = 2 * (pairs - 1) - layer->left;
    put_pair(ring, words, margin_or_pixel(layer, row, -layer->left, channels),
             margin_or_pixel(layer, row, 1 - layer->left, channels), channels);
    const int8_t *pixel = row + (2 - layer->left) * layer->channels;
    ring += 3;
#pragma GCC unroll 8
    for (int pair = 1; pair < pairs - 1; pair++) {
        const int aligned = layer->channels % 4 == 0;
        put_pair(ring, words, load_up_to_4(pixel, channels, aligned),
                 load_up_to_4(pixel + layer->channels, channels, aligned), channels);
        pixel += 2 * layer->channels;
        ring += 3;
    }
    put_pair(ring, words, margin_or_pixel(layer, row, last, channels),
             margin_or_pixel(layer, row, last + 1, channels), channels);
}

ROWS_INLINE void ring_row(const struct rows_depthwise *layer, const int8_t *row, int32_t *ring)
{
    const int words = 3 * ring_pairs(layer);
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
        ring[3 * word] = pack_low(layer->zero_point, layer->zero_point);
    }
}

/* The rows that output row `row` sees and the one before it did not */
ROWS_INLINE void ring_advance(const struct rows_depthwise *layer, const int8_t *input,
                              int32_t *ring, int row)
{
    const int end = row * layer->stride - layer->top + 3;
    for (int y = row == 0 ? -layer->top : end - layer->stride; y < end; y++) {
        int32_t *slot = ring + (y + 3) % 3;
        if (y < 0 || y >= layer->height) {
            ring_margin(layer, slot);
        } else {
            ring_row(layer, input + y * layer->width * layer->channels, slot);
        }
    }
}

/* The first two weights of a row, and the last two, from the bytes (1 0 2 1) */
ROWS_INLINE int32_t taps_0_1(int32_t packed, int scale)
{
    return scale == 256 ? packed & (int32_t)0xff00ff00 : sxtb16_odd(packed);
}

ROWS_INLINE int32_t taps_1_2(int32_t packed, int scale)
{
    if (scale == 256) {
        return (int32_t)((uint32_t)packed << 8) & (int32_t)0xff00ff00;
    }
    return sxtb16(packed);
}

/* A channel's constants: the weights are those of the rows in slots 0, 1 and 2. */
struct depthwise_channel {
    int32_t u0, v0, u1, v1, u2, v2;
    int32_t bias, multiplier, addend;
};

ROWS_INLINE int8_t depthwise_result(const struct rows_depthwise *layer, int32_t sum,
                                    int32_t multiplier, int32_t addend)
{
    const int32_t scaled =
        layer->scale == 256 ? smmul(sum, multiplier) : smmla(sum, multiplier, addend);
    return (int8_t)clamp_to(saturate_8(scaled, layer->shift), layer->low, layer->high);
}

ROWS_INLINE void depthwise_stride_1(const struct rows_depthwise *layer,
                                    const struct depthwise_channel *c, volatile const int32_t *bias,
                                    const int32_t *p, int8_t *output)
{
    int32_t p0 = p[0], p1 = p[1], p2 = p[2], a, b;
    p += 3;
#pragma GCC unroll 8
    for (int pair = 0; pair < layer->output_width / 2; pair++) {
        b = *bias;
        a = smlad(p0, c->u0, b);
        b = smlatb(p0, c->u0, b);
        a = smlad(p1, c->u1, a);
        b = smlatb(p1, c->u1, b);
        a = smlad(p2, c->u2, a);
        b = smlatb(p2, c->u2, b);
        p0 = p[0], p1 = p[1], p2 = p[2];
        p += 3;
        a = smlabt(p0, c->v0, a);
        b = smlad(p0, c->v0, b);
        a = smlabt(p1, c->v1, a);
        b = smlad(p1, c->v1, b);
        a = smlabt(p2, c->v2, a);
        b = smlad(p2, c->v2, b);
        output[0] = depthwise_result(layer, a, c->multiplier, c->addend);
        output[layer->channels] = depthwise_result(layer, b, c->multiplier, c->addend);
        output += 2 * layer->channels;
    }
    if (layer->output_width % 2) {
        a = smlad(p0, c->u0, *bias);
        a = smlad(p1, c->u1, a);
        a = smlad(p2, c->u2, a);
        a = smlabt(p[0], c->v0, a);
        a = smlabt(p[1], c->v1, a);
        a = smlabt(p[2], c->v2, a);
        output[0] = depthwise_result(layer, a, c->multiplier, c->addend);
    }
}

ROWS_INLINE void depthwise_stride_2(const struct rows_depthwise *layer,
                                    const struct depthwise_channel *c, const int32_t *p,
                                    int8_t *output)
{
    int32_t p0 = p[0], p1 = p[1], p2 = p[2];
    p += 3;
#pragma GCC unroll 8
    for (int x = 0; x < layer->output_width; x++) {
        int32_t a = smlad(p0, c->u0, c->bias);
        a = smlad(p1, c->u1, a);
        a = smlad(p2, c->u2, a);
        p0 = p[0], p1 = p[1], p2 = p[2];
        p += 3;
        a = smlabt(p0, c->v0, a);
        a = smlabt(p1, c->v1, a);
        a = smlabt(p2, c->v2, a);
        output[0] = depthwise_result(layer, a, c->multiplier, c->addend);
        output += layer->channels;
    }
}

/* Output row `row`. May run in place: the ring has the input rows that it overwrites.
 *
 * Stream of a channel: three words of weights, bias, multiplier, and with scale 1 the addend. */
ROWS_INLINE void rows_depthwise(const struct rows_depthwise *layer, const int32_t *stream,
                                const int8_t *input, int32_t *ring, int row, int8_t *output)
{
    ring_advance(layer, input, ring, row);
    /* Which row of the weights belongs to which slot */
    const int first = (row * layer->stride - layer->top + 3) % 3;
    const int i0 = (3 - first) % 3, i1 = (4 - first) % 3, i2 = (5 - first) % 3;
    const int channel_words = layer->scale == 256 ? 5 : 6;
    const int32_t *const end = stream + channel_words * layer->channels;
    volatile int32_t bias;
    do {
        const int32_t w0 = stream[i0], w1 = stream[i1], w2 = stream[i2];
        const struct depthwise_channel channel = {
            .u0 = taps_0_1(w0, layer->scale),
            .v0 = taps_1_2(w0, layer->scale),
            .u1 = taps_0_1(w1, layer->scale),
            .v1 = taps_1_2(w1, layer->scale),
            .u2 = taps_0_1(w2, layer->scale),
            .v2 = taps_1_2(w2, layer->scale),
            .bias = stream[3],
            .multiplier = stream[4],
            .addend = layer->scale == 256 ? 0 : stream[5],
        };
        if (layer->stride == 1) {
            /* In memory, for the sake of the registers */
            bias = channel.bias;
            depthwise_stride_1(layer, &channel, &bias, ring, output);
        } else {
            depthwise_stride_2(layer, &channel, ring, output);
        }
        ring += 3 * ring_pairs(layer);
        output++;
        stream += channel_words;
    } while (stream != end);
}

#endif
