/* What CMSIS-NN lacks. Each kernel computes what TensorFlow Lite's reference kernel computes. */
#ifndef KERNELS_H
#define KERNELS_H

#include <stdint.h>

/* output[i] = clamp((a[i] - zero) * scale + (b[i] - zero) * scale), through a common scale that is
 * twice the larger input scale. Offsets are minus the zero points. The output may be either input.
 */
struct add_s8 {
    int32_t a_offset;
    int32_t a_multiplier;
    int32_t a_shift;
    int32_t b_offset;
    int32_t b_multiplier;
    int32_t b_shift;
    int32_t output_offset;
    int32_t output_multiplier;
    int32_t output_shift;
    int32_t activation_min;
    int32_t activation_max;
};
void add_s8(const struct add_s8 *params, const int8_t *a, const int8_t *b, int8_t *output,
            uint32_t count);

/* An operand that begins anew after period values. */
struct repeated_s8 {
    const int8_t *data;
    uint32_t period;
};

/* The place after place i of an operand. */
static inline uint32_t next_of(struct repeated_s8 operand, uint32_t i)
{
    return i + 1u == operand.period ? 0u : i + 1u;
}

/* As add_s8, the difference. The output may be an operand whose period is count, here and below. */
void sub_s8(const struct add_s8 *params, struct repeated_s8 a, struct repeated_s8 b, int8_t *output,
            uint32_t count);

/* output[i] = clamp((a[i] - zero) * (b[i] - zero) * scale). Offsets are minus the zero points. */
struct mul_s8 {
    int32_t a_offset;
    int32_t b_offset;
    int32_t output_offset;
    int32_t output_multiplier;
    int32_t output_shift;
    int32_t activation_min;
    int32_t activation_max;
};
void mul_s8(const struct mul_s8 *params, struct repeated_s8 a, struct repeated_s8 b, int8_t *output,
            uint32_t count);

/* x = input[i] - zero on another scale, or x * (alpha[i] - zero) where x is negative. */
struct prelu_s8 {
    int32_t input_offset;
    int32_t alpha_offset;
    int32_t output_offset;
    int32_t positive_multiplier;
    int32_t positive_shift;
    int32_t negative_multiplier;
    int32_t negative_shift;
};
void prelu_s8(const struct prelu_s8 *params, struct repeated_s8 input, struct repeated_s8 alpha,
              int8_t *output, uint32_t count);

/* The greater, or the lesser, of two integers. */
void maximum_s8(struct repeated_s8 a, struct repeated_s8 b, int8_t *output, uint32_t count);
void minimum_s8(struct repeated_s8 a, struct repeated_s8 b, int8_t *output, uint32_t count);

/* Mean of each channel over a window of rows and columns of a height x width x channels picture;
 * the division is folded into the multiplier. The windows tile the picture, and the output holds
 * a mean for each of them. */
struct mean_s8 {
    uint32_t height;
    uint32_t width;
    uint32_t channels;
    uint32_t window_height;
    uint32_t window_width;
    int32_t input_zero_point;
    int32_t output_zero_point;
    int32_t multiplier;
    int32_t shift;
};
void mean_s8(const struct mean_s8 *params, const int8_t *input, int8_t *output);

/* Two loops over a tensor, the outer one first: rounds, and bytes from one round to the next. */
struct loops_s8 {
    uint32_t sizes[2];
    uint32_t strides[2];
};

/* For each round of kept, an output: the sum over the rounds of reduced from there, less the sum of
 * the zero points, rescaled. */
struct sum_s8 {
    struct loops_s8 kept;
    struct loops_s8 reduced;
    int32_t centre;
    int32_t multiplier;
    int32_t shift;
    int32_t output_zero_point;
};
void sum_s8(const struct sum_s8 *params, const int8_t *input, int8_t *output);

/* For each round of kept, an output: the largest value among the rounds of reduced from there. */
void max_s8(const struct loops_s8 *kept, const struct loops_s8 *reduced, const int8_t *input,
            int8_t *output);

/* Each pixel of a height x width output is a mean of four of the input's. places has for each row
 * of the output the offsets of the two rows of the input and the weight of the second, of 2^10, all
 * first offsets first; then the same for its columns. The weights of a mean are at most 2^20 in
 * all, or a little beyond where the second pixel is the first: the sum stays below 2^31. */
void resize_s8(const int32_t *places, const int8_t *input, int8_t *output, uint32_t height,
               uint32_t width, uint32_t channels);

/* Softmax over rows of depth values. exp_table[d] is exp(-d * beta * scale) in Q0.31 for the
 * distance d from the row's maximum. Output scale 1/256, zero point -128. May run in place. */
void softmax_s8(const int32_t exp_table[256], const int8_t *input, int8_t *output, uint32_t rows,
                uint32_t depth);

/* A picture framed by a constant. */
struct pad_s8 {
    uint32_t before[4];
    uint32_t input[4];
    uint32_t output[4];
    int8_t value;
};
void pad_s8(const struct pad_s8 *params, const int8_t *input, int8_t *output);

/* Four nested loops over the input, the outermost first, each of so many rounds and so many bytes
 * from one round to the next. The output is written byte after byte. */
struct copy_s8 {
    uint32_t sizes[4];
    int32_t strides[4];
};
void copy_s8(const struct copy_s8 *params, const int8_t *input, int8_t *output);

/* Rows of width bytes to the starts of rows of output_width bytes. */
void join_s8(const int8_t *input, uint32_t rows, uint32_t width, int8_t *output,
             uint32_t output_width);

/* Four nested loops, the outermost first; offsets has those of the first loop's rounds, then the
 * second's and so on. Each innermost round copies run bytes from the sum of the four offsets. */
struct take_s8 {
    uint32_t sizes[4];
    uint32_t run;
};
void take_s8(const struct take_s8 *params, const int32_t *offsets, const int8_t *input,
             int8_t *output);

/* output[i] = table[input[i]] over raw bytes. May run in place. */
void lookup_8(const uint8_t table[256], const void *input, void *output, uint32_t count);

/* Affine quantisation of float32, rounded half away from zero. May run in place. */
void quantize_f32(const float *input, int8_t *output, uint32_t count, float scale,
                  int32_t zero_point);

/* output[i] = (input[i] - zero_point) * scale. */
void dequantize_s8(const int8_t *input, float *output, uint32_t count, float scale,
                   int32_t zero_point);

#endif
