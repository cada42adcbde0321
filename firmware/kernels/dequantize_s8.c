#include "kernels.h"

void dequantize_s8(const int8_t *input, float *output, uint32_t count, float scale,
                   int32_t zero_point)
{
    for (uint32_t i = 0; i < count; i++) {
        output[i] = (float)(input[i] - zero_point) * scale;
    }
}
