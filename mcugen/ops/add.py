"""ADD of two tensors of the same shape."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from mcugen.ir import DType, Graph, Op, Shape
from mcugen.ops import checks, examples
from mcugen.ops.activation import Activation, activation_problems, parse_activation
from mcugen.ops.base import NoAttrs, Operator, Options, Values, no_macs, same_shape
from mcugen.ops.max_pool_2d import MaxPool2D
from mcugen.ops.padding import Padding

LEFT_SHIFT = 20
"""Headroom that TFLite gives both operands."""


@dataclass(frozen=True)
class Add:
    activation: Activation


def _parse(options: Options) -> Add:
    return Add(parse_activation(options))


def _unparse(attrs: Add) -> Values:
    return {"FusedActivationFunction": attrs.activation.value}


def _problems(graph: Graph, op: Op) -> Iterator[str]:
    first, second, output = graph.input(op, 0), graph.input(op, 1), graph.output(op)
    found = [
        problem
        for tensor, what in ((first, "first input"), (second, "second input"), (output, "output"))
        for problem in checks.int8_activation(tensor, what)
    ]
    if first.shape != second.shape:
        found.append(
            f"shapes {checks.shape(first)} and {checks.shape(second)} differ: "
            "broadcasting is not supported"
        )
    if first.is_constant and second.is_constant:
        found.append("both inputs are constants: let the converter fold them")
    yield from found
    if found:
        return
    yield from activation_problems(op.attributes(Add).activation, output.qparams)
    yield from too_small_output(graph, op)


def too_small_output(graph: Graph, op: Op) -> Iterator[str]:
    """TFLite aborts where the rescaling is not below 1 (QuantizeMultiplierSmallerThanOneExp)."""
    output = graph.output(op).qparams
    twice = 2 * max(graph.input(op, 0).qparams.scale, graph.input(op, 1).qparams.scale)
    if not twice / (2**LEFT_SHIFT * output.scale) < 1:
        yield f"output scale {output.scale:g} is too small for the input scales"


def _example(rng: np.random.Generator) -> Graph:
    """One input at the edge: the other operand is a constant, or made of it on another scale."""
    shape: Shape = (1, *examples.any_pair(rng, 1, 9), int(rng.integers(1, 13)))
    first, second = examples.any_quant(rng), examples.any_quant(rng)
    spread = max(first.scale, second.scale) * rng.uniform(0.5, 2.5)
    result = replace(examples.any_quant(rng), scales=(float(np.float32(spread)),))
    attrs = Add(examples.any_activation(rng))
    if not rng.integers(3):
        shape = shape[: int(rng.integers(2, 5))]
        values = rng.integers(-128, 128, shape)
        operands = [
            examples.variable("input", shape, first),
            examples.constant("constant", values, DType.INT8, second),
        ]
        if rng.integers(2):
            operands.reverse()
        return examples.single(
            "ADD", attrs, tuple(operands), examples.variable("output", shape, result)
        )
    pool = MaxPool2D((3, 3), (1, 1), Padding("SAME"), Activation.NONE)
    order = (0, 2) if rng.integers(2) else (2, 0)
    return examples.chain(
        "add",
        (
            examples.variable("input", shape, first),
            examples.variable("neighbourhood", shape, first),
            examples.variable("other", shape, second),
            examples.variable("output", shape, result),
        ),
        (
            Op(0, "MAX_POOL_2D", (0,), (1,), pool),
            Op(1, "QUANTIZE", (1,), (2,), NoAttrs()),
            Op(2, "ADD", order, (3,), attrs),
        ),
    )


OPERATOR = Operator(
    kind="ADD",
    version=2,
    options="AddOptions",
    takes="two tensors of one shape; one may be a constant",
    inputs=(2, 2),
    parse=_parse,
    unparse=_unparse,
    problems=_problems,
    shape=same_shape,
    macs=no_macs,
    example=_example,
)
