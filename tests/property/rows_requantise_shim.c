/* The requantisation of the row kernels, callable from Python. */
#include "rows/requantise.h"

void shim_requantise(const struct rows_result *result, int32_t multiplier, int32_t second,
                     const int32_t *sums, int32_t *outputs, int32_t count);

void shim_requantise(const struct rows_result *result, int32_t multiplier, int32_t second,
                     const int32_t *sums, int32_t *outputs, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        outputs[i] = requantise(result, sums[i], multiplier, second);
    }
}
