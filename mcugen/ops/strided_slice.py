"""STRIDED_SLICE of a shape: mcugen computes it at compile time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcugen.ir import DType, Graph, Op, Shape
from mcugen.ops import checks, examples
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
    source, output = graph.input(op, 0), graph.output(op)
    if not source.dtype is output.dtype is DType.INT32:
        yield f"slices {source.dtype.value}: only shapes (int32) are supported"
        return
    rank = len(source.shape)
    if not 1 <= rank <= 4:
        yield f"input has {rank} dimensions: 1 to 4 are supported"
    elif attrs.ellipsis_mask or attrs.new_axis_mask or attrs.offset:
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


def _shape(graph: Graph, op: Op) -> Shape:
    sizes = zip(graph.input(op, 0).shape, _indices(graph, op), strict=True)
    return tuple(
        len(range(*index.indices(size))) for size, index in sizes if isinstance(index, slice)
    )


def _fold(graph: Graph, op: Op) -> NDArray[Any] | None:
    source = graph.input(op, 0)
    return np.asarray(source.array()[_indices(graph, op)]) if source.is_constant else None


def _example(rng: np.random.Generator) -> Graph:
    size = int(rng.integers(2, 8))
    begin = int(rng.integers(-size, size - 1))
    attrs = StridedSlice(begin_mask=int(rng.integers(2)), end_mask=int(rng.integers(2)))
    stride = int(rng.integers(1, 3))
    end = int(rng.integers(begin % size + 1, size + 3))
    first = 0 if attrs.begin_mask else begin % size
    last = size if attrs.end_mask else min(end, size)
    shape: Shape = (len(range(first, last, stride)),)
    if rng.integers(2):
        attrs, shape, stride = StridedSlice(shrink_axis_mask=1), (), 1
    return examples.single(
        "STRIDED_SLICE",
        attrs,
        (
            examples.variable("input", (size,), None, DType.INT32),
            *(
                examples.constant(name, np.array([value]))
                for name, value in (("begin", begin), ("end", end), ("strides", stride))
            ),
        ),
        examples.variable("output", shape, None, DType.INT32),
    )


OPERATOR = Operator(
    kind="STRIDED_SLICE",
    version=2,
    options="StridedSliceOptions",
    takes="where it folds away",
    inputs=(4, 4),
    parse=_parse,
    unparse=_unparse,
    problems=_problems,
    shape=_shape,
    macs=no_macs,
    example=_example,
    fold=_fold,
    static=True,
)
