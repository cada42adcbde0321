"""What AVERAGE_POOL_2D and MAX_POOL_2D share: attributes, conditions, shape rule and examples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from mcugen.ir import Graph, Op, Shape
from mcugen.ops import checks, examples
from mcugen.ops.activation import Activation, activation_problems, parse_activation
from mcugen.ops.base import Options, Values
from mcugen.ops.padding import (
    Padding,
    Pair,
    parse_padding,
    parse_pair,
    unparse_padding,
    window_problems,
)

# TFLite takes quantisations whose scales differ by less for the same (PoolingPrepare).
_SAME_SCALE = 1e-6


@dataclass(frozen=True)
class Pool2D:
    """``filter`` and ``stride`` are (height, width)."""

    filter: Pair
    stride: Pair
    padding: Padding
    activation: Activation


PoolT = TypeVar("PoolT", bound=Pool2D)


def parse_pool(kind: type[PoolT], options: Options) -> PoolT:
    return kind(
        filter=parse_pair(options, "FilterHeight", "FilterWidth"),
        stride=parse_pair(options, "StrideH", "StrideW"),
        padding=parse_padding(options),
        activation=parse_activation(options),
    )


def unparse_pool(attrs: Pool2D) -> Values:
    return {
        "FilterHeight": attrs.filter[0],
        "FilterWidth": attrs.filter[1],
        "StrideH": attrs.stride[0],
        "StrideW": attrs.stride[1],
        "Padding": unparse_padding(attrs.padding),
        "FusedActivationFunction": attrs.activation.value,
    }


def pool_problems(graph: Graph, op: Op) -> Iterator[str]:
    attrs = op.attributes(Pool2D)
    source, output = graph.input(op, 0), graph.output(op)
    found = [
        problem
        for tensor, what in ((source, "input"), (output, "output"))
        for check in (checks.int8_activation, checks.image)
        for problem in check(tensor, what)
    ]
    yield from found
    yield from window_problems(attrs.filter, attrs.stride)
    if found:
        return
    before, after = source.qparams, output.qparams
    if abs(before.scale - after.scale) > _SAME_SCALE or before.zero_point != after.zero_point:
        yield "input and output have different quantisation: pooling does not rescale"
    yield from activation_problems(attrs.activation, after)


def pool_shape(graph: Graph, op: Op) -> Shape:
    attrs = op.attributes(Pool2D)
    _, height, width, channels = graph.input(op, 0).shape
    size = attrs.padding.output_hw((height, width), attrs.filter, attrs.stride)
    return (1, *size, channels)


def pool_example(kind: str, attributes: type[Pool2D], rng: np.random.Generator) -> Graph:
    picture, window, stride, padding = examples.any_window(rng)
    channels = int(rng.integers(1, 13))
    attrs = attributes(window, stride, padding, examples.any_activation(rng))
    quant = examples.any_quant(rng)
    size = attrs.padding.output_hw(picture, window, stride)
    return examples.single(
        kind,
        attrs,
        (examples.variable("input", (1, *picture, channels), quant),),
        examples.variable("output", (1, *size, channels), quant),
    )
