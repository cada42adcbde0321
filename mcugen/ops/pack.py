"""PACK of parts of a shape: mcugen computes it at compile time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcugen.ir import NO_TENSOR, DType, Graph, Op, Shape
from mcugen.ops import examples
from mcugen.ops.base import Operator, Options, Values, no_macs

_MOST_INPUTS = 64


@dataclass(frozen=True)
class Pack:
    """``values_count`` tensors stacked along a new dimension ``axis``."""

    values_count: int
    axis: int = 0


def _parse(options: Options) -> Pack:
    return Pack(int(options["ValuesCount"]), int(options["Axis"]))


def _unparse(attrs: Pack) -> Values:
    return {"ValuesCount": attrs.values_count, "Axis": attrs.axis}


def _problems(graph: Graph, op: Op) -> Iterator[str]:
    attrs = op.attributes(Pack)
    if NO_TENSOR in op.inputs:
        yield "an input is absent"
        return
    sources = [graph.input(op, position) for position in range(len(op.inputs))]
    if any(tensor.dtype is not DType.INT32 for tensor in (*sources, graph.output(op))):
        yield f"packs {sources[0].dtype.value}: only parts of shapes (int32) are supported"
    if attrs.values_count != len(sources):
        yield f"has {len(sources)} inputs, its options say {attrs.values_count}"
    if len({tensor.shape for tensor in sources}) != 1:
        yield "the inputs have different shapes"
    rank = len(sources[0].shape)
    if not -rank - 1 <= attrs.axis <= rank:
        yield f"axis {attrs.axis} is none of {rank + 1} dimensions"


def _shape(graph: Graph, op: Op) -> Shape:
    attrs, part = op.attributes(Pack), graph.input(op, 0).shape
    axis = attrs.axis % (len(part) + 1)
    return (*part[:axis], len(op.inputs), *part[axis:])


def _fold(graph: Graph, op: Op) -> NDArray[Any] | None:
    sources = [graph.input(op, position) for position in range(len(op.inputs))]
    if not all(tensor.is_constant for tensor in sources):
        return None
    return np.asarray(np.stack([tensor.array() for tensor in sources], op.attributes(Pack).axis))


def _example(rng: np.random.Generator) -> Graph:
    count = int(rng.integers(1, 5))
    shape: Shape = () if rng.integers(2) else (int(rng.integers(1, 5)),)
    axis = int(rng.integers(-len(shape) - 1, len(shape) + 1))
    place = axis % (len(shape) + 1)
    sources = [examples.variable("part0", shape, None, DType.INT32)]
    for number in range(1, count):
        values = rng.integers(-9, 99, shape)
        sources.append(examples.constant(f"part{number}", np.asarray(values)))
    return examples.single(
        "PACK",
        Pack(count, axis),
        tuple(sources),
        examples.variable("output", (*shape[:place], count, *shape[place:]), None, DType.INT32),
    )


OPERATOR = Operator(
    kind="PACK",
    version=2,
    options="PackOptions",
    takes="where it folds away",
    inputs=(1, _MOST_INPUTS),
    parse=_parse,
    unparse=_unparse,
    problems=_problems,
    shape=_shape,
    macs=no_macs,
    example=_example,
    fold=_fold,
    static=True,
)
