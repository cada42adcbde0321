"""SQUEEZE: the same bytes without dimensions of 1."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcugen.ir import Graph, Op, Shape
from mcugen.ops import examples
from mcugen.ops.base import Operator, Options, Values, integers, no_macs


@dataclass(frozen=True)
class Squeeze:
    """``axes`` to remove; empty for all that are 1."""

    axes: tuple[int, ...] = ()


def _parse(options: Options) -> Squeeze:
    return Squeeze(integers(options["SqueezeDims"]))


def _unparse(attrs: Squeeze) -> Values:
    return {"SqueezeDims": np.array(attrs.axes, np.int32)} if attrs.axes else {}


def _problems(graph: Graph, op: Op) -> Iterator[str]:
    source, output = graph.input(op, 0), graph.output(op)
    if source.dtype is not output.dtype:
        yield f"input is {source.dtype.value}, output {output.dtype.value}"
    rank = len(source.shape)
    for axis in op.attributes(Squeeze).axes:
        if not -rank <= axis < rank or source.shape[axis] != 1:
            yield f"axis {axis} of shape {source.shape} is not a dimension of 1"


def _shape(graph: Graph, op: Op) -> Shape:
    shape = graph.input(op, 0).shape
    named = {axis % len(shape) for axis in op.attributes(Squeeze).axes}
    removed = named or {axis for axis, size in enumerate(shape) if size == 1}
    return tuple(size for axis, size in enumerate(shape) if axis not in removed)


def _fold(graph: Graph, op: Op) -> NDArray[Any] | None:
    source = graph.input(op, 0)
    return source.array().reshape(graph.output(op).shape) if source.is_constant else None


def _example(rng: np.random.Generator) -> Graph:
    shape = (1, *(int(size) for size in rng.integers(1, 4, 2)), int(rng.integers(2, 9)))
    ones = [axis for axis, size in enumerate(shape) if size == 1]
    named = sorted({int(axis) for axis in rng.choice(ones, rng.integers(len(ones) + 1))})
    removed = set(named or ones)
    quant = examples.any_quant(rng)
    return examples.single(
        "SQUEEZE",
        Squeeze(tuple(axis - 4 if rng.integers(2) else axis for axis in named)),
        (examples.variable("input", shape, quant),),
        examples.variable(
            "output", tuple(s for axis, s in enumerate(shape) if axis not in removed), quant
        ),
    )


OPERATOR = Operator(
    kind="SQUEEZE",
    version=1,
    options="SqueezeOptions",
    takes="without a copy",
    inputs=(1, 1),
    parse=_parse,
    unparse=_unparse,
    problems=_problems,
    shape=_shape,
    macs=no_macs,
    example=_example,
    fold=_fold,
)
