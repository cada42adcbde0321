"""UNPACK: each index of a dimension as a tensor of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcugen.ir import Graph, Op
from mcugen.ops import examples, moving, splitting
from mcugen.ops.base import Operator, Options, Values, no_macs


@dataclass(frozen=True)
class Unpack(splitting.Parts):
    """Along dimension ``axis``, which counts from the end where it is negative."""

    axis: int = 0


def _parse(options: Options) -> Unpack:
    return Unpack(int(options["Num"]), axis=int(options["Axis"]))


def _unparse(attrs: Unpack) -> Values:
    return {"Num": attrs.count, "Axis": attrs.axis}


def _move(graph: Graph, op: Op, source: NDArray[Any]) -> NDArray[Any]:
    """A view, of no dimensions where all are dropped."""
    axis = op.attributes(Unpack).axis % source.ndim
    return source[(slice(None),) * axis + (splitting.part_of(op), ...)]


_shape = moving.shape_of(_move)


def _problems(graph: Graph, op: Op) -> Iterator[str]:
    shape, axis = graph.input(op, 0).shape, op.attributes(Unpack).axis
    found = list(moving.moving_problems(graph, op))
    yield from found
    if found:
        return
    if not -len(shape) <= axis < len(shape):
        yield f"axis {axis} is none of {len(shape)} dimensions"
    else:
        yield from splitting.all_shapes(graph, op, _shape, shape[axis])


def _example(rng: np.random.Generator) -> Graph:
    shape = moving.any_shape(rng, 5)
    while len(shape) == 1:
        shape = moving.any_shape(rng, 5)
    axis = int(rng.integers(len(shape)))
    part = shape[:axis] + shape[axis + 1 :]
    attrs = Unpack(shape[axis], axis=axis - len(shape) if rng.integers(2) else axis)
    source = examples.variable("input", shape)
    return splitting.split_example(rng, "UNPACK", attrs, (source,), (part,) * shape[axis])


OPERATOR = Operator(
    kind="UNPACK",
    version=2,
    options="UnpackOptions",
    takes="any axis, a copy for each part that is used",
    inputs=(1, 1),
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
