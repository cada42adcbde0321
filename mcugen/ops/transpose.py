"""TRANSPOSE: the dimensions in another order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcugen.ir import Graph, Op
from mcugen.ops import examples, moving
from mcugen.ops.base import NoAttrs, Operator, integers, no_macs, parse_nothing, unparse_nothing


def _order(graph: Graph, op: Op) -> tuple[int, ...]:
    return integers(graph.input(op, 1).array())


def _move(graph: Graph, op: Op, source: NDArray[Any]) -> NDArray[Any]:
    return source.transpose(_order(graph, op))


def _problems(graph: Graph, op: Op) -> Iterator[str]:
    yield from moving.moving_problems(graph, op)
    rank = len(graph.input(op, 0).shape)
    found = list(moving.constant_integers(graph.input(op, 1), "order of dimensions", (rank,)))
    yield from found
    if not found and sorted(_order(graph, op)) != list(range(rank)):
        yield f"order {_order(graph, op)} does not name each of {rank} dimensions once"


def _example(rng: np.random.Generator) -> Graph:
    shape = moving.any_shape(rng)
    order = rng.permutation(len(shape))
    return moving.moved_example(
        rng,
        "TRANSPOSE",
        NoAttrs(),
        shape,
        (examples.constant("order", order),),
        tuple(shape[axis] for axis in order),
    )


OPERATOR = Operator(
    kind="TRANSPOSE",
    version=2,
    options="TransposeOptions",
    takes="up to 4 dimensions, any order",
    inputs=(2, 2),
    parse=parse_nothing,
    unparse=unparse_nothing,
    problems=_problems,
    shape=moving.shape_of(_move),
    macs=no_macs,
    example=_example,
    fold=moving.fold_of(_move),
    move=_move,
)
