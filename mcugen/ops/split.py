"""SPLIT: equal parts along a dimension."""

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
class Split(splitting.Parts):
    """Into ``count`` parts of one size."""


def _parse(options: Options) -> Split:
    return Split(int(options["NumSplits"]))


def _unparse(attrs: Split) -> Values:
    return {"NumSplits": attrs.count}


def _axis(graph: Graph, op: Op) -> int:
    (axis,) = integers(graph.input(op, 0).array())
    rank = len(graph.input(op, 1).shape)
    return axis + rank if axis < 0 else axis


def _move(graph: Graph, op: Op, source: NDArray[Any]) -> NDArray[Any]:
    axis = _axis(graph, op)
    size = source.shape[axis] // op.attributes(Split).count
    start = splitting.part_of(op) * size
    return source[(slice(None),) * axis + (slice(start, start + size),)]


def _problems(graph: Graph, op: Op) -> Iterator[str]:
    axis, source, count = graph.input(op, 0), graph.input(op, 1), op.attributes(Split).count
    shape = () if axis.shape == () else (1,)
    found = [
        *moving.moving_problems(graph, op, 1),
        *moving.constant_integers(axis, "axis", shape),
    ]
    yield from found
    if found:
        return
    if not 0 <= _axis(graph, op) < len(source.shape):
        yield f"axis {_axis(graph, op)} is none of {len(source.shape)} dimensions"
    elif count < 1 or source.shape[_axis(graph, op)] % count:
        yield f"{source.shape[_axis(graph, op)]} values are not {count} equal parts"
    else:
        yield from splitting.all_shapes(graph, op, _shape, count)


_shape = moving.shape_of(_move, 1)


def _example(rng: np.random.Generator) -> Graph:
    part, axis = splitting.any_place(rng)
    count = int(rng.integers(1, 5))
    source = (*part[:axis], part[axis] * count, *part[axis + 1 :])
    named = np.array(axis)
    return splitting.split_example(
        rng,
        "SPLIT",
        Split(count),
        (
            examples.constant("axis", named if rng.integers(2) else named.reshape(1)),
            examples.variable("input", source),
        ),
        (part,) * count,
    )


OPERATOR = Operator(
    kind="SPLIT",
    version=2,
    options="SplitOptions",
    takes="any axis, a copy for each part that is used",
    inputs=(2, 2),
    parse=_parse,
    unparse=_unparse,
    problems=_problems,
    shape=_shape,
    macs=no_macs,
    example=_example,
    fold=moving.fold_of(_move, 1),
    move=_move,
    moved=1,
    most_outputs=splitting.MOST_OUTPUTS,
)
