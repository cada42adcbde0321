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

/* int8 1x4, scale 0.00390625, zero point -128 */
#define MODEL_OUTPUT_BYTES 4

#define MODEL_LAYERS 9
#define MODEL_ARENA_BYTES 864

/*
 * Called after each layer, first layer 0, with the bytes that it wrote. They stand in the arena and
 * are overwritten by later layers.
 */
typedef void (*model_layer_hook)(void *context, uint32_t layer, const void *output, uint32_t bytes);

int8_t *model_input(void);
const int8_t *model_output(void);

/* Returns 0, or the status of the kernel that refused its arguments. The hook may be NULL. */
int model_run(model_layer_hook hook, void *context);

#ifdef __cplusplus
}
#endif

#endif
