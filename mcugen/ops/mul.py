"""MUL of two tensors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mcugen.ir import Graph, Op
from mcugen.ops import binary, checks, elementwise, examples
from mcugen.ops.activation import Activation, activation_problems, parse_activation
from mcugen.ops.base import Operator, Options, Values, no_macs


@dataclass(frozen=True)
class Mul:
    activation: Activation


def scale(graph: Graph, op: Op) -> float:
    """What the product of two integers is multiplied by (TFLite ``CalculateOpDataMul``)."""
    first, second = graph.input(op, 0).qparams, graph.input(op, 1).qparams
    return elementwise.ratio(first.scale * second.scale, graph.output(op).qparams.scale)


def _parse(options: Options) -> Mul:
    return Mul(parse_activation(options))


def _unparse(attrs: Mul) -> Values:
    return {"FusedActivationFunction": attrs.activation.value}


def _problems(graph: Graph, op: Op) -> Iterator[str]:
    found = binary.problems(graph, op)
    yield from found
    if found:
        return
    yield from activation_problems(op.attributes(Mul).activation, graph.output(op).qparams)
    if checks.overflows(binary.LARGEST_PRODUCT, checks.left_shift(scale(graph, op))):
        yield "the output scale is too small for the input scales: the reference overflows"


def _example(rng: np.random.Generator) -> Graph:
    first, second = binary.exact_quant(rng), binary.exact_quant(rng)
    result = binary.power_of_two(rng, first.scale * second.scale * rng.uniform(20, 400))
    attrs = Mul(examples.any_activation(rng))
    return binary.example(rng, "MUL", attrs, (first, second, result))


OPERATOR = Operator(
    kind="MUL",
    version=2,
    options="MulOptions",
    takes=binary.TAKES,
    inputs=(2, 2),
    parse=_parse,
    unparse=_unparse,
    problems=_problems,
    shape=binary.shape,
    macs=no_macs,
    example=_example,
)
