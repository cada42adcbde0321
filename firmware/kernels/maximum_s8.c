#include "kernels.h"

void maximum_s8(struct repeated_s8 a, struct repeated_s8 b, int8_t *output, uint32_t count)
{
    uint32_t i = 0;
    uint32_t j = 0;
    for (uint32_t at = 0; at < count; at++) {
        output[at] = a.data[i] > b.data[j] ? a.data[i] : b.data[j];
        i = next_of(a, i);
        j = next_of(b, j);
    }
}
