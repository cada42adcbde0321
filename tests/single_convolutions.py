"""Random graphs of one operator that the row kernels may run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from mcugen.ir import Graph, Quant, Tensor
from mcugen.ops import examples
from mcugen.ops.conv_2d import Conv2D
from mcugen.ops.depthwise_conv_2d import DepthwiseConv2D
from mcugen.ops.fully_connected import FullyConnected
from mcugen.ops.padding import Padding, Pair

Make = Callable[[np.random.Generator], Graph]


def pointwise(rng: np.random.Generator) -> Graph:
    """1x1 over several pixels, of any depth, width and number of channels."""
    picture = examples.any_pair(rng, 1, 9)
    picture = (picture[0] + (picture == (1, 1)), picture[1])
    return _convolution(rng, picture, (1, 1), int(rng.integers(1, 70)), (1, 1))


def many_pixels(rng: np.random.Generator) -> Graph:
    """1x1 over so many pixels that weights of 16 bits pay."""
    picture = (int(rng.integers(16, 20)), int(rng.integers(16, 20)))
    return _convolution(rng, picture, (1, 1), int(rng.integers(1, 40)), (1, 1))


def lone_pixel(rng: np.random.Generator) -> Graph:
    """Fully connected, or 1x1 over one pixel."""
    if rng.integers(2):
        return _convolution(rng, (1, 1), (1, 1), int(rng.integers(1, 90)), (1, 1))
    return _fully_connected(rng, 1)


def batch(rng: np.random.Generator) -> Graph:
    """Fully connected over several rows."""
    return _fully_connected(rng, int(rng.integers(2, 8)))


def first_layer(rng: np.random.Generator) -> Graph:
    """3x3 over 1 to 4 channels."""
    stride = int(rng.integers(1, 3))
    depth = int(rng.integers(1, 5))
    return _convolution(rng, _picture(rng), (3, 3), depth, (stride, stride))


def depthwise(rng: np.random.Generator) -> Graph:
    """3x3, an output a channel."""
    return _depthwise(rng, int(rng.integers(1, 14)), 1)


def fanned_out(rng: np.random.Generator) -> Graph:
    """3x3 depthwise over one channel, with several outputs."""
    return _depthwise(rng, 1, int(rng.integers(2, 12)))


def steep(make: Make) -> Make:
    """The same with small weights and biases, and scales of which some are above 1."""

    def made(rng: np.random.Generator) -> Graph:
        graph = make(rng)
        op = graph.ops[0]
        source, weights, output = graph.input(op, 0), graph.input(op, 1), graph.output(op)
        largest = source.qparams.scale * max(weights.qparams.scales) / rng.uniform(1, 6)
        quant = replace(output.qparams, scales=(float(np.float32(largest)),))
        return replace(
            graph, tensors=tuple(_flattened(graph, tensor, quant) for tensor in graph.tensors)
        )

    made.__name__ = f"steep_{make.__name__}"
    return made


def _flattened(graph: Graph, tensor: Tensor, result: Quant) -> Tensor:
    """A tensor of a steep model: the output has the quantisation ``result``."""
    op = graph.ops[0]
    if tensor.id == op.outputs[0]:
        return replace(tensor, quant=result)
    if tensor.id == op.inputs[1]:
        values = np.clip(tensor.array(), -1, 1)
    elif tensor.id == op.inputs[2]:
        values = tensor.array() % 101 - 50
    else:
        return tensor
    return replace(tensor, data=values.astype(tensor.dtype.numpy).tobytes())


def _picture(rng: np.random.Generator) -> Pair:
    size = examples.any_pair(rng, 3, 22)
    return size if rng.integers(4) else (int(rng.integers(1, 4)), int(rng.integers(1, 4)))


def _padding(rng: np.random.Generator, picture: Pair) -> Padding:
    return Padding("SAME" if rng.integers(3) or min(picture) < 3 else "VALID")


def _convolution(
    rng: np.random.Generator, picture: Pair, window: Pair, depth: int, stride: Pair
) -> Graph:
    padding = _padding(rng, picture) if window == (3, 3) else Padding("VALID")
    units = int(rng.integers(1, 20))
    quant = examples.any_quant(rng)
    weights = examples.any_weights(rng, (units, *window, depth), 0)
    result, deviation = examples.matching_output(rng, quant, weights, window[0] * window[1] * depth)
    return examples.single(
        "CONV_2D",
        Conv2D(stride, padding, examples.any_activation(rng)),
        (
            examples.variable("picture", (1, *picture, depth), quant),
            weights,
            examples.any_bias(rng, quant, weights.qparams, units, deviation),
        ),
        examples.variable("out", (1, *padding.output_hw(picture, window, stride), units), result),
    )


def _depthwise(rng: np.random.Generator, channels: int, multiplier: int) -> Graph:
    picture, stride = _picture(rng), int(rng.integers(1, 3))
    padding = _padding(rng, picture)
    units = channels * multiplier
    quant = examples.any_quant(rng)
    weights = examples.any_weights(rng, (1, 3, 3, units), 3)
    result, deviation = examples.matching_output(rng, quant, weights, 9)
    size = padding.output_hw(picture, (3, 3), (stride, stride))
    return examples.single(
        "DEPTHWISE_CONV_2D",
        DepthwiseConv2D((stride, stride), padding, examples.any_activation(rng), multiplier),
        (
            examples.variable("picture", (1, *picture, channels), quant),
            weights,
            examples.any_bias(rng, quant, weights.qparams, units, deviation),
        ),
        examples.variable("out", (1, *size, units), result),
    )


def _fully_connected(rng: np.random.Generator, rows: int) -> Graph:
    depth, units = int(rng.integers(1, 90)), int(rng.integers(1, 40))
    quant = examples.any_quant(rng)
    weights = examples.any_weights(rng, (units, depth), 0)
    result, deviation = examples.matching_output(rng, quant, weights, depth)
    return examples.single(
        "FULLY_CONNECTED",
        FullyConnected(examples.any_activation(rng)),
        (
            examples.variable("rows", (rows, depth), quant),
            weights,
            examples.any_bias(rng, quant, weights.qparams, units, deviation),
        ),
        examples.variable("out", (rows, units), result),
    )
