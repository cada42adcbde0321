"""What all row kernels' calls are made of: a layer's integers, its rounding, and its stream."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mcugen.ir import DType, Graph, Op
from mcugen.kernels.call import Constant, constant
from mcugen.kernels.quantisation import requantised_channels
from mcugen.kernels.rows.pack import Layer, Words
from mcugen.kernels.rows.params import Result
from mcugen.kernels.rows.requantise import Channels, reachable, requantise
from mcugen.kernels.rows.rounding import Rounding, twice_rounded, two_instructions
from mcugen.ops.activation import Activation, activation_range
from mcugen.ops.conv_2d import Conv2D
from mcugen.ops.depthwise_conv_2d import DepthwiseConv2D
from mcugen.ops.fully_connected import FullyConnected


def layer_of(graph: Graph, op: Op) -> Layer:
    """Weights (taps, units), biases with the input's zero point in them, channels' ranges."""
    source, output = graph.input(op, 0), graph.output(op)
    values = graph.input(op, 1).array().astype(np.int64)
    if op.kind == "DEPTHWISE_CONV_2D":
        weights = values.reshape(-1, values.shape[-1])
    else:
        weights = values.reshape(values.shape[0], -1).T
    bias, multiplier, shift = (
        one.array().astype(np.int64) for one in requantised_channels(graph, op, weights.shape[1])
    )
    zero_point = source.qparams.zero_point
    channels = Channels(
        multiplier,
        shift,
        *reachable(weights, bias, zero_point),
        output.qparams.zero_point,
        activation_range(_activation(op), output.qparams),
    )
    return Layer(weights, bias - zero_point * weights.sum(axis=0), channels)


_ATTRIBUTES: dict[str, Callable[[Op], Activation]] = {
    "CONV_2D": lambda op: op.attributes(Conv2D).activation,
    "DEPTHWISE_CONV_2D": lambda op: op.attributes(DepthwiseConv2D).activation,
    "FULLY_CONNECTED": lambda op: op.attributes(FullyConnected).activation,
}


def _activation(op: Op) -> Activation:
    return _ATTRIBUTES[op.kind](op)


def proven(layer: Layer) -> Rounding | None:
    """Two instructions for all channels, for weights of 16 bits."""
    found = requantise(layer.channels, 256, addend=False)
    return two_instructions(found, addend=False) if found.exact.all() else None


def reference_rounding(layer: Layer) -> Rounding | None:
    """The reference's own, for weights of 16 bits; None where sums are too large for it."""
    return twice_rounded(layer.channels)


def result_of(rounding: Rounding, channels: Channels) -> Result:
    """``struct rows_result`` of a layer."""
    return Result(rounding.kind, rounding.shift, channels.zero_point, *channels.activation)


def distance_of(row_bytes: int, read: list[int]) -> int:
    """How far before the input the output must start so that no row overwrites what is still to be
    read; ``read`` are the input's first bytes that are, after each row's copy to scratch."""
    return max(
        (
            (row + 1) * row_bytes - done
            for row, done in enumerate(read)
            if done < read[-1] and (row + 1) * row_bytes > done
        ),
        default=0,
    )


def stream_constant(stream: Words) -> Constant:
    return constant("stream", DType.INT32, stream.view(np.int32))


def round_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple
