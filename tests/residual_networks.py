"""Networks with a way around their blocks, with random weights: MobileNetV2 and ResNet-8."""

from __future__ import annotations

import numpy as np

from mcugen.ir import Graph, Quant
from mcugen.ops import examples
from mcugen.ops.activation import Activation
from mcugen.ops.add import Add
from mcugen.ops.average_pool_2d import AveragePool2D
from mcugen.ops.padding import Padding
from tests.paper_networks import PaperBuilder

BLOCKS = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2))
"""(expansion, channels at width 1, repeats, stride): Table 2 of Sandler et al., arXiv 1801.04381,
without its last block of 320 channels."""


def mobilenet_v2(width: float = 0.35, resolution: int = 96) -> Graph:
    """Inverted residual blocks."""
    b = PaperBuilder(np.random.default_rng(1801))
    picture = examples.variable("picture", (1, resolution, resolution, 3), Quant((1 / 64,), (0,)))
    source = b.tensor(picture)
    at = b.conv("first", source, _channels(32 * width), 3, 2)
    for number, (expansion, units, repeats, stride) in enumerate(BLOCKS):
        for repeat in range(repeats):
            name, before = f"block_{number}_{repeat}", at
            if expansion > 1:
                at = b.conv(f"{name}/expand", at, expansion * b.shape(at)[3], 1, 1)
            at = b.depthwise(f"{name}/dw", at, stride if repeat == 0 else 1)
            at = b.conv(f"{name}/project", at, _channels(units * width), 1, 1)
            if b.shape(at) == b.shape(before):
                at = _sum(b, f"{name}/add", at, before)
    return b.graph("mobilenet_v2", source, _pooled(b, at))


def resnet_8(resolution: int = 32) -> Graph:
    """Three blocks of two convolutions, the way around strided ones a 1x1 convolution."""
    b = PaperBuilder(np.random.default_rng(1512))
    picture = examples.variable("picture", (1, resolution, resolution, 3), Quant((1 / 64,), (0,)))
    source = b.tensor(picture)
    at = b.conv("first", source, 16, 3, 1)
    for number, (units, stride) in enumerate(((16, 1), (32, 2), (64, 2))):
        inside = b.conv(f"block_{number}/conv_0", at, units, 3, stride)
        inside = b.conv(f"block_{number}/conv_1", inside, units, 3, 1)
        around = at if stride == 1 else b.conv(f"block_{number}/around", at, units, 1, stride)
        at = _sum(b, f"block_{number}/add", inside, around)
    return b.graph("resnet_8", source, _pooled(b, at))


def _channels(units: float) -> int:
    """Rounded to a multiple of 8, at least 8."""
    return max(8, int(units + 4) // 8 * 8)


def _sum(b: PaperBuilder, name: str, one: int, two: int) -> int:
    output = examples.variable(name, b.shape(one), Quant((0.04,), (-128,)))
    return b.op("ADD", Add(Activation.NONE), (one, two), output)


def _pooled(b: PaperBuilder, source: int) -> int:
    _, height, width, channels = b.shape(source)
    pool = AveragePool2D((height, width), (1, 1), Padding("VALID"), Activation.NONE)
    output = examples.variable("pool", (1, 1, 1, channels), b.tensors[source].qparams)
    return b.op("AVERAGE_POOL_2D", pool, (source,), output)
