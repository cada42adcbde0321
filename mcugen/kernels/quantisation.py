"""From scales to the integers a kernel works with."""

from __future__ import annotations

import numpy as np

from mcugen import numerics
from mcugen.ir import DType, Graph, Op, Quant, Tensor
from mcugen.kernels.base import Constant, constant
from mcugen.ops.activation import Activation
from mcugen.ops.checks import vanishes

INT8 = (-128, 127)


def activation_range(activation: Activation, output: Quant) -> tuple[int, int]:
    """The clamp in the output's integers that a fused activation becomes."""
    low, high = (
        None
        if bound is None
        else numerics.quantize_activation_bound(bound, output.scale, output.zero_point)
        for bound in activation.bounds
    )
    return (
        INT8[0] if low is None else max(INT8[0], low),
        INT8[1] if high is None else min(INT8[1], high),
    )


def channel_scales(source: Tensor, weights: Tensor, output: Tensor, channels: int) -> list[float]:
    """input scale * weight scale / output scale of each channel, in double precision."""
    scales = weights.qparams.scales
    if len(scales) == 1:
        scales = scales * channels
    return [source.qparams.scale * scale / output.qparams.scale for scale in scales]


def kernel_multiplier(scale: float) -> tuple[int, int]:
    """``quantize_multiplier`` for CMSIS-NN, whose right shift by 31 is undefined in C.

    It would give zero: ``ops.checks`` refuses sums that it could leave anything of.
    """
    return (0, 0) if vanishes(scale) else numerics.quantize_multiplier(scale)


def channel_requantisation(
    source: Tensor, weights: Tensor, output: Tensor, channels: int
) -> tuple[Constant, Constant]:
    """The ``multiplier`` and ``shift`` arrays of CMSIS-NN, one entry an output channel."""
    scales = channel_scales(source, weights, output, channels)
    multipliers, shifts = zip(*(kernel_multiplier(scale) for scale in scales), strict=True)
    return (
        constant("multiplier", DType.INT32, np.array(multipliers)),
        constant("shift", DType.INT32, np.array(shifts)),
    )


def bias_constant(graph: Graph, op: Op, channels: int) -> Constant:
    """The operator's bias; zeros where it has none, since some kernels do not check for null."""
    bias = graph.optional_input(op, 2)
    values = np.zeros(channels, np.int32) if bias is None else bias.array()
    return constant("bias", DType.INT32, values)
