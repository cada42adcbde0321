/* The inline functions of the portable kernels, callable from Python. */
#include "fixed_point.h"

int32_t shim_doubling_high_mul(int32_t a, int32_t b);
int32_t shim_divide_by_pot(int32_t x, int32_t exponent);
int32_t shim_requantize(int32_t x, int32_t multiplier, int32_t shift);

int32_t shim_doubling_high_mul(int32_t a, int32_t b)
{
    return doubling_high_mul(a, b);
}

int32_t shim_divide_by_pot(int32_t x, int32_t exponent)
{
    return divide_by_pot(x, exponent);
}

int32_t shim_requantize(int32_t x, int32_t multiplier, int32_t shift)
{
    return requantize(x, multiplier, shift);
}
