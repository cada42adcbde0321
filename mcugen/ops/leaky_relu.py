"""LEAKY_RELU: x where it is positive, alpha times x where it is not."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mcugen.ir import Graph, Op
from mcugen.ops import elementwise
from mcugen.ops.base import Operator, Options, Values, no_macs, same_shape


@dataclass(frozen=True)
class LeakyRelu:
    """``alpha`` is a float32 value."""

    alpha: float


def scales(graph: Graph, op: Op) -> tuple[float, float]:
    """What positive and negative values are multiplied by (TFLite ``LeakyReluPrepare``)."""
    source, output = graph.input(op, 0).qparams, graph.output(op).qparams
    alpha = op.attributes(LeakyRelu).alpha
    return (
        elementwise.ratio(source.scale, output.scale),
        elementwise.ratio(source.scale * alpha, output.scale),
    )


def _parse(options: Options) -> LeakyRelu:
    return LeakyRelu(float(options["Alpha"]))


def _unparse(attrs: LeakyRelu) -> Values:
    return {"Alpha": attrs.alpha}


def _problems(graph: Graph, op: Op) -> Iterator[str]:
    found = elementwise.int8_edges(graph, op)
    yield from found
    alpha = op.attributes(LeakyRelu).alpha
    if not (math.isfinite(alpha) and 0 <= alpha <= 1):
        yield f"alpha is {alpha:g}: it must lie between 0 and 1"
    elif not found:
        yield from elementwise.rescalable(scales(graph, op)[0])


def _example(rng: np.random.Generator) -> Graph:
    alpha = float(np.float32(rng.choice([0.0, 0.01, 0.2, 0.3, rng.uniform()])))
    return elementwise.first(
        lambda: elementwise.example(rng, "LEAKY_RELU", LeakyRelu(alpha)),
        lambda graph, op: elementwise.scales_clear_cut(*scales(graph, op)),
    )


OPERATOR = Operator(
    kind="LEAKY_RELU",
    version=2,
    options="LeakyReluOptions",
    takes="alpha from 0 to 1",
    inputs=(1, 1),
    parse=_parse,
    unparse=_unparse,
    problems=_problems,
    shape=same_shape,
    macs=no_macs,
    example=_example,
)
