"""Removes channels that have one value whatever the input is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mcugen.ir import DType, Graph, Op, Quant, Tensor
from mcugen.ops.conv_2d import Conv2D
from mcugen.ops.depthwise_conv_2d import DepthwiseConv2D
from mcugen.passes.channel_ranges import ChannelRange, channel_ranges, taps_that_miss

Mask = NDArray[np.bool_]

_POOLS = ("AVERAGE_POOL_2D", "MAX_POOL_2D")
_GROUP = 4
_PRODUCERS = ("CONV_2D", "DEPTHWISE_CONV_2D", *_POOLS)


def remove_constant_channels(graph: Graph) -> Graph:
    """Leaves constant channels out of the tensors that hold them, of what makes and of what reads
    them. ``Tensor.left_out`` says which, and their values.

    No output bit changes: what a channel of one value adds to a sum is the same for every input, so
    it is added to the bias; where a window may lie half in the margins, whose share of the sum is
    nothing, only channels go that have the zero point and so add nothing anywhere.
    """
    ranges = channel_ranges(graph)
    masks = {key: _in_groups(mask) for key, mask in _removable(graph, ranges).items()}
    gone = {key: mask for key, mask in masks.items() if mask.any()}
    return _Rewriter(graph, ranges, gone).graph() if gone else graph


def _in_groups(mask: Mask) -> Mask:
    """As many gone as leave a multiple of four, the channels that kernels take at a time.

    Where one operator's channels are another's, both masks are the same, and stay so.
    """
    back = -int((~mask).sum()) % _GROUP
    reduced = mask.copy()
    reduced[np.flatnonzero(mask)[:back]] = False
    return reduced


def _removable(graph: Graph, ranges: Mapping[int, ChannelRange]) -> dict[int, Mask]:
    """By tensor, the channels that everybody who touches them can do without."""
    masks = {
        op.outputs[0]: _candidates(graph, op, ranges)
        for op in graph.ops
        if op.kind in _PRODUCERS and _is_ours(graph, op)
    }
    while True:
        reduced = {key: mask & _needless(graph, key, masks, ranges) for key, mask in masks.items()}
        if all((reduced[key] == masks[key]).all() for key in masks):
            return masks
        masks = reduced


def _is_ours(graph: Graph, op: Op) -> bool:
    """Not the model's output, and each channel of the operator's own making."""
    result = op.outputs[0]
    if result in {graph.root(tensor_id) for tensor_id in graph.outputs}:
        return False
    return not isinstance(op.attrs, DepthwiseConv2D) or op.attrs.multiplier == 1


def _candidates(graph: Graph, op: Op, ranges: Mapping[int, ChannelRange]) -> Mask:
    """Constant channels; one channel always stays."""
    mask = ranges[op.outputs[0]].constant.copy()
    if mask.all():
        mask[0] = False
    return mask


def _needless(
    graph: Graph, key: int, masks: Mapping[int, Mask], ranges: Mapping[int, ChannelRange]
) -> Mask:
    """Of a tensor's channels those that its writer and all its readers can do without."""
    (writer,) = (op for op in graph.ops if key in op.outputs)
    mask = np.ones_like(masks[key])
    if writer.kind != "CONV_2D":
        # One channel in, one channel out: both go or none.
        mask &= masks.get(graph.root(writer.inputs[0]), np.zeros_like(mask))
    for reader in _readers(graph, key):
        mask &= _can_do_without(graph, reader, key, masks, ranges[key])
    return mask


def _readers(graph: Graph, key: int) -> Iterator[Op]:
    return (op for op in graph.ops if key in {graph.root(tensor_id) for tensor_id in op.inputs})


def _can_do_without(
    graph: Graph, reader: Op, key: int, masks: Mapping[int, Mask], found: ChannelRange
) -> Mask:
    none = np.zeros(len(found.low), np.bool_)
    source = graph.input(reader, 0)
    if graph.root(source.id) != key or source.shape[-1] != len(none):
        return none
    if reader.kind == "FULLY_CONNECTED":
        return np.ones_like(none)
    if isinstance(reader.attrs, Conv2D):
        adds_nothing: Mask = found.low == source.qparams.zero_point
        return adds_nothing | ~taps_that_miss(graph, reader).any()
    if isinstance(reader.attrs, DepthwiseConv2D) or reader.kind in _POOLS:
        return masks.get(reader.outputs[0], none)
    return none


@dataclass(frozen=True)
class _Rewriter:
    """``gone`` are the channels to leave out, by tensor; all others stay as they are."""

    source: Graph
    ranges: Mapping[int, ChannelRange]
    gone: Mapping[int, Mask]

    def graph(self) -> Graph:
        tensors = [self._smaller(tensor) for tensor in self.source.tensors]
        ops = tuple(self._rewritten(op, tensors) for op in self.source.ops)
        return replace(self.source, tensors=tuple(tensors), ops=ops)

    def _smaller(self, tensor: Tensor) -> Tensor:
        mask = self.gone.get(self.source.root(tensor.id))
        if mask is None:
            return tensor
        values = self.ranges[self.source.root(tensor.id)].low
        left_out = tuple((int(c), int(values[c])) for c in np.flatnonzero(mask))
        shape = (*tensor.shape[:-1], int((~mask).sum()))
        return replace(tensor, shape=shape, left_out=left_out)

    def _rewritten(self, op: Op, tensors: list[Tensor]) -> Op:
        """``op`` with weights and bias for what is left, which are appended to ``tensors``."""
        gone_in = self.gone.get(self.source.root(op.inputs[0]))
        gone_out = self.gone.get(op.outputs[0])
        rule = _WEIGHTS.get(op.kind)
        if rule is None or (gone_in is None and gone_out is None):
            return op
        weights = self.source.input(op, 1)
        channels = len(self.ranges[op.outputs[0]].low)
        keeps = ~gone_out if gone_out is not None else np.ones(channels, np.bool_)
        values = weights.array()
        bias = self._bias(op, values, gone_in, channels)
        appended = [
            replace(
                weights,
                shape=(kept := rule(values, gone_in, keeps)).shape,
                quant=_kept_scales(weights.qparams, keeps),
                data=np.ascontiguousarray(kept, weights.dtype.numpy).tobytes(),
            )
        ]
        if bias is not None:
            appended.append(_kept_bias(bias, keeps))
        ids = range(len(tensors), len(tensors) + len(appended))
        tensors += [replace(one, id=new) for new, one in zip(ids, appended, strict=True)]
        return replace(op, inputs=(op.inputs[0], *ids))

    def _bias(
        self, op: Op, weights: NDArray[np.int8], gone_in: Mask | None, channels: int
    ) -> Tensor | None:
        """The operator's bias, and what the channels that are left out added to each sum."""
        bias = self.source.optional_input(op, 2)
        if gone_in is None or op.kind == "DEPTHWISE_CONV_2D":
            return bias
        source = self.source.input(op, 0)
        values = self.ranges[self.source.root(source.id)].low - source.qparams.zero_point
        per_channel = weights.astype(np.int64).reshape(channels, -1, len(gone_in)).sum(axis=1)
        added = per_channel[:, gone_in] @ values[gone_in]
        if not added.any():
            return bias
        if bias is None:
            scale = source.qparams.scale * self.source.input(op, 1).qparams.scales[0]
            bias = Tensor(
                0, "bias", (channels,), DType.INT32, Quant((scale,), (0,)), bytes(4 * channels)
            )
        total = bias.array().reshape(-1).astype(np.int64) + added
        return replace(bias, data=total.astype(bias.dtype.numpy).tobytes())


def _of_convolution(weights: NDArray[np.int8], gone: Mask | None, keeps: Mask) -> NDArray[np.int8]:
    kept = weights[keeps]
    return kept if gone is None else kept[..., ~gone]


def _of_depthwise(weights: NDArray[np.int8], gone: Mask | None, keeps: Mask) -> NDArray[np.int8]:
    return weights[..., keeps]


def _of_fully_connected(
    weights: NDArray[np.int8], gone: Mask | None, keeps: Mask
) -> NDArray[np.int8]:
    """The channels of one place after those of another."""
    if gone is None:
        return weights[keeps]
    return weights[keeps][:, np.tile(~gone, weights.shape[1] // len(gone))]


_WEIGHTS: Mapping[str, Callable[[NDArray[np.int8], Mask | None, Mask], NDArray[np.int8]]] = {
    "CONV_2D": _of_convolution,
    "DEPTHWISE_CONV_2D": _of_depthwise,
    "FULLY_CONNECTED": _of_fully_connected,
}


def _kept_scales(quant: Quant, keeps: Mask) -> Quant:
    if not quant.per_channel:
        return quant
    scales = tuple(scale for scale, kept in zip(quant.scales, keeps, strict=True) if kept)
    # A single scale has no axis, as in a file.
    axis = quant.axis if len(scales) > 1 else 0
    return Quant(scales, (0,) * len(scales), axis)


def _kept_bias(bias: Tensor, keeps: Mask) -> Tensor:
    values = bias.array().reshape(-1)[keeps]
    quant = None if bias.quant is None else _kept_scales(bias.quant, keeps)
    return replace(bias, shape=values.shape, quant=quant, data=values.tobytes())
