"""REDUCE_MAX over any dimensions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from mcugen.ir import Graph, Op
from mcugen.ops.base import Operator, no_macs
from mcugen.ops.reducing import (
    Reduction,
    parse_reduction,
    reduction_example,
    reduction_problems,
    reduction_shape,
    unparse_reduction,
)


@dataclass(frozen=True)
class ReduceMax(Reduction):
    """Input and output have one quantisation."""


def _problems(graph: Graph, op: Op) -> Iterator[str]:
    found = list(reduction_problems(graph, op))
    yield from found
    if found:
        return
    before, after = graph.input(op, 0).qparams, graph.output(op).qparams
    if (before.scale, before.zero_point) != (after.scale, after.zero_point):
        yield "input and output have different quantisation: the reference refuses it"


OPERATOR = Operator(
    kind="REDUCE_MAX",
    version=2,
    options="ReducerOptions",
    takes="over any dimensions, up to 4",
    inputs=(2, 2),
    parse=partial(parse_reduction, ReduceMax),
    unparse=unparse_reduction,
    problems=_problems,
    shape=reduction_shape,
    macs=no_macs,
    example=partial(reduction_example, "REDUCE_MAX", ReduceMax, None),
)
