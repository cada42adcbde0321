#include "fixed_point.h"
#include "kernels.h"

/* Beyond this every zero point saturates; it keeps the conversion to int32 defined. */
#define LIMIT 1024.0f

/* Half away from zero. Adding 0.5 first would round 0.49999997 up. */
static int32_t round_half_away(float x)
{
    const int32_t whole = (int32_t)x;
    const float rest = x - (float)whole;
    if (rest >= 0.5f) {
        return whole + 1;
    }
    return rest <= -0.5f ? whole - 1 : whole;
}

void quantize_f32(const float *input, int8_t *output, uint32_t count, float scale,
                  int32_t zero_point)
{
    for (uint32_t i = 0; i < count; i++) {
        float x = input[i] / scale;
        x = x > -LIMIT ? x : -LIMIT;
        x = x < LIMIT ? x : LIMIT;
        output[i] = clamp_s8(round_half_away(x) + zero_point, INT8_MIN, INT8_MAX);
    }
}
