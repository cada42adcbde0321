"""From scales to the integers a kernel works with."""

from __future__ import annotations

import numpy as np

from mcugen.ir import DType, Graph, Op, Tensor
from mcugen.kernels.call import Constant, constant
from mcugen.kernels.tiny_scales import defined_requantisation


def channel_scales(source: Tensor, weights: Tensor, output: Tensor, channels: int) -> list[float]:
    """input scale * weight scale / output scale of each channel, in double precision."""
    scales = weights.qparams.scales
    if len(scales) == 1:
        scales = scales * channels
    return [source.qparams.scale * scale / output.qparams.scale for scale in scales]


def requantised_channels(graph: Graph, op: Op, channels: int) -> tuple[Constant, ...]:
    """The ``bias``, ``multiplier`` and ``shift`` arrays of CMSIS-NN, one entry an output channel.

    The bias is zeros where the operator has none, since some kernels do not check for null.
    """
    source, weights, output = graph.input(op, 0), graph.input(op, 1), graph.output(op)
    bias = graph.optional_input(op, 2)
    values = np.zeros(channels, np.int32) if bias is None else bias.array().reshape(-1)
    triples = [
        defined_requantisation(scale, int(value))
        for scale, value in zip(
            channel_scales(source, weights, output, channels), values, strict=True
        )
    ]
    multipliers, shifts, biases = (np.array(column) for column in zip(*triples, strict=True))
    return (
        constant("bias", DType.INT32, biases),
        constant("multiplier", DType.INT32, multipliers),
        constant("shift", DType.INT32, shifts),
    )
