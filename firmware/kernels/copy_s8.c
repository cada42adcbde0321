#include <string.h>

#include "kernels.h"

static void copy_plane(const struct copy_s8 *params, const int8_t *input, int8_t *output)
{
    const uint32_t width = params->sizes[3];
    const int32_t stride = params->strides[3];
    for (uint32_t row = 0; row < params->sizes[2]; row++) {
        if (stride == 1) {
            memcpy(output, input, width);
        } else {
            for (uint32_t x = 0; x < width; x++) {
                output[x] = input[(int32_t)x * stride];
            }
        }
        input += params->strides[2];
        output += width;
    }
}

void copy_s8(const struct copy_s8 *params, const int8_t *input, int8_t *output)
{
    const uint32_t plane = params->sizes[2] * params->sizes[3];
    for (uint32_t n = 0; n < params->sizes[0]; n++) {
        const int8_t *from = input + (int32_t)n * params->strides[0];
        for (uint32_t y = 0; y < params->sizes[1]; y++) {
            copy_plane(params, from, output);
            from += params->strides[1];
            output += plane;
        }
    }
}
