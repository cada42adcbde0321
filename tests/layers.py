"""Random layers of the sizes that networks have, for each of the C functions that run them.

The operators' own ``example`` functions make small ones, with more odd cases in them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from mcugen.ir import DType, Graph, Quant, Shape, Tensor
from mcugen.ops import examples
from mcugen.ops.activation import Activation, activation_range
from mcugen.ops.add import Add
from mcugen.ops.average_pool_2d import AveragePool2D
from mcugen.ops.base import NoAttrs
from mcugen.ops.concatenation import Concatenation
from mcugen.ops.conv_2d import Conv2D
from mcugen.ops.depthwise_conv_2d import DepthwiseConv2D
from mcugen.ops.fully_connected import FullyConnected
from mcugen.ops.max_pool_2d import MaxPool2D
from mcugen.ops.mean import Mean
from mcugen.ops.padding import Padding, Pair
from mcugen.ops.reduce_max import ReduceMax
from mcugen.ops.registry import OPERATORS
from mcugen.ops.resize_bilinear import ResizeBilinear
from mcugen.ops.resize_nearest_neighbor import ResizeNearestNeighbor
from mcugen.ops.softmax import Softmax

Rng = np.random.Generator
Make = Callable[[Rng], Graph]

_LARGEST_TENSOR = 60_000
_LEAST_WORK, _MOST_WORK = 2_000, 2_000_000
_WINDOWS: tuple[Pair, ...] = ((3, 3), (3, 3), (5, 5), (1, 3), (2, 2), (3, 1), (4, 2), (7, 5))
_STRIDES: tuple[Pair, ...] = ((1, 1), (2, 2), (2, 1), (1, 2), (3, 3))


def pointwise(rng: Rng) -> Graph:
    return _within(rng, lambda: _conv(rng, (1, 1), (1, 1), _channels(rng, 200), 200))


def pointwise_strided(rng: Rng) -> Graph:
    return _within(rng, lambda: _conv(rng, (1, 1), _any(rng, _STRIDES[1:]), _channels(rng, 99), 99))


def convolution(rng: Rng) -> Graph:
    return _within(
        rng, lambda: _conv(rng, _any(rng, _WINDOWS), _any(rng, _STRIDES), _channels(rng, 48), 48)
    )


def first_layer(rng: Rng) -> Graph:
    """3x3 over 1 to 4 channels."""
    return _within(
        rng, lambda: _conv(rng, (3, 3), _any(rng, _STRIDES[:2]), int(rng.integers(1, 5)), 32)
    )


def depthwise_3x3(rng: Rng) -> Graph:
    return _within(rng, lambda: _depthwise(rng, (3, 3), _any(rng, _STRIDES[:2]), 150, 1))


def depthwise(rng: Rng) -> Graph:
    return _within(
        rng, lambda: _depthwise(rng, _any(rng, _WINDOWS[2:]), _any(rng, _STRIDES), 100, 1)
    )


def depthwise_multiplied(rng: Rng) -> Graph:
    return _within(
        rng,
        lambda: _depthwise(
            rng, _any(rng, _WINDOWS), _any(rng, _STRIDES), 16, int(rng.integers(2, 9))
        ),
    )


def fanned_out(rng: Rng) -> Graph:
    """3x3 depthwise over one channel."""
    return _within(
        rng, lambda: _depthwise(rng, (3, 3), _any(rng, _STRIDES[:2]), 1, _size(rng, 2, 32))
    )


def fully_connected(rng: Rng) -> Graph:
    return _within(rng, lambda: _fully_connected(rng, 1 if rng.integers(3) else _size(rng, 2, 12)))


def connected_pixel(rng: Rng) -> Graph:
    return _within(rng, lambda: _fully_connected(rng, 1))


def average_pool(rng: Rng) -> Graph:
    return _within(rng, lambda: _pool(rng, "AVERAGE_POOL_2D", AveragePool2D))


def max_pool(rng: Rng) -> Graph:
    return _within(rng, lambda: _pool(rng, "MAX_POOL_2D", MaxPool2D))


def add(rng: Rng) -> Graph:
    shape = _picture_shape(rng)
    values = rng.integers(-128, 128, shape)
    return examples.single(
        "ADD",
        Add(_activation(rng)),
        (
            examples.variable("a", shape, examples.any_quant(rng)),
            examples.constant("b", values, DType.INT8, examples.any_quant(rng)),
        ),
        examples.variable("out", shape, examples.any_quant(rng)),
    )


def channelwise(kind: str) -> Make:
    """A picture and a constant, of its own size or one value a channel."""

    def make(rng: Rng) -> Graph:
        shape, graph = _picture_shape(rng), OPERATORS[kind].example(rng)
        small = shape if rng.integers(2) else shape[3:]
        quants = [graph.tensor(graph.inputs[0]).quant, graph.tensor(graph.outputs[0]).quant]
        return examples.single(
            kind,
            graph.ops[-1].attrs,
            (
                examples.variable("picture", shape, quants[0]),
                examples.constant("other", rng.integers(-128, 128, small), DType.INT8, quants[0]),
            ),
            examples.variable("out", shape, quants[1]),
        )

    make.__name__ = kind.lower()
    return make


def mean(rng: Rng) -> Graph:
    shape, over = _picture_shape(rng), [(1, 2), (1,), (2,)][rng.integers(3)]
    return _reduction(rng, "MEAN", Mean(keep_dims=True), shape, over, examples.any_quant(rng))


def mean_of_channels(rng: Rng) -> Graph:
    shape, over = _picture_shape(rng), [(3,), (2, 3), (1, 2, 3), (1, 3)][rng.integers(4)]
    return _reduction(rng, "MEAN", Mean(keep_dims=True), shape, over, examples.any_quant(rng))


def largest(rng: Rng) -> Graph:
    shape, over = _picture_shape(rng), [(1, 2), (1,), (2,), (3,), (1, 3)][rng.integers(5)]
    return _reduction(rng, "REDUCE_MAX", ReduceMax(keep_dims=True), shape, over, None)


def _reduction(
    rng: Rng, kind: str, attrs: object, shape: Shape, over: tuple[int, ...], after: Quant | None
) -> Graph:
    """``after`` is the output's quantisation, None for the input's."""
    output = tuple(1 if axis in over else size for axis, size in enumerate(shape))
    quant = examples.any_quant(rng)
    return examples.single(
        kind,
        attrs,
        (examples.variable("picture", shape, quant), examples.constant("axes", np.array(over))),
        examples.variable("out", output, after or quant),
    )


def softmax(rng: Rng) -> Graph:
    shape = (1 if rng.integers(2) else _size(rng, 2, 12), _size(rng, 8, 120))
    logits = Quant((float(np.float32(rng.uniform(0.05, 0.3))),), (0,))
    return examples.single(
        "SOFTMAX",
        Softmax(1.0),
        (examples.variable("logits", shape, logits),),
        examples.variable("out", shape, Quant((1 / 256,), (-128,))),
    )


def pad(rng: Rng) -> Graph:
    shape, quant = _picture_shape(rng), examples.any_quant(rng)
    margins = np.zeros((4, 2), np.int64)
    margins[1:3] = rng.integers(1, 5, (2, 2))
    output = tuple(int(size) for size in np.array(shape) + margins.sum(axis=1))
    return examples.single(
        "PAD",
        OPERATORS["PAD"].example(rng).ops[0].attrs,
        (examples.variable("picture", shape, quant), examples.constant("margins", margins)),
        examples.variable("out", output, quant),
    )


def transpose(rng: Rng) -> Graph:
    shape, quant = _picture_shape(rng), examples.any_quant(rng)
    order = [int(axis) for axis in rng.permutation(4)]
    return examples.single(
        "TRANSPOSE",
        NoAttrs(),
        (examples.variable("picture", shape, quant), examples.constant("order", np.array(order))),
        examples.variable("out", tuple(shape[axis] for axis in order), quant),
    )


def box(rng: Rng) -> Graph:
    """Whole pixels, so that a pixel's bytes are copied at a time."""
    shape, quant = _picture_shape(rng), examples.any_quant(rng)
    size = (1, *(int(rng.integers(1, side + 1)) for side in shape[1:3]), shape[3])
    return examples.single(
        "SLICE",
        NoAttrs(),
        (
            examples.variable("picture", shape, quant),
            examples.constant("begin", np.zeros(4)),
            examples.constant("size", np.array(size)),
        ),
        examples.variable("out", size, quant),
    )


def concatenation(rng: Rng) -> Graph:
    shape, quant = _picture_shape(rng), examples.any_quant(rng)
    others = (*shape[:3], _channels(rng, 64))
    values = rng.integers(-128, 128, others)
    return examples.single(
        "CONCATENATION",
        Concatenation(3),
        (
            examples.variable("picture", shape, quant),
            examples.constant("more", values, DType.INT8, quant),
        ),
        examples.variable("out", (*shape[:3], shape[3] + others[3]), quant),
    )


def nearest(rng: Rng) -> Graph:
    attrs = ResizeNearestNeighbor(align_corners=False, half_pixel_centers=True)
    return _doubled(rng, "RESIZE_NEAREST_NEIGHBOR", attrs)


def bilinear(rng: Rng) -> Graph:
    attrs = ResizeBilinear(align_corners=False, half_pixel_centers=True)
    return _doubled(rng, "RESIZE_BILINEAR", attrs)


def _doubled(rng: Rng, kind: str, attrs: object) -> Graph:
    (_, height, width, channels), quant = _picture_shape(rng), examples.any_quant(rng)
    size = (1, height * 2, width * 2, channels)
    return examples.single(
        kind,
        attrs,
        (
            examples.variable("picture", (1, height, width, channels), quant),
            examples.constant("size", np.array(size[1:3])),
        ),
        examples.variable("out", size, quant),
    )


def quantise(rng: Rng) -> Graph:
    return _of_picture_shape(rng, OPERATORS["QUANTIZE"].example(rng))


def dequantise(rng: Rng) -> Graph:
    return _of_picture_shape(rng, OPERATORS["DEQUANTIZE"].example(rng))


MAKERS: Mapping[str, tuple[Make, ...]] = {
    "add_s8": (add,),
    "arm_avgpool_s8": (average_pool,),
    "arm_convolve_1x1_s8": (pointwise_strided,),
    "arm_convolve_1x1_s8_fast": (pointwise,),
    "arm_convolve_s8": (convolution, first_layer),
    "arm_depthwise_conv_3x3_s8": (depthwise_3x3,),
    "arm_depthwise_conv_s8": (depthwise_multiplied, fanned_out),
    "arm_depthwise_conv_s8_opt": (depthwise,),
    "arm_fully_connected_s8": (fully_connected,),
    "arm_max_pool_s8": (max_pool,),
    "copy_s8": (transpose, box),
    "dequantize_s8": (dequantise,),
    "join_s8": (concatenation,),
    "lookup_8": (quantise,),
    "maximum_s8": (channelwise("MAXIMUM"),),
    "max_s8": (largest,),
    "mean_s8": (mean,),
    "minimum_s8": (channelwise("MINIMUM"),),
    "mul_s8": (channelwise("MUL"),),
    "pad_s8": (pad,),
    "prelu_s8": (channelwise("PRELU"),),
    "quantize_f32": (quantise,),
    "resize_s8": (bilinear,),
    "rows_convolve": (first_layer, fanned_out),
    "rows_depthwise_picture": (depthwise_3x3,),
    "rows_depthwise_row": (depthwise_3x3,),
    "rows_lone_pixel": (connected_pixel,),
    "rows_pointwise_t": (pointwise, fully_connected),
    "rows_pointwise_w": (pointwise, fully_connected),
    "softmax_s8": (softmax,),
    "sum_s8": (mean_of_channels,),
    "take_s8": (nearest,),
    "sub_s8": (channelwise("SUB"),),
}
"""What a C function may be asked to run."""


def _any(rng: Rng, choices: tuple[Pair, ...]) -> Pair:
    return choices[rng.integers(len(choices))]


def _size(rng: Rng, low: int, high: int) -> int:
    """Log-uniform, both ends included."""
    return round(float(np.exp(rng.uniform(np.log(low), np.log(high)))))


def _channels(rng: Rng, most: int) -> int:
    """Half of them whole fours, as in most networks."""
    count = _size(rng, 1, most)
    return count if rng.integers(2) else -(-count // 4) * 4


def _activation(rng: Rng) -> Activation:
    return Activation.NONE if rng.integers(2) else examples.any_activation(rng)


def _varies(graph: Graph) -> bool:
    """Its activation leaves more than one value: the compiler drops what always gives the same."""
    op = graph.ops[0]
    activation = getattr(op.attrs, "activation", Activation.NONE)
    low, high = activation_range(activation, graph.output(op).qparams)
    return low < high


def _picture(rng: Rng) -> Pair:
    return _size(rng, 2, 40), _size(rng, 2, 40)


def _picture_shape(rng: Rng) -> Shape:
    while True:
        shape = (1, *_picture(rng), _channels(rng, 100))
        if 300 < math.prod(shape) < 30_000:
            return shape


def _within(rng: Rng, make: Callable[[], Graph]) -> Graph:
    """The first that is neither tiny nor slow."""
    while True:
        graph = make()
        op = graph.ops[0]
        sizes = (graph.input(op, 0).elements, graph.output(op).elements)
        work = OPERATORS[op.kind].macs(graph, op) or max(sizes)
        fits = max(sizes) < _LARGEST_TENSOR and _LEAST_WORK < work < _MOST_WORK
        if fits and _varies(graph):
            return graph


def _padding(rng: Rng, picture: Pair, window: Pair) -> Padding:
    fits = picture[0] >= window[0] and picture[1] >= window[1]
    return Padding("VALID" if fits and not rng.integers(3) else "SAME")


def _weighted(
    rng: Rng, kind: str, attrs: object, source: Shape, weights: Tensor, units: int, size: Pair
) -> Graph:
    quant = examples.any_quant(rng)
    taps = math.prod(weights.shape) // units
    result, deviation = examples.matching_output(rng, quant, weights, taps)
    return examples.single(
        kind,
        attrs,
        (
            examples.variable("picture", source, quant),
            weights,
            examples.any_bias(rng, quant, weights.qparams, units, deviation),
        ),
        examples.variable("out", (1, *size, units), result),
    )


def _conv(rng: Rng, window: Pair, stride: Pair, depth: int, most_units: int) -> Graph:
    picture, units = _picture(rng), _channels(rng, most_units)
    padding = Padding("VALID") if window == (1, 1) else _padding(rng, picture, window)
    return _weighted(
        rng,
        "CONV_2D",
        Conv2D(stride, padding, _activation(rng)),
        (1, *picture, depth),
        examples.any_weights(rng, (units, *window, depth), 0),
        units,
        padding.output_hw(picture, window, stride),
    )


def _depthwise(rng: Rng, window: Pair, stride: Pair, most: int, multiplier: int) -> Graph:
    picture, channels = _picture(rng), _channels(rng, most) if most > 1 else 1
    padding = _padding(rng, picture, window)
    return _weighted(
        rng,
        "DEPTHWISE_CONV_2D",
        DepthwiseConv2D(stride, padding, _activation(rng), multiplier),
        (1, *picture, channels),
        examples.any_weights(rng, (1, *window, channels * multiplier), 3),
        channels * multiplier,
        padding.output_hw(picture, window, stride),
    )


def _fully_connected(rng: Rng, rows: int) -> Graph:
    depth, units = _size(rng, 4, 1200), _size(rng, 2, 1000)
    quant = examples.any_quant(rng)
    weights = examples.any_weights(rng, (units, depth), 0)
    result, deviation = examples.matching_output(rng, quant, weights, depth)
    return examples.single(
        "FULLY_CONNECTED",
        FullyConnected(_activation(rng)),
        (
            examples.variable("rows", (rows, depth), quant),
            weights,
            examples.any_bias(rng, quant, weights.qparams, units, deviation),
        ),
        examples.variable("out", (rows, units), result),
    )


def _pool(rng: Rng, kind: str, attributes: Any) -> Graph:
    picture, channels = _picture(rng), _channels(rng, 100)
    window = picture if not rng.integers(3) else examples.any_pair(rng, 1, 7)
    stride, padding = examples.any_pair(rng, 1, 3), _padding(rng, picture, window)
    quant = examples.any_quant(rng)
    attrs = attributes(filter=window, stride=stride, padding=padding, activation=_activation(rng))
    return examples.single(
        kind,
        attrs,
        (examples.variable("picture", (1, *picture, channels), quant),),
        examples.variable("out", (1, *padding.output_hw(picture, window, stride), channels), quant),
    )


def _of_picture_shape(rng: Rng, graph: Graph) -> Graph:
    """The same operator over as many values as a picture has."""
    shape = _picture_shape(rng)
    source, output = graph.tensors
    return examples.single(
        graph.ops[0].kind,
        graph.ops[0].attrs,
        (replace(source, shape=shape),),
        replace(output, shape=shape),
    )
