/* Convolution, 3x3 over 1 to 4 channels, margins of at most 1: a network's first layer. Three rows
 * of the input stand in scratch as 16-bit values with the margins among them, so a window is three
 * stretches of 3 * depth values. */
#ifndef ROWS_CONVOLVE_H
#define ROWS_CONVOLVE_H

#include "requantise.h"

struct rows_convolve {
    int height;
    int width;
    int depth;
    int units;
    int output_width;
    int stride; /* 1 or 2 */
    int top;    /* margins, 0 or 1 */
    int left;
    int zero_point; /* of the input */
    struct rows_result result;
};

/* Values of a row in scratch: what the windows see, and one more where a stretch is odd */
ROWS_INLINE int window_values(const struct rows_convolve *layer)
{
    const int pixels = (layer->output_width - 1) * layer->stride + 3;
    return (pixels * layer->depth + 1 + 1) / 2 * 2;
}

/* A row with its margins; a row of zero points where it lies above or below */
ROWS_INLINE void window_row(const struct rows_convolve *layer, const int8_t *input, int y,
                            int16_t *values)
{
    const int size = window_values(layer), start = layer->left * layer->depth;
    const int seen = layer->width * layer->depth;
    const int count = y < 0 || y >= layer->height ? 0 : seen < size - start ? seen : size - start;
    const int8_t *row = input + (count ? y * seen : 0);
    for (int i = 0; i < start; i++) {
        values[i] = (int16_t)layer->zero_point;
    }
#pragma GCC unroll 8
    for (int i = 0; i < count; i++) {
        values[start + i] = row[i];
    }
    for (int i = start + count; i < size; i++) {
        values[i] = (int16_t)layer->zero_point;
    }
}

/* The rows that output row `row` sees and the one before it did not */
ROWS_INLINE void window_advance(const struct rows_convolve *layer, const int8_t *input,
                                int16_t *values, int row)
{
    const int size = window_values(layer), stride = layer->stride;
    const int known = row == 0 ? 0 : 3 - stride;
    if (known) {
        memmove(values, values + stride * size, (size_t)(known * size) * sizeof *values);
    }
    for (int k = known; k < 3; k++) {
        window_row(layer, input, row * stride - layer->top + k, values + k * size);
    }
}

/* One or two neighbouring outputs of four channels (or the last 1 to 3).
 *
 * Stream of four channels: their four biases, a word of weights of each channel for every two
 * values of a stretch, what each asks for its rounding. Weights are 256 times what they are; twice,
 * where the reference's rounding is. */
ROWS_INLINE void convolve_block(const struct rows_convolve *layer, const int32_t *w,
                                const int16_t *window, int8_t *output, int channels, int pixels)
{
    const int words = (3 * layer->depth + 1) / 2, step = layer->stride * layer->depth;
    const int aligned = step % 2 == 0, size = window_values(layer);
    rows_forget(w);
    int32_t s0 = w[0], t0 = w[1], s1 = w[2], t1 = w[3];
    int32_t u0 = s0, v0 = t0, u1 = s1, v1 = t1;
    w += 4;
#pragma GCC unroll 3
    for (int row = 0; row < 3; row++) {
#pragma GCC unroll 6
        for (int j = 0; j < words; j++) {
            /* Or else it keeps what the two windows share, and has no room for it. */
            rows_forget(window);
            const int16_t *at = window + row * size + 2 * j;
            const int32_t x = load_4(at, aligned);
            const int32_t y = pixels == 2 ? load_4(at + step, aligned) : 0;
            int32_t p = w[0], q = w[1];
            s0 = smlad(x, p, s0);
            u0 = smlad(y, p, u0);
            t0 = smlad(x, q, t0);
            v0 = smlad(y, q, v0);
            p = w[2];
            q = w[3];
            s1 = smlad(x, p, s1);
            u1 = smlad(y, p, u1);
            t1 = smlad(x, q, t1);
            v1 = smlad(y, q, v1);
            w += 4;
        }
    }
    const struct rows_result *const result = &layer->result;
    const int each = result_words(result);
    const int32_t first[4] = {s0, t0, s1, t1}, second[4] = {u0, v0, u1, v1};
#pragma GCC unroll 4
    for (int c = 0; c < channels; c++) {
        output[c] = (int8_t)requantise(result, first[c], w[c * each], w[c * each + each - 1]);
        if (pixels == 2) {
            output[layer->units + c] =
                (int8_t)requantise(result, second[c], w[c * each], w[c * each + each - 1]);
        }
    }
}

/* `channels` channels (1 to 4) of a row */
ROWS_INLINE void convolve_group(const struct rows_convolve *layer, const int32_t *w,
                                const int16_t *window, int8_t *output, int channels)
{
    const int step = layer->stride * layer->depth;
    for (int pair = 0; pair < layer->output_width / 2; pair++) {
        convolve_block(layer, w, window, output, channels, 2);
        window += 2 * step;
        output += 2 * layer->units;
    }
    if (layer->output_width % 2) {
        convolve_block(layer, w, window, output, channels, 1);
    }
}

/* Output row `row`; it may overwrite the input rows that it saw. */
ROWS_INLINE void rows_convolve(const struct rows_convolve *layer, const int32_t *stream,
                               const int8_t *input, int16_t *window, int row, int8_t *output)
{
    const int group_words =
        4 + 12 * ((3 * layer->depth + 1) / 2) + 4 * result_words(&layer->result);
    const int32_t *const end = stream + layer->units / 4 * group_words;
    window_advance(layer, input, window, row);
    while (stream != end) {
        convolve_group(layer, stream, window, output, 4);
        stream += group_words;
        output += 4;
    }
    if (layer->units % 4) {
        convolve_group(layer, stream, window, output, layer->units % 4);
    }
}

#endif
