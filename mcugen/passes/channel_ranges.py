"""What values each channel of a tensor can have, whatever the input is.

Interval arithmetic over the quantised graph: a range holds every value that a channel can reach,
and may hold more. A channel whose range is one value has it for every input and at every place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcugen import numerics
from mcugen.ir import DType, Graph, Op, Tensor
from mcugen.ops.activation import Activation, activation_range
from mcugen.ops.conv_2d import Conv2D
from mcugen.ops.depthwise_conv_2d import DepthwiseConv2D
from mcugen.ops.fully_connected import FullyConnected
from mcugen.ops.pooling import Pool2D

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class ChannelRange:
    """The least and the greatest value of each channel, the last dimension of its tensor."""

    low: Integers
    high: Integers

    @property
    def constant(self) -> NDArray[np.bool_]:
        same: NDArray[np.bool_] = self.low == self.high
        return same

    def clipped(self, bounds: tuple[int, int]) -> ChannelRange:
        return ChannelRange(np.clip(self.low, *bounds), np.clip(self.high, *bounds))

    def with_value(self, value: int) -> ChannelRange:
        """Wide enough for ``value`` too."""
        return ChannelRange(np.minimum(self.low, value), np.maximum(self.high, value))


Ranges = Mapping[int, ChannelRange]
"""By the id of a tensor that owns its bytes."""


def channel_ranges(graph: Graph) -> Ranges:
    """Of the inputs, and of what each operator writes. The graph must be one that compiles."""
    ranges = {tensor_id: _full(graph.tensor(tensor_id)) for tensor_id in graph.inputs}
    for op in graph.ops:
        rule = _RULES.get(op.kind)
        output = graph.output(op)
        source = ranges.get(graph.root(op.inputs[0]))
        if rule is None or source is None or output.dtype is not DType.INT8:
            ranges[output.id] = _full(output)
        else:
            ranges[output.id] = rule(graph, op, _as_shaped(source, graph.input(op, 0)))
    return ranges


def _full(tensor: Tensor) -> ChannelRange:
    """All values of the type; real numbers have no channels that are worth a range."""
    integers = tensor.dtype in (DType.INT8, DType.UINT8)
    ends = np.iinfo(tensor.dtype.numpy if integers else np.int64)
    channels = tensor.shape[-1] if tensor.shape else 1
    return ChannelRange(np.full(channels, ends.min), np.full(channels, ends.max))


def _as_shaped(found: ChannelRange, tensor: Tensor) -> ChannelRange:
    """The range of an alias, whose last dimension may be longer or shorter than its root's."""
    channels = tensor.shape[-1] if tensor.shape else 1
    if channels == len(found.low):
        return found
    if channels % len(found.low) == 0:
        repeats = channels // len(found.low)
        return ChannelRange(np.tile(found.low, repeats), np.tile(found.high, repeats))
    return ChannelRange(np.full(channels, found.low.min()), np.full(channels, found.high.max()))


def _convolution(graph: Graph, op: Op, source: ChannelRange) -> ChannelRange:
    weights = graph.input(op, 1).array().astype(np.int64)
    low, high = _products(graph, op, weights, source, taps_that_miss(graph, op)[None, :, :, None])
    return _requantised(
        graph, op, low.sum((1, 2, 3)), high.sum((1, 2, 3)), op.attributes(Conv2D).activation
    )


def _depthwise(graph: Graph, op: Op, source: ChannelRange) -> ChannelRange:
    attrs = op.attributes(DepthwiseConv2D)
    weights = graph.input(op, 1).array().astype(np.int64)[0]
    repeated = ChannelRange(
        np.repeat(source.low, attrs.multiplier), np.repeat(source.high, attrs.multiplier)
    )
    low, high = _products(graph, op, weights, repeated, taps_that_miss(graph, op)[:, :, None])
    return _requantised(graph, op, low.sum((0, 1)), high.sum((0, 1)), attrs.activation)


def _fully_connected(graph: Graph, op: Op, source: ChannelRange) -> ChannelRange:
    weights = graph.input(op, 1).array().astype(np.int64)
    depth = weights.shape[1]
    if depth % len(source.low):
        source = ChannelRange(np.full(depth, source.low.min()), np.full(depth, source.high.max()))
    repeats = depth // len(source.low)
    tiled = ChannelRange(np.tile(source.low, repeats), np.tile(source.high, repeats))
    low, high = _products(graph, op, weights, tiled, np.zeros((1, 1), np.bool_))
    activation = op.attributes(FullyConnected).activation
    return _requantised(graph, op, low.sum(1), high.sum(1), activation)


def _pool(graph: Graph, op: Op, source: ChannelRange) -> ChannelRange:
    """An average lies between the values, a maximum is one of them."""
    attrs = op.attributes(Pool2D)
    return source.clipped(activation_range(attrs.activation, graph.output(op).qparams))


def _pad(graph: Graph, op: Op, source: ChannelRange) -> ChannelRange:
    """New channels have the zero point, and so have the margins of the old ones."""
    before, after = graph.input(op, 1).array()[-1]
    zero_point = graph.output(op).qparams.zero_point
    wide = source.with_value(zero_point)
    margins = (int(before), int(after))
    return ChannelRange(
        np.pad(wide.low, margins, constant_values=zero_point),
        np.pad(wide.high, margins, constant_values=zero_point),
    )


_RULES: Mapping[str, Callable[[Graph, Op, ChannelRange], ChannelRange]] = {
    "AVERAGE_POOL_2D": _pool,
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _depthwise,
    "FULLY_CONNECTED": _fully_connected,
    "MAX_POOL_2D": _pool,
    "PAD": _pad,
}
"""What is known of an operator's output. Others may give all that their type holds."""


def _products(
    graph: Graph, op: Op, weights: Integers, source: ChannelRange, misses: NDArray[np.bool_]
) -> tuple[Integers, Integers]:
    """Ends of each tap's product; a tap that can lie in the margins contributes nothing there."""
    zero_point = graph.input(op, 0).qparams.zero_point
    ends = weights * (source.low - zero_point), weights * (source.high - zero_point)
    low, high = np.minimum(*ends), np.maximum(*ends)
    return np.where(misses, np.minimum(low, 0), low), np.where(misses, np.maximum(high, 0), high)


def taps_that_miss(graph: Graph, op: Op) -> NDArray[np.bool_]:
    """(rows, columns) of a convolution's window that lie outside the picture at some place."""
    if not isinstance(op.attrs, Conv2D | DepthwiseConv2D):
        raise TypeError(f"{op.kind} is no convolution")
    window, stride = graph.input(op, 1).shape[1:3], op.attrs.stride
    picture, places = graph.input(op, 0).shape[1:3], graph.output(op).shape[1:3]
    before = op.attrs.padding.resolve(picture, (window[0], window[1]), stride)[:2]
    rows, columns = (
        np.array(
            [_misses(t, picture[a], places[a], stride[a], before[a]) for t in range(window[a])]
        )
        for a in (0, 1)
    )
    outside: NDArray[np.bool_] = rows[:, None] | columns[None, :]
    return outside


def _misses(tap: int, picture: int, places: int, stride: int, before: int) -> bool:
    return tap - before < 0 or (places - 1) * stride - before + tap >= picture


def _requantised(
    graph: Graph, op: Op, low: Integers, high: Integers, activation: Activation
) -> ChannelRange:
    """Requantisation never decreases, so ends go to ends."""
    source, weights, output = graph.input(op, 0), graph.input(op, 1), graph.output(op)
    bias = graph.optional_input(op, 2)
    offset = 0 if bias is None else bias.array().reshape(-1).astype(np.int64)
    scales = np.broadcast_to(weights.qparams.scales, low.shape)
    ends = np.stack([low, high], axis=1) + np.broadcast_to(offset, low.shape)[:, None]
    scaled = np.stack(
        [
            numerics.multiply_by_quantized_multiplier(
                pair,
                *numerics.quantize_multiplier(
                    source.qparams.scale * float(scale) / output.qparams.scale
                ),
            )
            for pair, scale in zip(ends, scales, strict=True)
        ]
    )
    shifted = scaled + output.qparams.zero_point
    bounds = activation_range(activation, output.qparams)
    return ChannelRange(shifted[:, 0], shifted[:, 1]).clipped(bounds)
