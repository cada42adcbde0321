"""MAXIMUM: the greater of two values."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mcugen.ir import Graph, Op
from mcugen.ops import binary, examples
from mcugen.ops.base import NoAttrs, Operator, no_macs, parse_nothing, unparse_nothing


def _problems(graph: Graph, op: Op) -> Iterator[str]:
    """The references compare integers, whatever their scales."""
    yield from binary.problems(graph, op)


def _example(rng: np.random.Generator) -> Graph:
    first, second = examples.any_quant(rng), examples.any_quant(rng)
    return binary.example(rng, "MAXIMUM", NoAttrs(), (first, second, first))


OPERATOR = Operator(
    kind="MAXIMUM",
    version=2,
    options="MaximumMinimumOptions",
    takes=binary.TAKES,
    inputs=(2, 2),
    parse=parse_nothing,
    unparse=unparse_nothing,
    problems=_problems,
    shape=binary.shape,
    macs=no_macs,
    example=_example,
)
