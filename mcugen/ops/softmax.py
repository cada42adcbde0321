"""SOFTMAX over the last dimension."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mcugen.ir import Graph, Op, Quant
from mcugen.numerics import EXP_INTEGER_BITS, SOFTMAX_DEPTH_LIMIT
from mcugen.ops import checks, examples
from mcugen.ops.base import Operator, Options, Values, no_macs, same_shape

OUTPUT_QUANT = Quant((1 / 256,), (-128,))
"""The only one that TFLite's softmax produces."""


@dataclass(frozen=True)
class Softmax:
    """exp(beta * x), normalised; ``beta`` is a float32 value."""

    beta: float


def _parse(options: Options) -> Softmax:
    return Softmax(float(options["Beta"]))


def _unparse(attrs: Softmax) -> Values:
    return {"Beta": attrs.beta}


def _problems(graph: Graph, op: Op) -> Iterator[str]:
    source, output = graph.input(op, 0), graph.output(op)
    found = [*checks.int8_activation(source, "input"), *checks.int8_activation(output, "output")]
    yield from found
    if found:
        return
    result = output.qparams
    if (result.scale, result.zero_point) != (OUTPUT_QUANT.scale, OUTPUT_QUANT.zero_point):
        yield (
            f"output has scale {result.scale:g} and zero point {result.zero_point}: "
            "softmax gives 1/256 and -128 only"
        )
    beta = op.attributes(Softmax).beta
    # TFLite aborts where the scaled multiplier is not above 1 (PreprocessSoftmaxScaling).
    fraction_bits = 31 - EXP_INTEGER_BITS
    if not (math.isfinite(beta) and beta * source.qparams.scale * 2**fraction_bits > 1):
        yield (
            f"beta {beta:g} times input scale {source.qparams.scale:g} is too small: the logits "
            "hardly vary, as in a network that was not trained"
        )
    if not source.shape:
        yield "input is a scalar"
    elif source.shape[-1] >= SOFTMAX_DEPTH_LIMIT:
        yield (
            f"{source.shape[-1]} classes: from {SOFTMAX_DEPTH_LIMIT} on the reference's sum "
            "can overflow"
        )


def _example(rng: np.random.Generator) -> Graph:
    # From 512 classes on the reference has no answer when all logits are alike.
    depth = int(rng.choice([1, 2, 10, 100, 511, 600, 4095, int(rng.integers(3, 40))]))
    shape = (*(int(size) for size in rng.integers(1, 4, rng.integers(3))), depth)
    if len(shape) == 3:
        shape = (1, *shape)
    quant = examples.any_quant(rng)
    beta = 1.0 if rng.integers(4) else float(np.float32(rng.uniform(0.1, 4.0)))
    return examples.single(
        "SOFTMAX",
        Softmax(beta),
        (examples.variable("input", shape, quant),),
        examples.variable("output", shape, OUTPUT_QUANT),
    )


OPERATOR = Operator(
    kind="SOFTMAX",
    version=2,
    options="SoftmaxOptions",
    takes="over the last dimension, fewer than 4,096 classes",
    inputs=(1, 1),
    parse=_parse,
    unparse=_unparse,
    problems=_problems,
    shape=same_shape,
    macs=no_macs,
    example=_example,
)
