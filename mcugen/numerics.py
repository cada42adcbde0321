"""Fixed-point arithmetic of TensorFlow Lite's reference kernels: the definition the C is held to.

Double rounding throughout, as TFLite, TFLite Micro and CMSIS-NN compute by default. Function names
follow gemmlowp's and TFLite's where there is one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Int64Array = NDArray[np.int64]
Curve = Callable[[Int64Array], Int64Array]

INT32_MAX = 2**31 - 1

EXP_INTEGER_BITS = 5
"""Integer bits of softmax's scaled input difference (``kScaledDiffIntegerBits``)."""

SIGMOID_INTEGER_BITS = 4
"""Integer bits of the scaled input of logistic and tanh (``kInputIntegerBits``)."""

SOFTMAX_DEPTH_LIMIT = 4096
"""Softmax sums exponentials in Q12.19, so this many of 1.0 overflow."""


def quantize_multiplier(real: float) -> tuple[int, int]:
    """A real scale as ``multiplier * 2**(shift - 31)``, multiplier in [2**30, 2**31).

    TFLite ``QuantizeMultiplier``: the mantissa of ``frexp`` rounded to 31 bits half away from zero,
    2**31 folded back into the exponent, and (0, 0) for what is too small to matter.
    """
    if real == 0.0:
        return 0, 0
    mantissa, shift = math.frexp(real)
    multiplier = math.floor(mantissa * 2**31 + 0.5)
    if multiplier == 2**31:
        multiplier //= 2
        shift += 1
    if shift < -31:
        return 0, 0
    return multiplier, shift


def rounding_doubling_high_mul(a: Int64Array, b: Int64Array | int) -> Int64Array:
    """``SaturatingRoundingDoublingHighMul``: the high half of 2*a*b, rounded half up."""
    high: Int64Array = np.minimum((a * b + 2**30) >> 31, INT32_MAX)
    return high


def rounding_divide_by_pot(x: Int64Array, exponent: Int64Array | int) -> Int64Array:
    """``RoundingDivideByPOT``: x / 2**exponent, rounded half away from zero."""
    mask = (np.int64(1) << exponent) - 1
    threshold = (mask >> 1) + (x < 0)
    return (x >> exponent) + ((x & mask) > threshold)


def multiply_by_quantized_multiplier(
    x: NDArray[Any] | int, multiplier: Int64Array | int, shift: Int64Array | int
) -> Int64Array:
    """``MultiplyByQuantizedMultiplier`` with double rounding; ``shift`` > 0 is to the left.

    Arrays of multipliers and shifts are broadcast against ``x``.
    """
    left, right = np.maximum(shift, 0), np.maximum(np.negative(shift), 0)
    shifted = np.asarray(x, np.int64) << left
    return rounding_divide_by_pot(rounding_doubling_high_mul(shifted, multiplier), right)


def _round_half_away(value: np.float32) -> int:
    return int(math.copysign(math.floor(abs(float(value)) + 0.5), float(value)))


def quantize_activation_bound(real: float, scale: float, zero_point: int) -> int:
    """Where a fused activation's bound lies among the output's integers.

    TFLite ``CalculateActivationRangeQuantized``: divides in float32.
    """
    return _round_half_away(np.float32(real) / np.float32(scale)) + zero_point


def requantize_table(
    input_zero_point: int, real_scale: float, output_zero_point: int, inputs: range, outputs: range
) -> NDArray[np.int64]:
    """``reference_ops::Requantize`` for every possible input byte, in the order of ``inputs``."""
    multiplier, shift = quantize_multiplier(real_scale)
    centred = np.arange(inputs.start, inputs.stop) - input_zero_point
    scaled = multiply_by_quantized_multiplier(centred, multiplier, shift) + output_zero_point
    return np.clip(scaled, outputs.start, outputs.stop - 1)


def mean_multiplier(real_scale: float, count: int) -> tuple[int, int]:
    """Multiplier and shift of MEAN over ``count`` elements: the division is folded in.

    TFLite ``QuantizedMeanOrSum``: the multiplier is divided by the count after as many left shifts
    as keep it in range.
    """
    multiplier, shift = quantize_multiplier(real_scale)
    extra = min(count.bit_length() - 1, 32, 31 + shift)
    return (multiplier << extra) // count, shift - extra


def softmax_multiplier(beta: float, input_scale: float) -> tuple[int, int]:
    """TFLite ``PreprocessSoftmaxScaling``: input differences to Q5.26."""
    real = min(beta * input_scale * 2 ** (31 - EXP_INTEGER_BITS), 2.0**31 - 1.0)
    return quantize_multiplier(real)


def softmax_exp_table(beta: float, input_scale: float) -> Int64Array:
    """exp(-d * beta * scale) in Q0.31 for d = 0..255; zero where TFLite skips the term.

    ``d`` is the distance of an int8 logit from the row's maximum.
    """
    multiplier, left_shift = softmax_multiplier(beta, input_scale)
    radius = ((2**EXP_INTEGER_BITS - 1) << (31 - EXP_INTEGER_BITS)) >> left_shift
    differences = -np.arange(256, dtype=np.int64)
    counted = differences >= -radius
    scaled = rounding_doubling_high_mul(np.where(counted, differences, 0) << left_shift, multiplier)
    return np.where(counted, exp_on_negative_values(scaled), 0)


SOFTMAX_SUM_LIMIT = 512
"""TFLite's softmax stops the program where the exponentials of a row add up to this or more: it
would have to shift right by more than 31 (``RoundingDivideByPOT``)."""

_SUM_INTEGER_BITS = 12
_SUM_FRACTION_BITS = 31 - _SUM_INTEGER_BITS
_OUTPUT_BITS = 8


def softmax_sums(logits: NDArray[Any], exp_table: Int64Array) -> Int64Array:
    """The sum of exponentials of each row of ``logits`` (rows, classes), as Q12.19."""
    distances = logits.max(axis=1, keepdims=True).astype(np.int64) - logits
    terms = rounding_divide_by_pot(exp_table, _SUM_INTEGER_BITS)
    sums: Int64Array = terms[distances].sum(axis=1)
    return sums


def softmax_is_defined(sums: Int64Array) -> NDArray[np.bool_]:
    """Whether TFLite has an answer for rows with these sums."""
    defined: NDArray[np.bool_] = sums < SOFTMAX_SUM_LIMIT << _SUM_FRACTION_BITS
    return defined


def softmax(logits: NDArray[Any], exp_table: Int64Array) -> NDArray[np.int8]:
    """TFLite ``Softmax`` for int8 logits (rows, classes), carried on where it stops.

    Where a row's sum is 512 or more, each share is half a step at most, and mcugen answers none:
    -128 for every class.
    """
    sums = softmax_sums(logits, exp_table)
    return np.stack(
        [_softmax_row(row, int(total), exp_table) for row, total in zip(logits, sums, strict=True)]
    )


def _softmax_row(logits: NDArray[Any], total: int, exp_table: Int64Array) -> NDArray[np.int8]:
    headroom = 32 - total.bit_length()
    scale = _one_over_one_plus(np.asarray((total << headroom) - 2**31, np.int64))
    exponent = _SUM_INTEGER_BITS - headroom + 31 - _OUTPUT_BITS
    exps = exp_table[int(logits.max()) - logits.astype(np.int64)]
    shares = rounding_divide_by_pot(rounding_doubling_high_mul(exps, int(scale)), exponent)
    return np.clip(shares - 128, -128, 127).astype(np.int8)


def _one_over_one_plus(x: Int64Array) -> Int64Array:
    """gemmlowp ``one_over_one_plus_x_for_x_in_0_1``: Q0.31 to Q0.31, three steps of Newton."""
    return np.minimum(_two_over_one_plus(x) << 1, INT32_MAX)


def _two_over_one_plus(x: Int64Array) -> Int64Array:
    """2 / (1 + x) for Q0.31 to Q2.29."""
    half = (x + INT32_MAX + 1) // 2
    estimate = 1515870810 + rounding_doubling_high_mul(half, -1010580540)
    for _ in range(3):
        error = (1 << 29) - rounding_doubling_high_mul(half, estimate)
        estimate = estimate + (rounding_doubling_high_mul(estimate, error) << 2)
    return estimate


def _from_q4(values: Int64Array, scale: float, curve: Curve, ends: tuple[int, int]) -> Int64Array:
    """``curve`` of ``values * scale`` as Q4.27; ``ends`` where that is beyond the range."""
    real = scale * 2.0 ** (31 - SIGMOID_INTEGER_BITS)
    multiplier, shift = quantize_multiplier(real)
    limit = (2**SIGMOID_INTEGER_BITS - 1) * 2.0 ** (31 - SIGMOID_INTEGER_BITS)
    radius = math.floor(limit / 2.0**shift)
    inside = np.abs(values) < radius
    scaled = multiply_by_quantized_multiplier(
        np.where(inside, values, 0), multiplier, min(shift, 31)
    )
    return np.where(inside, curve(scaled), np.where(values <= -radius, *ends))


def logistic(values: Int64Array, scale: float) -> Int64Array:
    """TFLite ``reference_integer_ops::Logistic`` of ``values * scale``, in 256ths."""
    return _from_q4(values, scale, _logistic, (0, 255))


def _logistic(x: Int64Array) -> Int64Array:
    exps = exp_on_negative_values(-np.abs(x), SIGMOID_INTEGER_BITS)
    positive = _one_over_one_plus(exps)
    signed = np.where(x > 0, positive, INT32_MAX - positive)
    return rounding_divide_by_pot(np.where(x == 0, 1 << 30, signed), 31 - 8)


def tanh(values: Int64Array, scale: float) -> Int64Array:
    """TFLite ``reference_integer_ops::Tanh`` of ``values * scale``, in steps of 1/128."""
    return _from_q4(values, scale, _tanh, (-128, 127))


def _tanh(x: Int64Array) -> Int64Array:
    """Twice the input is the same bits as Q5.26."""
    exps = exp_on_negative_values(-np.abs(x))
    positive = np.minimum((_two_over_one_plus(exps) - (1 << 29)) << 2, INT32_MAX)
    return rounding_divide_by_pot(np.where(x == 0, 0, np.where(x < 0, -positive, positive)), 31 - 7)


def hard_swish(values: Int64Array, output: tuple[int, int], reluish: tuple[int, int]) -> Int64Array:
    """TFLite ``HardSwish`` of int8 values less the zero point, all in 16 bits.

    ``output`` and ``reluish`` are 16-bit multipliers and exponents.
    """
    hires = values << 7
    scaled = _high_mul_16(hires, output[0])
    multiplier, exponent = reluish
    share = _saturated_16(hires << max(exponent - 1, 0))
    share = _saturated_16(_high_mul_16(share, multiplier) << min(max(exponent, 0), 1))
    share = (rounding_divide_by_pot(share, max(-exponent, 0)) + (1 << 15)) >> 1
    product = share * scaled
    truncated = np.sign(product) * (np.abs(product) >> 15)
    return rounding_divide_by_pot(truncated, -output[1])


def _high_mul_16(a: Int64Array, b: int) -> Int64Array:
    return (a * b + (1 << 14)) >> 15


def _saturated_16(x: Int64Array) -> Int64Array:
    return np.clip(x, -(2**15), 2**15 - 1)


def exp_on_negative_values(a: Int64Array, integer_bits: int = EXP_INTEGER_BITS) -> Int64Array:
    """gemmlowp ``exp_on_negative_values`` for input of at most 5 integer bits, Q0.31 output.

    The fractional quarter by a Taylor polynomial about -1/8, the rest by multiplying with
    exp(-2**k) for each bit that is set.
    """
    fraction_bits = 31 - integer_bits
    quarter = 1 << (fraction_bits - 2)
    reduced = (a & (quarter - 1)) - quarter
    result = _exp_on_last_quarter(reduced << integer_bits)
    remainder = reduced - a
    for power in range(-2, integer_bits):
        factor = math.floor(math.exp(-(2.0**power)) * 2**31 + 0.5)
        bit = 1 << (fraction_bits + power)
        result = np.where(remainder & bit, rounding_doubling_high_mul(result, factor), result)
    return np.where(a == 0, INT32_MAX, result)


def _exp_on_last_quarter(a: Int64Array) -> Int64Array:
    """exp(a) for Q0.31 a in [-1/4, 0)."""
    at_centre = math.floor(math.exp(-1 / 8) * 2**31 + 0.5)
    third = math.floor(2**31 / 3 + 0.5)
    x = a + (1 << 28)
    x2 = rounding_doubling_high_mul(x, x)
    x3 = rounding_doubling_high_mul(x2, x)
    x4 = rounding_doubling_high_mul(x2, x2)
    cubic = rounding_doubling_high_mul(rounding_divide_by_pot(x4, 2) + x3, third)
    tail = rounding_divide_by_pot(cubic + x2, 1)
    return at_centre + rounding_doubling_high_mul(x + tail, at_centre)
