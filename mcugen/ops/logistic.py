"""LOGISTIC: 1 / (1 + exp(-x))."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mcugen.ir import Graph, Op, Quant
from mcugen.ops import elementwise, examples
from mcugen.ops.base import (
    NoAttrs,
    Operator,
    no_macs,
    parse_nothing,
    same_shape,
    unparse_nothing,
)

OUTPUT_QUANT = Quant((1 / 256,), (-128,))
"""The only one that TFLite's logistic produces."""


def _problems(graph: Graph, op: Op) -> Iterator[str]:
    yield from elementwise.fixed_point_problems(graph, op, OUTPUT_QUANT)


def _example(rng: np.random.Generator) -> Graph:
    return elementwise.first(lambda: _any_example(rng), _is_clear_cut)


def _is_clear_cut(graph: Graph, op: Op) -> bool:
    real = elementwise.every_real(graph.input(op, 0).qparams)
    return elementwise.is_clear_cut(256 / (1 + np.exp(-real)))


def _any_example(rng: np.random.Generator) -> Graph:
    source = Quant((examples.any_scale(rng, 0.002, 0.3),), examples.any_quant(rng).zero_points)
    return elementwise.example(rng, "LOGISTIC", NoAttrs(), source, OUTPUT_QUANT)


OPERATOR = Operator(
    kind="LOGISTIC",
    version=2,
    options="",
    takes="output scale 1/256, zero point -128",
    inputs=(1, 1),
    parse=parse_nothing,
    unparse=unparse_nothing,
    problems=_problems,
    shape=same_shape,
    macs=no_macs,
    example=_example,
)
