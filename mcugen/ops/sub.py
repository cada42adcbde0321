"""SUB of two tensors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from mcugen.ir import Graph, Op
from mcugen.ops import binary, examples
from mcugen.ops.activation import Activation, activation_problems, parse_activation
from mcugen.ops.add import too_small_output
from mcugen.ops.base import Operator, Options, Values, no_macs


@dataclass(frozen=True)
class Sub:
    activation: Activation


def _parse(options: Options) -> Sub:
    return Sub(parse_activation(options))


def _unparse(attrs: Sub) -> Values:
    return {"FusedActivationFunction": attrs.activation.value}


def _problems(graph: Graph, op: Op) -> Iterator[str]:
    found = binary.problems(graph, op)
    yield from found
    if found:
        return
    yield from activation_problems(op.attributes(Sub).activation, graph.output(op).qparams)
    yield from too_small_output(graph, op)


def _example(rng: np.random.Generator) -> Graph:
    first, second = examples.any_quant(rng), examples.any_quant(rng)
    spread = max(first.scale, second.scale) * rng.uniform(0.5, 2.5)
    result = replace(examples.any_quant(rng), scales=(float(np.float32(spread)),))
    attrs = Sub(examples.any_activation(rng))
    return binary.example(rng, "SUB", attrs, (first, second, result))


OPERATOR = Operator(
    kind="SUB",
    version=2,
    options="SubOptions",
    takes=binary.TAKES,
    inputs=(2, 2),
    parse=_parse,
    unparse=_unparse,
    problems=_problems,
    shape=binary.shape,
    macs=no_macs,
    example=_example,
)
