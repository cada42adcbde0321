#include <string.h>

#include "kernels.h"

static int8_t *take_row(const struct take_s8 *params, const int32_t *offsets, const int8_t *input,
                        int8_t *output)
{
    for (uint32_t x = 0; x < params->sizes[3]; x++) {
        memcpy(output, input + offsets[x], params->run);
        output += params->run;
    }
    return output;
}

void take_s8(const struct take_s8 *params, const int32_t *offsets, const int8_t *input,
             int8_t *output)
{
    const int32_t *planes = offsets + params->sizes[0];
    const int32_t *rows = planes + params->sizes[1];
    const int32_t *pixels = rows + params->sizes[2];
    for (uint32_t n = 0; n < params->sizes[0]; n++) {
        for (uint32_t z = 0; z < params->sizes[1]; z++) {
            const int8_t *plane = input + offsets[n] + planes[z];
            for (uint32_t y = 0; y < params->sizes[2]; y++) {
                output = take_row(params, pixels, plane + rows[y], output);
            }
        }
    }
}
