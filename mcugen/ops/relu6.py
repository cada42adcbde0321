"""RELU6 as an operator of its own: a clamp between 0 and 6."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mcugen.ir import Graph, Op
from mcugen.ops import elementwise, examples
from mcugen.ops.activation import Activation, activation_problems
from mcugen.ops.base import (
    NoAttrs,
    Operator,
    no_macs,
    parse_nothing,
    same_shape,
    unparse_nothing,
)


def _problems(graph: Graph, op: Op) -> Iterator[str]:
    found = elementwise.int8_edges(graph, op)
    yield from found
    source, output = graph.input(op, 0).qparams, graph.output(op).qparams
    if found:
        return
    if (source.scale, source.zero_point) != (output.scale, output.zero_point):
        yield (
            f"input has scale {source.scale:g} and zero point {source.zero_point}, output "
            f"{output.scale:g} and {output.zero_point}: TFLite Micro takes them for the same"
        )
    yield from activation_problems(Activation.RELU6, output)


def _example(rng: np.random.Generator) -> Graph:
    quant = examples.any_quant(rng)
    return elementwise.example(rng, "RELU6", NoAttrs(), quant, quant)


OPERATOR = Operator(
    kind="RELU6",
    version=2,
    options="",
    takes="input and output on one scale",
    inputs=(1, 1),
    parse=parse_nothing,
    unparse=unparse_nothing,
    problems=_problems,
    shape=same_shape,
    macs=no_macs,
    example=_example,
)
