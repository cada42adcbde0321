"""Networks of the MLPerf Tiny benchmark that have no way around a block, with random weights."""

from __future__ import annotations

import math

import numpy as np

from mcugen.ir import DType, Graph, Quant
from mcugen.ops import examples
from mcugen.ops.activation import Activation
from mcugen.ops.average_pool_2d import AveragePool2D
from mcugen.ops.conv_2d import Conv2D
from mcugen.ops.fully_connected import FullyConnected
from mcugen.ops.padding import Padding
from mcugen.ops.softmax import OUTPUT_QUANT, Softmax
from tests.networks import RELU6_QUANT, SAME
from tests.paper_networks import PaperBuilder

_UNITS, _BLOCKS, _WORDS = 64, 4, 12
_SIDE, _HIDDEN, _NARROW = 640, 128, 8


def ds_cnn() -> Graph:
    """Keyword spotting: a spectrogram of 49x10, a 10x4 convolution, four separable pairs."""
    b = PaperBuilder(np.random.default_rng(1711))
    source = b.tensor(examples.variable("spectrogram", (1, 49, 10, 1), Quant((1 / 64,), (0,))))
    weights = b.weights((_UNITS, 10, 4, 1), 0)
    at = b.op(
        "CONV_2D",
        Conv2D((2, 2), SAME, Activation.RELU6),
        (source, weights, b.bias(source, weights, _UNITS)),
        examples.variable("first", (1, 25, 5, _UNITS), RELU6_QUANT),
    )
    for number in range(_BLOCKS):
        at = b.conv(f"pw_{number}", b.depthwise(f"dw_{number}", at, 1), _UNITS, 1, 1)
    pooled = b.op(
        "AVERAGE_POOL_2D",
        AveragePool2D((25, 5), (1, 1), Padding("VALID"), Activation.NONE),
        (at,),
        examples.variable("pool", (1, 1, 1, _UNITS), RELU6_QUANT),
    )
    logits = _dense(b, "logits", pooled, _WORDS, Activation.NONE)
    scores = examples.variable("scores", (1, _WORDS), OUTPUT_QUANT)
    return b.graph("ds_cnn", source, b.op("SOFTMAX", Softmax(1.0), (logits,), scores))


def autoencoder() -> Graph:
    """Anomaly detection: fully connected, 640 values through 128 four times to 8 and back."""
    b = PaperBuilder(np.random.default_rng(2006))
    source = b.tensor(examples.variable("spectrum", (1, _SIDE), Quant((1 / 64,), (0,))))
    at = source
    for number, units in enumerate((*(_HIDDEN,) * 4, _NARROW, *(_HIDDEN,) * 4)):
        at = _dense(b, f"dense_{number}", at, units, Activation.RELU6)
    return b.graph("autoencoder", source, _dense(b, "result", at, _SIDE, Activation.NONE))


def _dense(b: PaperBuilder, name: str, source: int, units: int, activation: Activation) -> int:
    inputs = math.prod(b.shape(source))
    values = b.rng.integers(-127, 128, (units, inputs), np.int8)
    scale = float(np.float32(3 / (2 * 73) / math.sqrt(inputs)))
    weights = b.tensor(
        examples.constant(f"{name}/weights", values, DType.INT8, Quant((scale,), (0,)))
    )
    quant = Quant((0.08,), (0,)) if activation is Activation.NONE else RELU6_QUANT
    return b.op(
        "FULLY_CONNECTED",
        FullyConnected(activation),
        (source, weights, b.bias(source, weights, units)),
        examples.variable(name, (1, units), quant),
    )
