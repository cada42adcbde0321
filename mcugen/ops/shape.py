"""SHAPE: a tensor's dimensions as a tensor. mcugen knows them at compile time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcugen.ir import DType, Graph, Op
from mcugen.ir import Shape as Dimensions
from mcugen.ops import examples
from mcugen.ops.base import Operator, Options, Values, no_macs

_INT32_IN_SCHEMA = 2


@dataclass(frozen=True)
class Shape:
    """``out_type`` is the schema's number of the output's type."""

    out_type: int = _INT32_IN_SCHEMA


def _parse(options: Options) -> Shape:
    return Shape(int(options["OutType"]))


def _unparse(attrs: Shape) -> Values:
    return {"OutType": attrs.out_type}


def _problems(graph: Graph, op: Op) -> Iterator[str]:
    output = graph.output(op)
    if output.dtype is not DType.INT32:
        yield f"output is {output.dtype.value}, not int32"


def _shape(graph: Graph, op: Op) -> Dimensions:
    return (len(graph.input(op, 0).shape),)


def _fold(graph: Graph, op: Op) -> NDArray[Any]:
    return np.array(graph.input(op, 0).shape, np.int32)


def _example(rng: np.random.Generator) -> Graph:
    shape = (1, *(int(size) for size in rng.integers(1, 13, rng.integers(1, 4))))
    return examples.single(
        "SHAPE",
        Shape(),
        (examples.variable("input", shape, examples.any_quant(rng)),),
        examples.variable("output", (len(shape),), None, DType.INT32),
    )


OPERATOR = Operator(
    kind="SHAPE",
    version=1,
    options="ShapeOptions",
    takes="where it folds away",
    inputs=(1, 1),
    parse=_parse,
    unparse=_unparse,
    problems=_problems,
    shape=_shape,
    macs=no_macs,
    example=_example,
    fold=_fold,
    static=True,
)
