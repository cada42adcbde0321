"""DEPTHWISE_CONV_2D: every input channel convolved with ``multiplier`` filters of its own."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mcugen.ir import Graph, Op, Shape
from mcugen.ops import checks, examples
from mcugen.ops.activation import Activation, activation_problems, parse_activation
from mcugen.ops.base import Operator, Options, Values
from mcugen.ops.padding import (
    Padding,
    Pair,
    parse_padding,
    parse_pair,
    unparse_padding,
    window_problems,
)


@dataclass(frozen=True)
class DepthwiseConv2D:
    """``stride`` and ``dilation`` are (height, width); ``multiplier`` is outputs per channel."""

    stride: Pair
    padding: Padding
    activation: Activation
    multiplier: int
    dilation: Pair = (1, 1)


def _parse(options: Options) -> DepthwiseConv2D:
    return DepthwiseConv2D(
        stride=parse_pair(options, "StrideH", "StrideW"),
        padding=parse_padding(options),
        activation=parse_activation(options),
        multiplier=int(options["DepthMultiplier"]),
        dilation=parse_pair(options, "DilationHFactor", "DilationWFactor"),
    )


def _unparse(attrs: DepthwiseConv2D) -> Values:
    return {
        "StrideH": attrs.stride[0],
        "StrideW": attrs.stride[1],
        "Padding": unparse_padding(attrs.padding),
        "FusedActivationFunction": attrs.activation.value,
        "DepthMultiplier": attrs.multiplier,
        "DilationHFactor": attrs.dilation[0],
        "DilationWFactor": attrs.dilation[1],
    }


def _problems(graph: Graph, op: Op) -> Iterator[str]:
    found = list(_form(graph, op))
    yield from found
    if found:
        return
    source, weights, output = graph.input(op, 0), graph.input(op, 1), graph.output(op)
    yield from activation_problems(op.attributes(DepthwiseConv2D).activation, output.qparams)
    yield from checks.accumulators(
        weights.array().reshape(-1, weights.shape[3]).T,
        graph.optional_input(op, 2),
        source.qparams,
        checks.effective_scales(source.qparams, weights.qparams, output.qparams),
    )


def _form(graph: Graph, op: Op) -> Iterator[str]:
    attrs = op.attributes(DepthwiseConv2D)
    source, weights, output = graph.input(op, 0), graph.input(op, 1), graph.output(op)
    for tensor, what in ((source, "input"), (output, "output")):
        yield from checks.int8_activation(tensor, what)
        yield from checks.image(tensor, what)
    yield from checks.symmetric_weights(weights, axis=3)
    if attrs.dilation != (1, 1):
        yield f"dilation {attrs.dilation[0]}x{attrs.dilation[1]}: only 1x1 is supported"
    if len(weights.shape) != 4 or weights.shape[0] != 1:
        yield f"weights have shape {checks.shape(weights)}, not 1 x height x width x channels"
        return
    yield from window_problems((weights.shape[1], weights.shape[2]), attrs.stride)
    yield from checks.int32_bias(graph.optional_input(op, 2), weights.shape[3])
    if len(source.shape) == 4 and source.shape[3] * attrs.multiplier != weights.shape[3]:
        yield (
            f"depth multiplier {attrs.multiplier} times {source.shape[3]} input channels is not "
            f"the {weights.shape[3]} channels of the weights"
        )


def _shape(graph: Graph, op: Op) -> Shape:
    attrs = op.attributes(DepthwiseConv2D)
    _, height, width, units = graph.input(op, 1).shape
    size = attrs.padding.output_hw(graph.input(op, 0).shape[1:3], (height, width), attrs.stride)
    return (1, *size, units)


def _macs(graph: Graph, op: Op) -> int:
    return graph.output(op).elements * math.prod(graph.input(op, 1).shape[1:3])


def _example(rng: np.random.Generator) -> Graph:
    picture, window, stride, padding = examples.any_window(rng)
    channels = int(rng.integers(1, 13))
    multiplier = int(rng.integers(1, 9)) if rng.integers(2) else 1
    attrs = DepthwiseConv2D(stride, padding, examples.any_activation(rng), multiplier)
    quant = examples.any_quant(rng)
    weights = examples.any_weights(rng, (1, *window, channels * multiplier), axis=3)
    result, deviation = examples.matching_output(rng, quant, weights, math.prod(window))
    size = attrs.padding.output_hw(picture, window, stride)
    bias = examples.any_bias(rng, quant, weights.qparams, channels * multiplier, deviation)
    return examples.single(
        "DEPTHWISE_CONV_2D",
        attrs,
        (examples.variable("input", (1, *picture, channels), quant), weights, bias),
        examples.variable("output", (1, *size, channels * multiplier), result),
    )


OPERATOR = Operator(
    kind="DEPTHWISE_CONV_2D",
    version=3,
    options="DepthwiseConv2DOptions",
    takes="as CONV_2D, any depth multiplier",
    inputs=(2, 3),
    parse=_parse,
    unparse=_unparse,
    problems=_problems,
    shape=_shape,
    macs=_macs,
    example=_example,
)
