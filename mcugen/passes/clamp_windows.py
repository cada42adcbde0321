"""Pooling windows far larger than the picture shrink to what covers it."""

from __future__ import annotations

from dataclasses import replace

from mcugen.ir import Graph, Op
from mcugen.ops.padding import Padding
from mcugen.ops.pooling import Pool2D
from mcugen.ops.registry import op_problems

_Axis = tuple[int, int, int]
"""Size of the window, margin before, margin after."""


def clamp_windows(graph: Graph) -> Graph:
    """Keeps the loops of kernels short, which walk over margins as well: a window of 32,767 on a
    picture of 9 would run for hours.

    No output bit changes: pooling leaves margins out, so a window is what it has in common with the
    picture. One that covers all of it from every place still does when it is made smaller.
    """
    return graph.with_ops(
        tuple(
            _clamped(graph, op)
            if isinstance(op.attrs, Pool2D) and not op_problems(graph, op)
            else op
            for op in graph.ops
        )
    )


def _clamped(graph: Graph, op: Op) -> Op:
    attrs = op.attributes(Pool2D)
    before, after = graph.input(op, 0).shape[1:3], graph.output(op).shape[1:3]
    top, left, bottom, right = attrs.padding.resolve(before, attrs.filter, attrs.stride)
    own = (attrs.filter[0], top, bottom), (attrs.filter[1], left, right)
    down, across = (
        _shrunk(own[axis], before[axis], (after[axis] - 1) * attrs.stride[axis]) for axis in (0, 1)
    )
    if (down, across) == own:
        return op
    padding = Padding("EXPLICIT", down[1], across[1], down[2], across[2])
    return replace(op, attrs=replace(attrs, filter=(down[0], across[0]), padding=padding))


def _shrunk(axis: _Axis, size: int, way: int) -> _Axis:
    """``way`` is how far the window moves from its first place to its last."""
    window, before, _ = axis
    covers_always = before >= way and window - before >= size
    return (size + way, way, way) if covers_always else axis
