"""SLICE: a box out of a tensor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcugen.ir import Graph, Op
from mcugen.ops import examples, moving
from mcugen.ops.base import NoAttrs, Operator, integers, no_macs, parse_nothing, unparse_nothing


def _box(graph: Graph, op: Op) -> tuple[slice, ...]:
    """A size of -1 is all that is left."""
    source, begins, sizes = (graph.input(op, position) for position in range(3))
    return tuple(
        slice(begin, length if size == -1 else begin + size)
        for begin, size, length in zip(
            integers(begins.array()), integers(sizes.array()), source.shape, strict=True
        )
    )


def _move(graph: Graph, op: Op, source: NDArray[Any]) -> NDArray[Any]:
    return source[_box(graph, op)]


def _problems(graph: Graph, op: Op) -> Iterator[str]:
    yield from moving.moving_problems(graph, op)
    source = graph.input(op, 0)
    found = [
        problem
        for position, what in ((1, "begin"), (2, "size"))
        for problem in moving.constant_integers(
            graph.input(op, position), what, (len(source.shape),)
        )
    ]
    yield from found
    if found:
        return
    for axis, (part, size) in enumerate(zip(_box(graph, op), source.shape, strict=True)):
        if not 0 <= part.start < part.stop <= size:
            yield f"{part.start} to {part.stop} lies outside dimension {axis} of {source.shape}"


def _example(rng: np.random.Generator) -> Graph:
    shape = moving.any_shape(rng)
    begins = [int(rng.integers(size)) for size in shape]
    after = [int(rng.integers(1, s - b + 1)) for s, b in zip(shape, begins, strict=True)]
    rest = [begin + size == s for begin, size, s in zip(begins, after, shape, strict=True)]
    sizes = [-1 if end and rng.integers(2) else size for end, size in zip(rest, after, strict=True)]
    return moving.moved_example(
        rng,
        "SLICE",
        NoAttrs(),
        shape,
        (
            examples.constant("begin", np.array(begins)),
            examples.constant("size", np.array(sizes)),
        ),
        tuple(after),
    )


OPERATOR = Operator(
    kind="SLICE",
    version=2,
    options="SliceOptions",
    takes="up to 4 dimensions, constant bounds",
    inputs=(3, 3),
    parse=parse_nothing,
    unparse=unparse_nothing,
    problems=_problems,
    shape=moving.shape_of(_move),
    macs=no_macs,
    example=_example,
    fold=moving.fold_of(_move),
    move=_move,
)
