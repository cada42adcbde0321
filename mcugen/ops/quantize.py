"""QUANTIZE: float32 to int8, or 8 bits to 8 bits on another scale."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mcugen.ir import DType, Graph, Op, Quant
from mcugen.ops import checks, examples
from mcugen.ops.base import (
    NoAttrs,
    Operator,
    no_macs,
    parse_nothing,
    same_shape,
    unparse_nothing,
)

_CONVERSIONS = (
    (DType.FLOAT32, DType.INT8),
    (DType.INT8, DType.INT8),
    (DType.UINT8, DType.INT8),
    (DType.INT8, DType.UINT8),
)


def _problems(graph: Graph, op: Op) -> Iterator[str]:
    source, output = graph.input(op, 0), graph.output(op)
    if (source.dtype, output.dtype) not in _CONVERSIONS:
        yield (
            f"{source.dtype.value} to {output.dtype.value}: only float32, int8 and uint8 to int8, "
            "and int8 to uint8 are supported"
        )
        return
    found = list(checks.per_tensor_quantisation(output, "output"))
    if source.dtype is not DType.FLOAT32:
        found += checks.per_tensor_quantisation(source, "input")
    yield from found
    if found or source.dtype is DType.FLOAT32:
        return
    magnitude = 255 + abs(source.qparams.zero_point)
    if checks.overflows(magnitude, checks.left_shift(source.qparams.scale / output.qparams.scale)):
        yield "the output scale is too small for the input scale: the reference overflows"


def _quant(rng: np.random.Generator, dtype: DType) -> Quant | None:
    if dtype is DType.FLOAT32:
        return None
    quant = examples.any_quant(rng)
    if dtype is DType.INT8:
        return quant
    return Quant(quant.scales, (quant.zero_point + 128,))


def _example(rng: np.random.Generator) -> Graph:
    source, output = _CONVERSIONS[rng.integers(len(_CONVERSIONS))]
    shape = (1, *examples.any_pair(rng, 1, 9), int(rng.integers(1, 5)))
    before, after = _quant(rng, source), _quant(rng, output)
    if before is not None and not rng.integers(3):
        # What exporters write at a uint8 edge: the same scale, zero points 128 apart.
        zero_points = {DType.UINT8: 127, DType.INT8: -1}
        before = Quant(before.scales, (zero_points[source],))
        after = Quant(before.scales, (zero_points[output],))
    return examples.single(
        "QUANTIZE",
        NoAttrs(),
        (examples.variable("input", shape, before, source),),
        examples.variable("output", shape, after, output),
    )


OPERATOR = Operator(
    kind="QUANTIZE",
    version=2,
    options="QuantizeOptions",
    takes="float32, int8 or uint8 to int8, and int8 to uint8",
    inputs=(1, 1),
    parse=parse_nothing,
    unparse=unparse_nothing,
    problems=_problems,
    shape=same_shape,
    macs=no_macs,
    example=_example,
)
