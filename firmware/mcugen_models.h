/* The models of a program, as the console and the host's trace run them. */
#ifndef MCUGEN_MODELS_H
#define MCUGEN_MODELS_H

#include <stdint.h>

/* Told each piece of a layer's output, as the library's own hook is. */
typedef void (*mcugen_hook)(void *context, uint32_t layer, uint32_t offset, const void *data,
                            uint32_t bytes);

/* What a layer did in the last run. */
struct mcugen_layer {
    uint32_t count;
    uint32_t crc;
    uint32_t bytes;
};

/* A library. One that takes its input in rows has `row_bytes`, `begin` and `push`, and a row's
 * place as `input`; another one has `run`. */
struct mcugen_model {
    const char *name;
    const char *hash;
    uint32_t input_bytes;
    uint32_t row_bytes;
    uint32_t output_bytes;
    uint32_t layers;
    const uint32_t *layer_bytes;
    struct mcugen_layer *did;
    void *(*input)(void);
    int (*begin)(mcugen_hook hook, void *context);
    int (*push)(const void *rows, uint32_t count);
    int (*run)(mcugen_hook hook, void *context);
    const void *(*output)(void);
};

extern const struct mcugen_model mcugen_models[];
extern const uint32_t mcugen_model_count;

#endif
