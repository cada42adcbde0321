"""The networks of the MobileNets paper (Howard et al., arXiv 1704.04861) with random weights.

The weights are scaled so that activations spread over relu6's range at every depth: a network whose
values all saturate would prove little when it runs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from mcugen.ir import DType, Graph, Quant, Shape
from mcugen.ops import examples
from mcugen.ops.activation import Activation
from mcugen.ops.average_pool_2d import AveragePool2D
from mcugen.ops.fully_connected import FullyConnected
from mcugen.ops.padding import Padding
from mcugen.ops.softmax import OUTPUT_QUANT, Softmax
from tests.networks import RELU6_QUANT, Builder

BODY = (
    *((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)),
    *((512, 1),) * 5,
    *((1024, 2), (1024, 1)),
)
"""(units at width 1, stride) of Table 1's separable layers."""

# Uniform int8 weights have a deviation of 73, relu6 outputs a root mean square of about 2; a sum
# of products should have a deviation of about 3.
_GAIN = 3 / (2 * 73)


@dataclass
class PaperBuilder(Builder):
    """Weights whose scale follows from the number of taps."""

    def weights(self, shape: Shape, axis: int) -> int:
        values = self.rng.integers(-127, 128, shape, np.int8)
        taps = math.prod(shape) // shape[axis]
        spread = self.rng.uniform(0.8, 1.25, shape[axis]) * _GAIN / math.sqrt(taps)
        scales = tuple(float(np.float32(scale)) for scale in spread)
        quant = Quant(scales, (0,) * len(scales), axis)
        return self.tensor(examples.constant("weights", values, DType.INT8, quant))


def mobilenet_v1(
    width: str = "1", resolution: int = 224, classes: int = 1000, *, separable: bool = True
) -> Graph:
    """Table 1 at a width multiplier and a resolution.

    Without ``separable`` it is the paper's "Conv MobileNet" (Table 4): a standard 3x3 convolution
    in place of each pair.
    """
    alpha = Fraction(width)
    b = PaperBuilder(np.random.default_rng(1704))
    picture = examples.variable("picture", (1, resolution, resolution, 3), Quant((1 / 64,), (0,)))
    source = b.tensor(picture)
    last = b.conv("conv_0/Relu6", source, int(32 * alpha), kernel=3, stride=2)
    for number, (units, stride) in enumerate(BODY, start=1):
        if separable:
            last = b.depthwise(f"dw_{number}/Relu6", last, stride)
            last = b.conv(f"pw_{number}/Relu6", last, int(units * alpha), kernel=1, stride=1)
        else:
            last = b.conv(f"conv_{number}/Relu6", last, int(units * alpha), kernel=3, stride=stride)
    result = _classifier(b, last, classes)
    kind = "mobilenet_v1" if separable else "conv_mobilenet"
    return b.graph(f"{kind}_{width}_{resolution}", source, result)


def _classifier(b: PaperBuilder, last: int, classes: int) -> int:
    """Average pool over the whole picture, fully connected layer, softmax."""
    _, height, _, channels = b.shape(last)
    pooled = b.op(
        "AVERAGE_POOL_2D",
        AveragePool2D((height, height), (1, 1), Padding("VALID"), Activation.NONE),
        (last,),
        examples.variable("pool", (1, 1, 1, channels), RELU6_QUANT),
    )
    values = b.rng.integers(-127, 128, (classes, channels), np.int8)
    quant = Quant((float(np.float32(_GAIN / math.sqrt(channels))),), (0,))
    weights = b.tensor(examples.constant("dense", values, DType.INT8, quant))
    logits = b.op(
        "FULLY_CONNECTED",
        FullyConnected(Activation.NONE),
        (pooled, weights, b.bias(pooled, weights, classes)),
        examples.variable("logits", (1, classes), Quant((0.08,), (0,))),
    )
    scores = examples.variable("scores", (1, classes), OUTPUT_QUANT)
    return b.op("SOFTMAX", Softmax(1.0), (logits,), scores)
