"""PACK: tensors of one shape along a new dimension; of parts of a shape, mcugen computes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcugen.ir import Graph, Op, Shape
from mcugen.ops import joining, moving
from mcugen.ops.base import Operator, Options, Values, no_macs


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
    found = list(joining.joining_problems(graph, op))
    yield from found
    if found:
        return
    sources = joining.sources(graph, op)
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
    source = moving.any_shape(rng)[:3]
    if len(source) == 3 and rng.integers(2):
        source = (1, *source)
    twice, constants = len(source) == 4, int(rng.integers(4))
    count = 1 + twice + constants
    axis = int(rng.integers(-len(source) - 1, len(source) + 1))
    place = axis % (len(source) + 1)
    return joining.joined_example(
        rng,
        "PACK",
        Pack(count, axis),
        source,
        (source,) * constants,
        (*source[:place], count, *source[place:]),
        twice=twice,
    )


OPERATOR = Operator(
    kind="PACK",
    version=2,
    options="PackOptions",
    takes="of one quantisation, constants too; shapes fold away",
    inputs=(1, joining.MOST_INPUTS),
    parse=_parse,
    unparse=_unparse,
    problems=_problems,
    shape=_shape,
    macs=no_macs,
    example=_example,
    fold=_fold,
)
