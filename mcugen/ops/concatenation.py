"""CONCATENATION: tensors one after the other along a dimension."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcugen.ir import Graph, Op, Shape
from mcugen.ops import joining, moving
from mcugen.ops.activation import Activation, parse_activation
from mcugen.ops.base import Operator, Options, Values, no_macs


@dataclass(frozen=True)
class Concatenation:
    """``axis`` counts from the end where it is negative."""

    axis: int
    activation: Activation = Activation.NONE


def _parse(options: Options) -> Concatenation:
    return Concatenation(int(options["Axis"]), parse_activation(options))


def _unparse(attrs: Concatenation) -> Values:
    return {"Axis": attrs.axis, "FusedActivationFunction": attrs.activation.value}


def _problems(graph: Graph, op: Op) -> Iterator[str]:
    attrs = op.attributes(Concatenation)
    found = list(joining.joining_problems(graph, op))
    yield from found
    if found:
        return
    if attrs.activation is not Activation.NONE:
        yield "has a fused activation: the reference refuses it"
    shapes = [tensor.shape for tensor in joining.sources(graph, op)]
    rank = len(shapes[0])
    if not -rank <= attrs.axis < rank:
        yield f"axis {attrs.axis} is none of {rank} dimensions"
    elif len({len(shape) for shape in shapes}) != 1:
        yield "the inputs have different numbers of dimensions"
    elif len({_others(shape, attrs.axis % rank) for shape in shapes}) != 1:
        yield "the inputs have different shapes beside the dimension along which they are joined"


def _others(shape: Shape, axis: int) -> Shape:
    return (*shape[:axis], -1, *shape[axis + 1 :])


def _shape(graph: Graph, op: Op) -> Shape:
    shapes = [tensor.shape for tensor in joining.sources(graph, op)]
    axis = op.attributes(Concatenation).axis % len(shapes[0])
    total = sum(shape[axis] for shape in shapes)
    return (*shapes[0][:axis], total, *shapes[0][axis + 1 :])


def _fold(graph: Graph, op: Op) -> NDArray[Any] | None:
    sources = joining.sources(graph, op)
    if not all(tensor.is_constant for tensor in sources):
        return None
    axis = op.attributes(Concatenation).axis
    return np.asarray(np.concatenate([tensor.array() for tensor in sources], axis))


def _example(rng: np.random.Generator) -> Graph:
    source = moving.any_shape(rng)
    axis = int(rng.integers(len(source) == 4, len(source)))

    def of(size: int) -> Shape:
        return (*source[:axis], size, *source[axis + 1 :])

    sizes = [int(size) for size in rng.integers(1, 9, rng.integers(4))]
    twice = len(source) == 4 and bool(rng.integers(3))
    return joining.joined_example(
        rng,
        "CONCATENATION",
        Concatenation(axis - len(source) if rng.integers(2) else axis),
        source,
        tuple(of(size) for size in sizes),
        of(source[axis] * (1 + twice) + sum(sizes)),
        twice=twice,
    )


OPERATOR = Operator(
    kind="CONCATENATION",
    version=2,
    options="ConcatenationOptions",
    takes="any axis, tensors of one quantisation, constants too",
    inputs=(1, joining.MOST_INPUTS),
    parse=_parse,
    unparse=_unparse,
    problems=_problems,
    shape=_shape,
    macs=no_macs,
    example=_example,
    fold=_fold,
)
