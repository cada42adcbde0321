"""Operators that only move bytes, as loops over strides."""

from __future__ import annotations

from mcugen.boards import Core
from mcugen.ir import DType, Graph, Op, Shape
from mcugen.kernels.call import Call
from mcugen.kernels.portable.call import portable_call
from mcugen.kernels.portable.params import CopyCall
from mcugen.ops.moving import stand_in
from mcugen.ops.registry import OPERATORS

_LOOPS = 4


def move(graph: Graph, op: Op, core: Core) -> Call | None:
    """The view of the input that an operator is, copied into the output."""
    operator = OPERATORS[op.kind]
    source, view_of = graph.input(op, operator.moved), operator.move
    if source.dtype is not DType.INT8 or view_of is None:
        return None
    whole = stand_in(source)
    view = view_of(graph, op, whole)
    loops = merged(view.shape, view.strides)
    if len(loops) > _LOOPS:
        return None
    missing = _LOOPS - len(loops)
    sizes = (1,) * missing + tuple(size for size, _ in loops)
    return portable_call(
        "copy_s8",
        "copy.c.j2",
        CopyCall(
            start=view.ctypes.data - whole.ctypes.data,
            sizes=sizes,
            strides=(0,) * missing + tuple(stride for _, stride in loops),
        ),
    )


def merged(shape: Shape, strides: tuple[int, ...]) -> list[tuple[int, int]]:
    """(size, stride) of as few loops as do: without those of one round, and two in one where the
    outer one goes on where the inner one ends."""
    kept = [(size, stride) for size, stride in zip(shape, strides, strict=True) if size > 1]
    merged: list[tuple[int, int]] = []
    for size, stride in kept:
        if merged and merged[-1][1] == size * stride:
            merged[-1] = (merged[-1][0] * size, stride)
        else:
            merged.append((size, stride))
    return merged
