/* What the console knows of a model: its name, its edges, how it is run. Of each library there is
 * one, in a file that the build writes (model_console.c). */
#ifndef MCUGEN_MODEL_H
#define MCUGEN_MODEL_H

#include <stdint.h>

/* The library's layer hook. */
typedef int (*mcugen_layer_hook)(void *context, uint32_t layer, uint32_t offset, const void *data,
                                 uint32_t bytes);

/* A layer of the run that is under way or was the last one; all zero before. */
struct mcugen_layer {
    uint32_t count;
    uint32_t crc;   /* CRC-32 of what the layer has written so far */
    uint32_t bytes; /* that it has written so far */
};

struct mcugen_model {
    const char *name;
    const char *hash; /* SHA-256 of the .tflite file, hexadecimal */
    uint32_t input_bytes;
    uint32_t output_bytes;
    uint32_t layers;
    const uint32_t *layer_bytes;  /* of each layer's output */
    struct mcugen_layer *results; /* of each layer */
    const void *(*output)(void);

    /* A model that takes its input whole; else NULL. */
    void *(*input)(void);
    int (*run)(mcugen_layer_hook hook, void *context);

    /* A model that takes its input in rows; else 0 and NULL. */
    uint32_t row_bytes;
    uint8_t *row; /* where the row that is coming in is put together */
    int (*begin)(mcugen_layer_hook hook, void *context);
    int (*push)(const void *rows, uint32_t count);
};

#endif
