"""PAD before a convolution becomes the convolution's own padding."""

from __future__ import annotations

from dataclasses import replace

from mcugen.ir import Graph, Op
from mcugen.ops.conv_2d import Conv2D
from mcugen.ops.depthwise_conv_2d import DepthwiseConv2D
from mcugen.ops.pad import margins
from mcugen.ops.padding import Padding
from mcugen.ops.registry import op_problems

_Convolution = Conv2D | DepthwiseConv2D


def fold_pad(graph: Graph) -> Graph:
    """Folds every PAD all of whose readers are convolutions that can take it over.

    No output bit changes: a convolution subtracts the input's zero point from every value, so the
    zero points that PAD wrote contribute exactly zero, as does what a convolution pads itself. The
    condition is that both sides of the PAD have one quantisation.
    """
    for pad in graph.ops:
        readers = [op for op in graph.ops if set(op.inputs) & set(pad.outputs)]
        if _is_foldable(graph, pad) and all(_takes_over(graph, pad, op) for op in readers):
            graph = graph.with_ops(
                tuple(
                    _with_padding(graph, pad, op) if op in readers else op
                    for op in graph.ops
                    if op is not pad
                )
            )
    return graph


def _is_foldable(graph: Graph, pad: Op) -> bool:
    """A PAD of height and width only, on one quantisation, whose result nothing else needs."""
    if pad.kind != "PAD" or op_problems(graph, pad):
        return False
    source, output = graph.input(pad, 0), graph.output(pad)
    sides = margins(graph, pad)
    before, after = source.qparams, output.qparams
    return (
        len(sides) == 4
        and sides[0] == sides[3] == (0, 0)
        and (before.scale, before.zero_point) == (after.scale, after.zero_point)
        and output.id not in graph.outputs
        and output.id not in {root for _, root in graph.aliases}
    )


def _takes_over(graph: Graph, pad: Op, op: Op) -> bool:
    return (
        isinstance(op.attrs, _Convolution)
        and op.inputs.count(pad.outputs[0]) == 1
        and op.inputs[0] == pad.outputs[0]
        and not op_problems(graph, op)
    )


def _with_padding(graph: Graph, pad: Op, op: Op) -> Op:
    """``op`` on the unpadded input, the PAD's margins added to its own."""
    if not isinstance(op.attrs, _Convolution):
        raise TypeError(f"{op.kind} is no convolution")
    _, (top, bottom), (left, right), _ = margins(graph, pad)
    height, width = graph.input(op, 1).shape[1:3]
    own = op.attrs.padding.resolve(graph.output(pad).shape[1:3], (height, width), op.attrs.stride)
    padding = Padding("EXPLICIT", own[0] + top, own[1] + left, own[2] + bottom, own[3] + right)
    return replace(
        op,
        inputs=(pad.inputs[0], *op.inputs[1:]),
        attrs=replace(op.attrs, padding=padding),
    )
