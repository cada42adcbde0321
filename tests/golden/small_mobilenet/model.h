/*
 * small_mobilenet: a neural network compiled by mcugen 0.1.0.
 *
 * Write MODEL_INPUT_BYTES to model_input(), call model_run(), read model_output(). All three share
 * one arena, so the input must be written anew before every run, and the output holds until then.
 * Not reentrant. No heap, no recursion, no floating point but where a tensor is float.
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MODEL_NAME "small_mobilenet"

/* SHA-256 of the .tflite file. */
#define MODEL_HASH "0000000000000000000000000000000000000000000000000000000000000000"

/* int8 1x12x12x3, scale 0.0078125, zero point -1 */
#define MODEL_INPUT_BYTES 432
#define MODEL_INPUT_HEIGHT 12
#define MODEL_INPUT_WIDTH 12
#define MODEL_INPUT_CHANNELS 3
#define MODEL_INPUT_SCALE 0.0078125f
#define MODEL_INPUT_ZERO_POINT (-1)

/* int8 1x4, scale 0.00390625, zero point -128 */
#define MODEL_OUTPUT_BYTES 4
#define MODEL_OUTPUT_SCALE 0.00390625f
#define MODEL_OUTPUT_ZERO_POINT (-128)

#define MODEL_CLASSES 4
#define MODEL_LAYERS 9
#define MODEL_ARENA_BYTES 864
#define MODEL_ARENA_ALIGNMENT 32

/* static const char *const names[MODEL_LAYERS] = MODEL_LAYER_NAMES; */
#define MODEL_LAYER_NAMES \
    { \
        "conv_0", \
        "dw_1", \
        "pw_1", \
        "add", \
        "dw_2", \
        "pw_2", \
        "pool", \
        "dense", \
        "softmax", \
    }

/* static const uint32_t bytes[MODEL_LAYERS] = MODEL_LAYER_BYTES; of each layer's output. */
#define MODEL_LAYER_BYTES \
    { \
        288, \
        288, \
        288, \
        288, \
        72, \
        144, \
        16, \
        4, \
        4, \
    }

/*
 * Called with each piece of a layer's output, first layer 0, once it is written: so many bytes from
 * `offset` on, in order; all of them at once where the layer does not run by rows. They stand in the
 * arena and are overwritten by what comes. Anything but 0 ends the run, which answers it.
 */
typedef int (*model_layer_hook)(void *context, uint32_t layer, uint32_t offset, const void *data,
                                uint32_t bytes);

/* What is answered to a call that makes no sense: a step behind the last one, or after an error. */
#define MODEL_WRONG_USE 1000

#ifdef MODEL_CALLER_ARENA
/* What it answers where there is no arena, or one that is not aligned. Without one there is neither
 * input nor output: they are NULL. */
#define MODEL_WRONG_ARENA 1001

/*
 * Library and caller compiled with MODEL_CALLER_ARENA: the library has no arena of its own. From here
 * on it works in the caller's, aligned to MODEL_ARENA_ALIGNMENT: MODEL_ARENA_BYTES.
 * Its contents may be anything, and are the caller's again as soon as the output was read.
 */
int model_set_arena(void *arena);

#endif
int8_t *model_input(void);
const int8_t *model_output(void);

/* Ties this header to the library of the same build: with another one's it does not link. */
#define model_run model_run_BUILD

/* Returns 0, the status of the kernel that refused its arguments, or what the hook answered. The hook
 * may be NULL. */
int model_run(model_layer_hook hook, void *context);

#define model_step model_step_BUILD

/* Layers, or runs of layers by rows, that model_run runs one after the other. */
#define MODEL_STEPS 9

/* What model_step answers while there are more. */
#define MODEL_MORE 1002

/*
 * The same a step at a time, for a watchdog, a deadline or other work in between: the step that
 * `*step` says, which is 0 before the first one. Input, arena and output must be left alone until it
 * returns 0, as model_run does; MODEL_MORE means that it is to be called again.
 */
int model_step(uint32_t *step, model_layer_hook hook, void *context);

/* A real number as the input holds it: rounded half away from zero, at most the type's ends. */
static inline int8_t model_quantize(float real)
{
    const float low = (float)(-128 - MODEL_INPUT_ZERO_POINT);
    const float high = (float)(127 - MODEL_INPUT_ZERO_POINT);
    const float scaled = real / MODEL_INPUT_SCALE;
    const float inside = scaled > low ? (scaled < high ? scaled : high) : low;
    const int32_t whole = (int32_t)inside;
    const float rest = inside - (float)whole;
    const int32_t rounded = whole + (rest >= 0.5f) - (rest <= -0.5f);
    return (int8_t)(rounded + MODEL_INPUT_ZERO_POINT);
}

/* A channel of 8 bits as the input holds it: pixel/127.5 - 1. The same as `mcugen run --input`. */
static inline int8_t model_pixel(uint8_t value)
{
    const int32_t whole = (int32_t)(((uint32_t)value * 129U) >> 7) - 129;
    return (int8_t)(whole < -128 ? -128 : whole > 127 ? 127 : whole);
}

/* A row of the input from a row of MODEL_INPUT_WIDTH pixels: red, green and blue, a byte each. */
static inline void model_row_of_rgb888(int8_t *row, const uint8_t *pixels)
{
    for (uint32_t x = 0; x < MODEL_INPUT_WIDTH; ++x) {
        row[3 * x] = model_pixel(pixels[3 * x]);
        row[3 * x + 1] = model_pixel(pixels[3 * x + 1]);
        row[3 * x + 2] = model_pixel(pixels[3 * x + 2]);
    }
}

/*
 * The same from words of 16 bits: red in the upper 5, green in 6, blue in the lower 5. Where a camera
 * sends the upper byte first, swap the bytes of each word before.
 */
static inline void model_row_of_rgb565(int8_t *row, const uint16_t *pixels)
{
    for (uint32_t x = 0; x < MODEL_INPUT_WIDTH; ++x) {
        const uint32_t word = pixels[x];
        const uint8_t red = (uint8_t)((word >> 11) * 255U / 31U);
        const uint8_t green = (uint8_t)((word >> 5 & 63U) * 255U / 63U);
        const uint8_t blue = (uint8_t)((word & 31U) * 255U / 31U);
        row[3 * x] = model_pixel(red);
        row[3 * x + 1] = model_pixel(green);
        row[3 * x + 2] = model_pixel(blue);
    }
}

/* The same from 8-bit grey. */
static inline void model_row_of_grey(int8_t *row, const uint8_t *pixels)
{
    for (uint32_t x = 0; x < MODEL_INPUT_WIDTH; ++x) {
        row[3 * x] = row[3 * x + 1] = row[3 * x + 2] = model_pixel(pixels[x]);
    }
}

/* The real number that a value of the output stands for. */
static inline float model_dequantize(int8_t value)
{
    return (float)(value - MODEL_OUTPUT_ZERO_POINT) * MODEL_OUTPUT_SCALE;
}

#ifdef __cplusplus
}
#endif

#endif
