"""DEQUANTIZE: int8 to float32, exact."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mcugen.ir import DType, Graph, Op
from mcugen.ops import checks, examples
from mcugen.ops.base import (
    NoAttrs,
    Operator,
    no_macs,
    parse_nothing,
    same_shape,
    unparse_nothing,
)


def _problems(graph: Graph, op: Op) -> Iterator[str]:
    source, output = graph.input(op, 0), graph.output(op)
    if (source.dtype, output.dtype) != (DType.INT8, DType.FLOAT32):
        yield (f"{source.dtype.value} to {output.dtype.value}: only int8 to float32 is supported")
        return
    yield from checks.per_tensor_quantisation(source, "input")


def _example(rng: np.random.Generator) -> Graph:
    shape = (1, *(int(size) for size in rng.integers(1, 20, rng.integers(1, 4))))
    return examples.single(
        "DEQUANTIZE",
        NoAttrs(),
        (examples.variable("input", shape, examples.any_quant(rng)),),
        examples.variable("output", shape, None, DType.FLOAT32),
    )


OPERATOR = Operator(
    kind="DEQUANTIZE",
    version=2,
    options="DequantizeOptions",
    takes="int8 to float32",
    inputs=(1, 1),
    parse=parse_nothing,
    unparse=unparse_nothing,
    problems=_problems,
    shape=same_shape,
    macs=no_macs,
    example=_example,
)
