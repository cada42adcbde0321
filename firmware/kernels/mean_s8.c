#include "fixed_point.h"
#include "kernels.h"

static int32_t window_sum(const struct mean_s8 *params, const int8_t *corner)
{
    int32_t sum = 0;
    for (uint32_t y = 0; y < params->window_height; y++) {
        const int8_t *row = corner + y * params->width * params->channels;
        for (uint32_t x = 0; x < params->window_width; x++) {
            sum += row[x * params->channels];
        }
    }
    return sum;
}

void mean_s8(const struct mean_s8 *params, const int8_t *input, int8_t *output)
{
    const int32_t count = (int32_t)(params->window_height * params->window_width);
    for (uint32_t y = 0; y < params->height; y += params->window_height) {
        for (uint32_t x = 0; x < params->width; x += params->window_width) {
            const int8_t *corner = input + (y * params->width + x) * params->channels;
            for (uint32_t channel = 0; channel < params->channels; channel++) {
                const int32_t sum = window_sum(params, corner + channel);
                const int32_t centred = sum - params->input_zero_point * count;
                const int32_t mean = requantize(centred, params->multiplier, params->shift);
                *output++ = clamp_s8(mean + params->output_zero_point, INT8_MIN, INT8_MAX);
            }
        }
    }
}
