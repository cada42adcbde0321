"""SPLIT_V: parts of given sizes along a dimension."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcugen.ir import Graph, Op
from mcugen.ops import examples, moving, splitting
from mcugen.ops.base import Operator, Options, Values, integers, no_macs


@dataclass(frozen=True)
class SplitV(splitting.Parts):
    """Into ``count`` parts, whose sizes are an input."""


def _parse(options: Options) -> SplitV:
    return SplitV(int(options["NumSplits"]))


def _unparse(attrs: SplitV) -> Values:
    return {"NumSplits": attrs.count}


def _axis(graph: Graph, op: Op) -> int:
    (axis,) = integers(graph.input(op, 2).array())
    rank = len(graph.input(op, 0).shape)
    return axis + rank if axis < 0 else axis


def _sizes(graph: Graph, op: Op) -> tuple[int, ...]:
    return integers(graph.input(op, 1).array())


def _move(graph: Graph, op: Op, source: NDArray[Any]) -> NDArray[Any]:
    sizes, part = _sizes(graph, op), splitting.part_of(op)
    start = sum(sizes[:part])
    return source[(slice(None),) * _axis(graph, op) + (slice(start, start + sizes[part]),)]


_shape = moving.shape_of(_move)


def _problems(graph: Graph, op: Op) -> Iterator[str]:
    source, sizes, axis = (graph.input(op, position) for position in range(3))
    shape = () if axis.shape == () else (1,)
    found = [
        *moving.moving_problems(graph, op),
        *moving.constant_integers(axis, "axis", shape),
        *moving.constant_integers(sizes, "sizes", (op.attributes(SplitV).count,)),
    ]
    yield from found
    if found:
        return
    if not 0 <= _axis(graph, op) < len(source.shape):
        yield f"axis {_axis(graph, op)} is none of {len(source.shape)} dimensions"
        return
    wanted, size = _sizes(graph, op), source.shape[_axis(graph, op)]
    if any(part < 1 for part in wanted) or sum(wanted) != size:
        yield f"sizes {wanted} do not make up the {size} values of the dimension"
    else:
        yield from splitting.all_shapes(graph, op, _shape, len(wanted))


def _example(rng: np.random.Generator) -> Graph:
    shape, axis = splitting.any_place(rng)
    sizes = rng.integers(1, 6, rng.integers(1, 5))
    return splitting.split_example(
        rng,
        "SPLIT_V",
        SplitV(len(sizes)),
        (
            examples.variable("input", (*shape[:axis], int(sizes.sum()), *shape[axis + 1 :])),
            examples.constant("sizes", sizes),
            examples.constant("axis", np.array(axis)),
        ),
        tuple((*shape[:axis], int(size), *shape[axis + 1 :]) for size in sizes),
    )


OPERATOR = Operator(
    kind="SPLIT_V",
    version=2,
    options="SplitVOptions",
    takes="any axis, a copy for each part that is used",
    inputs=(3, 3),
    parse=_parse,
    unparse=_unparse,
    problems=_problems,
    shape=_shape,
    macs=no_macs,
    example=_example,
    fold=moving.fold_of(_move),
    move=_move,
    most_outputs=splitting.MOST_OUTPUTS,
)
