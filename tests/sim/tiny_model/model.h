/* A stand-in for a generated model: the same interface, three layers, no kernels. */
#ifndef MODEL_H
#define MODEL_H

#include <stdint.h>

#define MODEL_NAME         "tiny"
#define MODEL_HASH         "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define MODEL_INPUT_BYTES  600
#define MODEL_OUTPUT_BYTES 1200
#define MODEL_LAYERS       3

#define MODEL_LAYER_BYTES                                                                          \
    {                                                                                              \
        MODEL_INPUT_BYTES, MODEL_OUTPUT_BYTES, MODEL_OUTPUT_BYTES                                  \
    }

typedef int (*model_layer_hook)(void *context, uint32_t layer, uint32_t offset, const void *data,
                                uint32_t bytes);

int8_t *model_input(void);
const float *model_output(void);
int model_run(model_layer_hook hook, void *context);

#endif
