#include <string.h>

#include "kernels.h"

/* Copies the row of the input that lies behind this output row, between its margins. */
static void padded_row(const struct pad_s8 *params, const int8_t *row, int8_t *output)
{
    const uint32_t channels = params->output[3];
    memset(output, params->value, (size_t)params->output[2] * channels);
    for (uint32_t x = 0; x < params->input[2]; x++) {
        int8_t *pixel = output + (x + params->before[2]) * channels;
        memcpy(pixel + params->before[3], row + x * params->input[3], params->input[3]);
    }
}

void pad_s8(const struct pad_s8 *params, const int8_t *input, int8_t *output)
{
    const uint32_t output_row = params->output[2] * params->output[3];
    const uint32_t input_row = params->input[2] * params->input[3];
    for (uint32_t n = 0; n < params->output[0]; n++) {
        for (uint32_t y = 0; y < params->output[1]; y++) {
            /* Before the first row these wrap to huge values, which are outside as well. */
            const uint32_t source_n = n - params->before[0];
            const uint32_t source_y = y - params->before[1];
            if (source_n < params->input[0] && source_y < params->input[1]) {
                padded_row(params, input + (source_n * params->input[1] + source_y) * input_row,
                           output);
            } else {
                memset(output, params->value, output_row);
            }
            output += output_row;
        }
    }
}
