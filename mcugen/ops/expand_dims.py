"""EXPAND_DIMS: the same bytes with a dimension of 1 more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcugen.ir import Graph, Op, Shape
from mcugen.ops import examples, moving
from mcugen.ops.base import NoAttrs, Operator, integers, no_macs, parse_nothing, unparse_nothing


def _axis(graph: Graph, op: Op) -> int:
    (axis,) = integers(graph.input(op, 1).array())
    return axis


def _problems(graph: Graph, op: Op) -> Iterator[str]:
    source, named, output = graph.input(op, 0), graph.input(op, 1), graph.output(op)
    if source.dtype is not output.dtype:
        yield f"input is {source.dtype.value}, output {output.dtype.value}"
    found = list(moving.constant_integers(named, "axis", () if named.shape == () else (1,)))
    yield from found
    rank = len(source.shape)
    if not found and not -rank - 1 <= _axis(graph, op) <= rank:
        yield f"axis {_axis(graph, op)} is none of {rank + 1} dimensions"


def _shape(graph: Graph, op: Op) -> Shape:
    shape = graph.input(op, 0).shape
    axis = _axis(graph, op) % (len(shape) + 1)
    return (*shape[:axis], 1, *shape[axis:])


def _fold(graph: Graph, op: Op) -> NDArray[Any] | None:
    source = graph.input(op, 0)
    return source.array().reshape(graph.output(op).shape) if source.is_constant else None


def _example(rng: np.random.Generator) -> Graph:
    shape = moving.any_shape(rng)[:3]
    axis = int(rng.integers(-len(shape) - 1, len(shape) + 1))
    place = axis % (len(shape) + 1)
    after = (*shape[:place], 1, *shape[place:])
    named = np.array(axis)
    return moving.moved_example(
        rng,
        "EXPAND_DIMS",
        NoAttrs(),
        shape,
        (examples.constant("axis", named if rng.integers(2) else named.reshape(1)),),
        after,
    )


OPERATOR = Operator(
    kind="EXPAND_DIMS",
    version=1,
    options="ExpandDimsOptions",
    takes="without a copy",
    inputs=(2, 2),
    parse=parse_nothing,
    unparse=unparse_nothing,
    problems=_problems,
    shape=_shape,
    macs=no_macs,
    example=_example,
    fold=_fold,
)
