"""STRIDED_SLICE: every so many elements of a box; of a shape, mcugen computes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcugen.ir import DType, Graph, Op
from mcugen.ops import checks, examples, moving
from mcugen.ops.base import Operator, Options, Values, no_macs


@dataclass(frozen=True)
class StridedSlice:
    """Bit ``i`` of a mask speaks of dimension ``i``, as in TFLite."""

    begin_mask: int = 0
    end_mask: int = 0
    shrink_axis_mask: int = 0
    ellipsis_mask: int = 0
    new_axis_mask: int = 0
    offset: bool = False


def _parse(options: Options) -> StridedSlice:
    return StridedSlice(
        begin_mask=int(options["BeginMask"]),
        end_mask=int(options["EndMask"]),
        shrink_axis_mask=int(options["ShrinkAxisMask"]),
        ellipsis_mask=int(options["EllipsisMask"]),
        new_axis_mask=int(options["NewAxisMask"]),
        offset=bool(options.get("Offset", False)),
    )


def _unparse(attrs: StridedSlice) -> Values:
    values: Values = {
        "BeginMask": attrs.begin_mask,
        "EndMask": attrs.end_mask,
        "ShrinkAxisMask": attrs.shrink_axis_mask,
        "EllipsisMask": attrs.ellipsis_mask,
        "NewAxisMask": attrs.new_axis_mask,
    }
    return {**values, "Offset": True} if attrs.offset else values


def _problems(graph: Graph, op: Op) -> Iterator[str]:
    attrs = op.attributes(StridedSlice)
    found = list(moving.moving_problems(graph, op))
    yield from found
    rank = len(graph.input(op, 0).shape)
    if found:
        return
    if attrs.ellipsis_mask or attrs.new_axis_mask or attrs.offset:
        yield "ellipsis, new axes and end offsets are not supported"
    else:
        yield from _bounds_problems(graph, op, rank)


def _bounds_problems(graph: Graph, op: Op, rank: int) -> Iterator[str]:
    bounds = [graph.input(op, position) for position in (1, 2, 3)]
    for tensor, what in zip(bounds, ("begin", "end", "strides"), strict=True):
        if tensor.dtype is not DType.INT32 or not tensor.is_constant or tensor.shape != (rank,):
            yield f"{what} must be {rank} constant int32 values, one a dimension"
            return
    if not bounds[2].array().all():
        yield "stride 0"
        return
    source = graph.input(op, 0)
    for axis, index in enumerate(_indices(graph, op)):
        if isinstance(index, int) and not 0 <= index < source.shape[axis]:
            yield f"index {index} lies outside dimension {axis} of {checks.shape(source)}"


def _indices(graph: Graph, op: Op) -> tuple[int | slice, ...]:
    """numpy's index: the clamping of TFLite's bounds is Python's."""
    attrs = op.attributes(StridedSlice)
    begins, ends, strides = (graph.input(op, position).array() for position in (1, 2, 3))
    found: list[int | slice] = []
    for axis, size in enumerate(graph.input(op, 0).shape):
        bit, begin = 1 << axis, int(begins[axis])
        if attrs.shrink_axis_mask & bit:
            start = 0 if attrs.begin_mask & bit else begin
            found.append(start + size if start < 0 else start)
        else:
            found.append(
                slice(
                    None if attrs.begin_mask & bit else begin,
                    None if attrs.end_mask & bit else int(ends[axis]),
                    int(strides[axis]),
                )
            )
    return tuple(found)


def _move(graph: Graph, op: Op, source: NDArray[Any]) -> NDArray[Any]:
    """A view, of no dimensions where all are dropped."""
    return source[(*_indices(graph, op), ...)]


def _example(rng: np.random.Generator) -> Graph:
    while True:
        shape = moving.any_shape(rng)
        rank = len(shape)
        steps = [int(rng.choice([1, 1, 2, 3, -1, -2])) for _ in shape]
        begins = [int(rng.integers(-size, size)) for size in shape]
        ends = [int(rng.integers(-size - 1, size + 3)) for size in shape]
        masks = [int(mask) for mask in rng.integers(0, 2**rank, 3)]
        shrunk = masks[2] & int(rng.integers(0, 2**rank))
        steps = [1 if shrunk >> axis & 1 else step for axis, step in enumerate(steps)]
        bounds = (("begin", begins), ("end", ends), ("strides", steps))
        graph = moving.moved_example(
            rng,
            "STRIDED_SLICE",
            StridedSlice(begin_mask=masks[0], end_mask=masks[1], shrink_axis_mask=shrunk),
            shape,
            tuple(examples.constant(name, np.array(values)) for name, values in bounds),
            (),
        )
        after = _move(graph, graph.ops[0], moving.stand_in(graph.tensors[0])).shape
        if after and 0 not in after:
            output = replace(graph.tensors[-1], shape=after)
            return replace(graph, tensors=(*graph.tensors[:-1], output))


OPERATOR = Operator(
    kind="STRIDED_SLICE",
    version=2,
    options="StridedSliceOptions",
    takes="up to 4 dimensions, constant bounds",
    inputs=(4, 4),
    parse=_parse,
    unparse=_unparse,
    problems=_problems,
    shape=moving.shape_of(_move),
    macs=no_macs,
    example=_example,
    fold=moving.fold_of(_move),
    move=_move,
)
