"""Random networks of layers that can run by rows: chains, and blocks with a way around them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mcugen.ir import DType, Graph, Quant, Tensor
from mcugen.ops import examples
from mcugen.ops.activation import Activation
from mcugen.ops.add import Add
from mcugen.ops.average_pool_2d import AveragePool2D
from mcugen.ops.base import NoAttrs
from mcugen.ops.conv_2d import Conv2D
from mcugen.ops.depthwise_conv_2d import DepthwiseConv2D
from mcugen.ops.max_pool_2d import MaxPool2D
from mcugen.ops.padding import Padding
from tests.networks import RELU6_QUANT, Builder


def random_network(
    rng: np.random.Generator, layers: int = 8, side: int = 20, channels: int = 12
) -> Graph:
    """At most ``layers`` layers and a picture of at most ``side`` rows and columns."""
    b = Builder(rng)
    shape = (1, *examples.any_pair(rng, 2, side), int(rng.integers(1, channels)))
    source = at = b.tensor(examples.variable("picture", shape, RELU6_QUANT))
    branch = source
    for number in range(int(rng.integers(1, layers + 1))):
        name = f"layer_{number}"
        if b.shape(branch) == b.shape(at) and branch != at and rng.integers(2):
            shape = b.shape(at)
            inputs = (at, branch) if rng.integers(2) else (branch, at)
            at = b.op("ADD", Add(Activation.NONE), inputs, _variable(name, shape))
        else:
            at = _layer(b, name, at, channels)
        if rng.integers(3) == 0:
            branch = at
    if at == source:
        at = _layer(b, "last", at, channels)
    return b.graph("random", source, at)


def _layer(b: Builder, name: str, source: int, channels: int) -> int:
    rng, (_, height, width, depth) = b.rng, b.shape(source)
    window = _window(rng, height, width)
    stride = (1, 1) if rng.integers(2) else examples.any_pair(rng, 1, 2)
    padding = Padding("SAME" if rng.integers(3) else "VALID")
    size = padding.output_hw((height, width), window, stride)
    kind = rng.integers(8)
    if kind == 0:
        attrs = AveragePool2D(window, stride, padding, Activation.NONE)
        return b.op("AVERAGE_POOL_2D", attrs, (source,), _variable(name, (1, *size, depth)))
    if kind == 1:
        pool = MaxPool2D(window, stride, padding, Activation.NONE)
        return b.op("MAX_POOL_2D", pool, (source,), _variable(name, (1, *size, depth)))
    if kind < 5:
        multiplier = 2 if depth < channels and not rng.integers(4) else 1
        units = depth * multiplier
        weights = b.weights((1, *window, units), 3)
        bias = b.bias(source, weights, units)
        depthwise = DepthwiseConv2D(stride, padding, Activation.RELU6, multiplier)
        inputs, shape = (source, weights, bias), (1, *size, units)
        return b.op("DEPTHWISE_CONV_2D", depthwise, inputs, _variable(name, shape))
    units = int(rng.integers(1, channels))
    weights = b.weights((units, *window, depth), 0)
    bias = b.bias(source, weights, units)
    convolution = Conv2D(stride, padding, Activation.RELU6)
    inputs, shape = (source, weights, bias), (1, *size, units)
    return b.op("CONV_2D", convolution, inputs, _variable(name, shape))


def _window(rng: np.random.Generator, height: int, width: int) -> tuple[int, int]:
    """Mostly 3x3 and 1x1, no larger than the picture."""
    choices = [(3, 3), (3, 3), (1, 1), (1, 1), examples.any_pair(rng, 1, 5)]
    window = choices[int(rng.integers(len(choices)))]
    return min(window[0], height), min(window[1], width)


def _variable(name: str, shape: tuple[int, ...]) -> Tensor:
    return examples.variable(name, shape, RELU6_QUANT)


def expanding_network() -> Graph:
    """Few channels outside and many inside, with a window of three rows between two layers."""
    b = Builder(np.random.default_rng(2018))
    source = b.tensor(examples.variable("picture", (1, 12, 12, 4), RELU6_QUANT))
    wide = b.conv("net/expand/Relu6", source, 16, kernel=1, stride=1)
    narrow = b.conv("net/project/Relu6", b.depthwise("net/dw/Relu6", wide, 1), 4, 1, 1)
    pool = AveragePool2D((2, 2), (2, 2), Padding("VALID"), Activation.NONE)
    result = b.op(
        "AVERAGE_POOL_2D", pool, (narrow,), examples.variable("net/pool", (1, 6, 6, 4), RELU6_QUANT)
    )
    return b.graph("expanding", source, result)


def typed_network(dtype: DType) -> Graph:
    """From uint8 or float32 to float32, with a way around a block."""
    b = Builder(np.random.default_rng(3))
    quant = Quant((1 / 64,), (120,)) if dtype is DType.UINT8 else None
    picture = replace(_variable("picture", (1, 15, 14, 3)), dtype=dtype, quant=quant)
    source = b.tensor(picture)
    quantised = examples.variable("quantised", picture.shape, Quant((1 / 64,), (-8,)))
    first = b.conv("first", b.op("QUANTIZE", NoAttrs(), (source,), quantised), 12, 3, 1)
    block = b.conv("project", b.depthwise("dw", first, 1), 12, 1, 1)
    total = examples.variable("sum", b.shape(block), Quant((0.05,), (-100,)))
    added = b.op("ADD", Add(Activation.NONE), (block, first), total)
    last = b.conv("last", added, 3, 1, 2)
    real = replace(_variable("real", b.shape(last)), dtype=DType.FLOAT32, quant=None)
    return b.graph("typed", source, b.op("DEQUANTIZE", NoAttrs(), (last,), real))
