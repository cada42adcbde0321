"""RELU as an operator of its own: x where it is positive, 0 where it is not."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mcugen.ir import Graph, Op
from mcugen.ops import elementwise
from mcugen.ops.base import (
    NoAttrs,
    Operator,
    no_macs,
    parse_nothing,
    same_shape,
    unparse_nothing,
)


def scale(graph: Graph, op: Op) -> float:
    """TFLite ``ReluPrepare``: input scale / output scale."""
    return elementwise.ratio(graph.input(op, 0).qparams.scale, graph.output(op).qparams.scale)


def _problems(graph: Graph, op: Op) -> Iterator[str]:
    found = elementwise.int8_edges(graph, op)
    yield from found
    if not found:
        yield from elementwise.rescalable(scale(graph, op))


def _example(rng: np.random.Generator) -> Graph:
    return elementwise.first(
        lambda: elementwise.example(rng, "RELU", NoAttrs()),
        lambda graph, op: elementwise.scales_clear_cut(scale(graph, op)),
    )


OPERATOR = Operator(
    kind="RELU",
    version=2,
    options="",
    takes="any scales",
    inputs=(1, 1),
    parse=parse_nothing,
    unparse=unparse_nothing,
    problems=_problems,
    shape=same_shape,
    macs=no_macs,
    example=_example,
)
