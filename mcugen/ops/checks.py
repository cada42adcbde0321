"""Conditions for exactness that several operators share. Each yields one line a problem."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcugen.ir import DType, Quant, Tensor
from mcugen.ops.padding import LARGEST

_RANGES = {DType.INT8: (-128, 127), DType.UINT8: (0, 255)}

TINY_SCALE_TAPS = 2**28
"""What the taps may sum up to where the reference shifts right by 31 (kernels/tiny_scales.py)."""


def int8_activation(tensor: Tensor, what: str) -> Iterator[str]:
    """An int8 tensor with one usable scale and zero point."""
    if tensor.dtype is not DType.INT8:
        yield f"{what} is {tensor.dtype.value}, not int8"
    else:
        yield from per_tensor_quantisation(tensor, what)


def per_tensor_quantisation(tensor: Tensor, what: str) -> Iterator[str]:
    """One finite positive scale, and a zero point that the type can hold."""
    quant = tensor.quant
    if quant is None:
        yield f"{what} has no scale and zero point: quantise the model fully"
        return
    if quant.per_channel:
        yield f"{what} has {len(quant.scales)} scales: only weights may have one a channel"
        return
    yield from _scales(quant, what)
    low, high = _RANGES[tensor.dtype]
    if not low <= quant.zero_point <= high:
        yield f"{what} has zero point {quant.zero_point}, outside {tensor.dtype.value}"


def _scales(quant: Quant, what: str) -> Iterator[str]:
    bad = [scale for scale in quant.scales if not (math.isfinite(scale) and scale > 0)]
    if bad:
        yield f"{what} has scale {bad[0]}: scales must be positive and finite"


def image(tensor: Tensor, what: str) -> Iterator[str]:
    """Four dimensions, one picture."""
    if len(tensor.shape) != 4:
        yield f"{what} has shape {shape(tensor)}, not batch x height x width x channels"
    else:
        yield from single_batch(tensor, what)


def single_batch(tensor: Tensor, what: str) -> Iterator[str]:
    if len(tensor.shape) == 4 and tensor.shape[0] != 1:
        yield f"{what} has batch {tensor.shape[0]}: convert the model with a batch of 1"


def dimensions(tensor: Tensor, what: str) -> Iterator[str]:
    """No dimension is empty, unknown, or beyond CMSIS-NN's 16 bits."""
    if not all(1 <= size <= LARGEST for size in tensor.shape):
        yield f"{what} has shape {shape(tensor)}: each dimension must lie between 1 and {LARGEST}"


def shape(tensor: Tensor) -> str:
    return "x".join(str(size) for size in tensor.shape) or "scalar"


def symmetric_weights(tensor: Tensor, axis: int) -> Iterator[str]:
    """Constant int8 weights with zero points 0 and one scale, or one for each index of ``axis``."""
    if tensor.dtype is not DType.INT8:
        yield f"weights are {tensor.dtype.value}, not int8"
    elif not tensor.is_constant:
        yield "weights are computed at run time: they must be constants"
    elif tensor.quant is None:
        yield "weights have no scales: quantise the model fully"
    else:
        yield from _weight_quantisation(tensor, tensor.quant, axis)


def _weight_quantisation(tensor: Tensor, quant: Quant, axis: int) -> Iterator[str]:
    yield from _scales(quant, "weights tensor")
    if any(quant.zero_points):
        yield f"weights have zero point {max(quant.zero_points, key=abs)}: it must be 0"
    if not quant.per_channel:
        return
    if quant.axis != axis:
        yield f"weights are quantised along axis {quant.axis}: it must be axis {axis}"
    elif axis >= len(tensor.shape) or len(quant.scales) != tensor.shape[axis]:
        yield f"weights of shape {shape(tensor)} have {len(quant.scales)} scales along axis {axis}"


def int32_bias(tensor: Tensor | None, channels: int) -> Iterator[str]:
    """No bias, or one constant int32 a channel."""
    if tensor is None:
        return
    if tensor.dtype is not DType.INT32:
        yield f"bias is {tensor.dtype.value}, not int32"
    if not tensor.is_constant:
        yield "bias is computed at run time: it must be a constant"
    if tensor.elements != channels:
        yield f"bias has {tensor.elements} values for {channels} channels"


def effective_scales(source: Quant, weights: Quant, output: Quant) -> list[float]:
    """input scale * weight scale / output scale of each channel, in double precision."""
    return [source.scale * scale / output.scale for scale in weights.scales]


def accumulators(
    weights: NDArray[Any], bias: Tensor | None, source: Quant, scales: Sequence[float]
) -> Iterator[str]:
    """Every accumulator, shifted left as its scale wants, stays inside 32 bits.

    ``weights`` is (channels, taps). The bound also covers kernels that add the taps' products with
    the input and with the input's zero point separately.
    """
    taps = np.abs(weights.astype(np.int64)).sum(axis=1) * (128 + abs(source.zero_point))
    magnitude = taps.copy()
    if bias is not None:
        magnitude += np.abs(bias.array().astype(np.int64).reshape(-1))
    every = np.broadcast_to(scales, magnitude.shape)
    shifts = np.broadcast_to([left_shift(scale) for scale in scales], magnitude.shape)
    for channel in range(len(magnitude)):
        if overflows(int(magnitude[channel]), int(shifts[channel])):
            yield (
                f"channel {channel} can overflow the 32-bit accumulator (up to "
                f"{magnitude[channel]} shifted left by {shifts[channel]}), where the reference "
                "itself is undefined: its weight scale or bias is too large for the output scale, "
                "as where the output of a network that was not trained hardly varies"
            )
            return
        if taps[channel] >= TINY_SCALE_TAPS and math.frexp(float(every[channel]))[1] == -31:
            yield (
                f"channel {channel} has a weight scale that is next to nothing, yet weights that "
                f"sum up to {taps[channel]}: its output scale is too large"
            )
            return


def left_shift(scale: float) -> int:
    """Bits by which the reference shifts left before it multiplies; for infinity, too many."""
    return max(math.frexp(scale)[1], 0) if math.isfinite(scale) else 31


def overflows(magnitude: int, shift: int) -> bool:
    """Whether ``magnitude << shift``, plus a zero point, leaves int32."""
    return shift > 30 or (magnitude << shift) + 255 >= 2**31


def reference_folds_bias(
    source: Quant, weights: Quant, bias: Tensor | None, output: Quant
) -> Iterator[str]:
    """The reference refuses a FULLY_CONNECTED whose bias is on a scale of its own.

    TFLite ``GetQuantizedConvolutionMultipler`` (kernels/kernel_util.cc).
    """
    if bias is None:
        return
    known = bias.quant is not None and not bias.quant.per_channel
    bias_scale = bias.qparams.scale if known else 0.0
    difference = abs(source.scale * weights.scale - bias_scale)
    if not difference / output.scale <= 0.02:
        yield (
            f"bias has scale {bias_scale:g}, not input scale times weight scale "
            f"({source.scale * weights.scale:g}): the reference refuses it"
        )
