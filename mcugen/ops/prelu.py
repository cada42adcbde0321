"""PRELU: x where it is positive, alpha times x where it is not; alpha is a tensor."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mcugen.ir import Graph, Op
from mcugen.ops import binary, checks, elementwise
from mcugen.ops.base import (
    NoAttrs,
    Operator,
    no_macs,
    parse_nothing,
    same_shape,
    unparse_nothing,
)
from mcugen.ops.binary import LARGEST_PRODUCT


def scales(graph: Graph, op: Op) -> tuple[float, float]:
    """What x and alpha times x are multiplied by (TFLite ``CalculatePreluParams``)."""
    source, alpha = graph.input(op, 0).qparams, graph.input(op, 1).qparams
    output = graph.output(op).qparams
    return (
        elementwise.ratio(source.scale, output.scale),
        elementwise.ratio(source.scale * alpha.scale, output.scale),
    )


def _problems(graph: Graph, op: Op) -> Iterator[str]:
    found = binary.problems(graph, op)
    yield from found
    if found:
        return
    positive, negative = scales(graph, op)
    yield from elementwise.rescalable(positive)
    if checks.overflows(LARGEST_PRODUCT, checks.left_shift(negative)):
        yield "the output scale is too small for the scale of alpha: the reference overflows"


def _example(rng: np.random.Generator) -> Graph:
    source, alpha = binary.exact_quant(rng), binary.exact_quant(rng)
    result = binary.power_of_two(rng, source.scale * rng.uniform(0.5, 4))
    return binary.ordered_example(rng, "PRELU", NoAttrs(), (source, alpha, result))


OPERATOR = Operator(
    kind="PRELU",
    version=1,
    options="",
    takes="alpha of the input's shape or of its last dimensions",
    inputs=(2, 2),
    parse=parse_nothing,
    unparse=unparse_nothing,
    problems=_problems,
    shape=same_shape,
    macs=no_macs,
    example=_example,
)
