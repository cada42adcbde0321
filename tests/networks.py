"""Small networks with an operator of every kind that a MobileNet has, made from a fixed seed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcugen.ir import DType, Graph, Op, Quant, Shape, Tensor
from mcugen.ops import examples
from mcugen.ops.activation import Activation
from mcugen.ops.add import Add
from mcugen.ops.average_pool_2d import AveragePool2D
from mcugen.ops.base import NoAttrs
from mcugen.ops.conv_2d import Conv2D
from mcugen.ops.depthwise_conv_2d import DepthwiseConv2D
from mcugen.ops.fully_connected import FullyConnected
from mcugen.ops.padding import Padding
from mcugen.ops.softmax import OUTPUT_QUANT, Softmax

SAME = Padding("SAME")
RELU6_QUANT = Quant((6 / 255,), (-128,))


@dataclass
class Builder:
    """Appends operators to a graph, one output each."""

    rng: np.random.Generator
    tensors: list[Tensor] = field(default_factory=list)
    ops: list[Op] = field(default_factory=list)

    def tensor(self, tensor: Tensor) -> int:
        self.tensors.append(replace(tensor, id=len(self.tensors)))
        return len(self.tensors) - 1

    def op(self, kind: str, attrs: object, inputs: tuple[int, ...], output: Tensor) -> int:
        result = self.tensor(output)
        self.ops.append(Op(len(self.ops), kind, inputs, (result,), attrs))
        return result

    def shape(self, tensor_id: int) -> Shape:
        return self.tensors[tensor_id].shape

    def weights(self, shape: Shape, axis: int) -> int:
        values: NDArray[Any] = self.rng.integers(-127, 128, shape)
        scales = tuple(float(np.float32(s)) for s in self.rng.uniform(0.002, 0.004, shape[axis]))
        quant = Quant(scales, (0,) * len(scales), axis)
        return self.tensor(examples.constant("weights", values, DType.INT8, quant))

    def bias(self, source: int, weights: int, units: int) -> int:
        scale = self.tensors[source].qparams.scale
        scales = tuple(float(np.float32(scale * s)) for s in self.tensors[weights].qparams.scales)
        values = self.rng.integers(-2000, 2000, units)
        quant = Quant(scales, (0,) * len(scales))
        return self.tensor(examples.constant("bias", values, DType.INT32, quant))

    def conv(self, name: str, source: int, units: int, kernel: int, stride: int) -> int:
        _, height, width, channels = self.shape(source)
        weights = self.weights((units, kernel, kernel, channels), 0)
        bias = self.bias(source, weights, units)
        shape = (1, -(-height // stride), -(-width // stride), units)
        return self.op(
            "CONV_2D",
            Conv2D((stride, stride), SAME, Activation.RELU6),
            (source, weights, bias),
            examples.variable(name, shape, RELU6_QUANT),
        )

    def depthwise(self, name: str, source: int, stride: int) -> int:
        _, height, width, channels = self.shape(source)
        weights = self.weights((1, 3, 3, channels), 3)
        bias = self.bias(source, weights, channels)
        shape = (1, -(-height // stride), -(-width // stride), channels)
        return self.op(
            "DEPTHWISE_CONV_2D",
            DepthwiseConv2D((stride, stride), SAME, Activation.RELU6, multiplier=1),
            (source, weights, bias),
            examples.variable(name, shape, RELU6_QUANT),
        )

    def graph(self, name: str, source: int, result: int) -> Graph:
        return Graph(name, tuple(self.tensors), tuple(self.ops), (source,), (result,))


def small_mobilenet() -> Graph:
    """A separable network with a residual sum: 12x12x3 to 4 classes."""
    b = Builder(np.random.default_rng(2017))
    source = b.tensor(examples.variable("picture", (1, 12, 12, 3), Quant((1 / 128,), (-1,))))
    first = b.conv("net/conv_0/Relu6", source, 8, kernel=3, stride=2)
    wide = b.conv(
        "net/pw_1/Relu6;net/pw_1/Conv2D", b.depthwise("net/dw_1/Relu6", first, 1), 8, 1, 1
    )
    total = b.op(
        "ADD",
        Add(Activation.NONE),
        (wide, first),
        examples.variable("net/residual", b.shape(first), Quant((0.05,), (-100,))),
    )
    narrow = b.conv("net/pw_2/Relu6", b.depthwise("net/dw_2/Relu6", total, 2), 16, 1, 1)
    pooled = b.op(
        "AVERAGE_POOL_2D",
        AveragePool2D((3, 3), (1, 1), Padding("VALID"), Activation.NONE),
        (narrow,),
        examples.variable("net/pool", (1, 1, 1, 16), RELU6_QUANT),
    )
    weights = b.tensor(
        examples.constant(
            "dense", b.rng.integers(-127, 128, (4, 16)), DType.INT8, Quant((0.003,), (0,))
        )
    )
    logits = b.op(
        "FULLY_CONNECTED",
        FullyConnected(Activation.NONE),
        (pooled, weights, b.bias(pooled, weights, 4)),
        examples.variable("net/dense", (1, 4), Quant((0.09,), (3,))),
    )
    result = b.op(
        "SOFTMAX", Softmax(1.0), (logits,), examples.variable("scores", (1, 4), OUTPUT_QUANT)
    )
    return b.graph("small_mobilenet", source, result)


def padded_convolution(rng: np.random.Generator, kind: str) -> Graph:
    """PAD, then CONV_2D or DEPTHWISE_CONV_2D: margins up to twice the window, windows that miss.

    Windows of 3x3 and margins of at most 2, where other kernels are chosen, come more often.
    """
    picture = examples.any_pair(rng, 1, 8)
    window = (3, 3) if rng.integers(2) else examples.any_pair(rng, 1, 5)
    reach = (2, 2) if rng.integers(2) else (2 * window[0], 2 * window[1])
    pads = np.zeros((4, 2), np.int64)
    pads[1] = rng.integers(0, reach[0] + 1, 2)
    pads[2] = rng.integers(0, reach[1] + 1, 2)
    padded = (picture[0] + int(pads[1].sum()), picture[1] + int(pads[2].sum()))
    window = (min(window[0], padded[0]), min(window[1], padded[1]))
    stride, scheme = examples.any_pair(rng, 1, 3), Padding("SAME" if rng.integers(2) else "VALID")
    channels, units = int(rng.integers(1, 20)), int(rng.integers(1, 13))
    quant, activation = examples.any_quant(rng), examples.any_activation(rng)
    attrs: Conv2D | DepthwiseConv2D = Conv2D(stride, scheme, activation)
    shape, axis, taps = (units, *window, channels), 0, window[0] * window[1] * channels
    if kind == "DEPTHWISE_CONV_2D":
        multiplier = 1 if rng.integers(4) else int(rng.integers(2, 5))
        attrs = DepthwiseConv2D(stride, scheme, activation, multiplier)
        units = channels * multiplier
        shape, axis, taps = (1, *window, units), 3, window[0] * window[1]
    weights = examples.any_weights(rng, shape, axis)
    result, deviation = examples.matching_output(rng, quant, weights, taps)
    b = Builder(rng)
    source = b.tensor(examples.variable("picture", (1, *picture, channels), quant))
    margins = b.tensor(examples.constant("margins", pads))
    wide = b.op(
        "PAD", NoAttrs(), (source, margins), examples.variable("pad", (1, *padded, channels), quant)
    )
    bias = examples.any_bias(rng, quant, weights.qparams, units, deviation)
    constants = [b.tensor(one) for one in (weights, bias) if one is not None]
    size = scheme.output_hw(padded, window, stride)
    output = examples.variable("convolution", (1, *size, units), result)
    return b.graph("padded", source, b.op(kind, attrs, (wide, *constants), output))
