"""Damaged files: every one is an McugenError or a graph, never another exception, never a hang.

The mutations are seeded by their number, so a failure names the one to repeat.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mcugen.errors import McugenError
from mcugen.ir import DType, Graph, Op, Quant
from mcugen.ops import examples
from mcugen.ops.activation import Activation
from mcugen.ops.base import NoAttrs
from mcugen.ops.conv_2d import Conv2D
from mcugen.ops.depthwise_conv_2d import DepthwiseConv2D
from mcugen.ops.fully_connected import FullyConnected
from mcugen.ops.mean import Mean
from mcugen.ops.pack import Pack
from mcugen.ops.padding import Padding
from mcugen.ops.reshape import Reshape
from mcugen.ops.shape import Shape
from mcugen.ops.softmax import OUTPUT_QUANT, Softmax
from mcugen.ops.strided_slice import StridedSlice
from mcugen.passes import refuse_unsupported, run_passes
from mcugen.tflite import parse_model, write_model

EXAMPLE = Path(__file__).parents[2] / "examples" / "fashion" / "fashion_mobilenet_v1_025_128.tflite"

Q = Quant((0.05,), (-3,))
Mutation = Callable[[bytearray, np.random.Generator], None]


def network() -> Graph:
    """One of most things: a Keras export in miniature."""
    int8, int32 = DType.INT8, DType.INT32
    tensors = (
        examples.variable("image", (1, 6, 6, 2), Quant((0.05,), (125,)), DType.UINT8),
        examples.variable("input", (1, 6, 6, 2), Q),
        examples.constant("margins", np.array([[0, 0], [0, 1], [0, 1], [0, 0]])),
        examples.variable("padded", (1, 7, 7, 2), Q),
        examples.constant("depthwise", np.ones((1, 3, 3, 2)), int8, Quant((0.01, 0.02), (0, 0), 3)),
        examples.constant("bias", np.arange(2), quant=Quant((0.0005, 0.001), (0, 0), 0)),
        examples.variable("dw", (1, 3, 3, 2), Q),
        examples.constant("pointwise", np.ones((4, 1, 1, 2)), int8, Quant((0.01,), (0,))),
        examples.variable("pw", (1, 3, 3, 4), Q),
        examples.constant("axes", np.array([1, 2])),
        examples.variable("mean", (1, 4), Q),
        examples.variable("shape", (2,), None, int32),
        examples.constant("zero", np.array([0])),
        examples.constant("one", np.array([1])),
        examples.variable("batch", (), None, int32),
        examples.constant("four", np.array(4)),
        examples.variable("wanted", (2,), None, int32),
        examples.variable("flat", (1, 4), Q),
        examples.constant("dense", np.ones((3, 4)), int8, Quant((0.01,) * 3, (0,) * 3, 0)),
        examples.variable("logits", (1, 3), Q),
        examples.variable("chances", (1, 3), OUTPUT_QUANT),
        examples.variable("output", (1, 3), None, DType.FLOAT32),
    )
    ids = {tensor.name: index for index, tensor in enumerate(tensors)}
    valid, none = Padding("VALID"), Activation.NONE
    steps: tuple[tuple[str, str, str, object], ...] = (
        ("QUANTIZE", "image", "input", NoAttrs()),
        ("PAD", "input margins", "padded", NoAttrs()),
        (
            "DEPTHWISE_CONV_2D",
            "padded depthwise bias",
            "dw",
            DepthwiseConv2D((2, 2), valid, Activation.RELU6, 1),
        ),
        ("CONV_2D", "dw pointwise", "pw", Conv2D((1, 1), Padding("SAME"), none)),
        ("MEAN", "pw axes", "mean", Mean(False)),
        ("SHAPE", "mean", "shape", Shape()),
        ("STRIDED_SLICE", "shape zero one one", "batch", StridedSlice(shrink_axis_mask=1)),
        ("PACK", "batch four", "wanted", Pack(2)),
        ("RESHAPE", "mean wanted", "flat", Reshape()),
        ("FULLY_CONNECTED", "flat dense", "logits", FullyConnected(none)),
        ("SOFTMAX", "logits", "chances", Softmax(1.0)),
        ("DEQUANTIZE", "chances", "output", NoAttrs()),
    )
    ops = tuple(
        Op(index, kind, tuple(ids[name] for name in inputs.split()), (ids[output],), attrs)
        for index, (kind, inputs, output, attrs) in enumerate(steps)
    )
    return examples.chain("network", tensors, ops)


def truncate(data: bytearray, rng: np.random.Generator) -> None:
    del data[int(rng.integers(len(data))) :]


def flip_bits(data: bytearray, rng: np.random.Generator) -> None:
    for position in rng.integers(len(data), size=rng.integers(1, 9)):
        data[position] ^= 1 << int(rng.integers(8))


def random_bytes(data: bytearray, rng: np.random.Generator) -> None:
    size = int(rng.integers(1, 17))
    start = int(rng.integers(len(data) - size))
    data[start : start + size] = rng.bytes(size)


def zero_range(data: bytearray, rng: np.random.Generator) -> None:
    size = int(rng.integers(1, 65))
    start = int(rng.integers(len(data) - size))
    data[start : start + size] = bytes(size)


def splice_offset(data: bytearray, rng: np.random.Generator) -> None:
    """A word becomes another word of the file, a small number, or one of the ends of the range."""
    start = 4 * int(rng.integers(len(data) // 4))
    other = 4 * int(rng.integers(len(data) // 4))
    small = int(rng.integers(64)).to_bytes(4, "little")
    choices = (bytes(data[other : other + 4]), small, b"\xff\xff\xff\xff", b"\0\0\0\x80")
    data[start : start + 4] = choices[rng.integers(4)]


def move_block(data: bytearray, rng: np.random.Generator) -> None:
    """Copies one stretch over another, or cuts one out."""
    size = int(rng.integers(4, 129))
    source, target = (int(place) for place in rng.integers(len(data) - size, size=2))
    block = bytes(data[source : source + size])
    data[target : target + size] = block if rng.integers(2) else b""


MUTATIONS: tuple[Mutation, ...] = (
    truncate,
    flip_bits,
    random_bytes,
    zero_range,
    splice_offset,
    move_block,
)


def outcome(original: bytes, mutation: Mutation, seed: int) -> str:
    """The error's code, or "graph"."""
    data = bytearray(original)
    mutation(data, np.random.default_rng(seed))
    try:
        graph = run_passes(parse_model(bytes(data), "damaged"))
        refuse_unsupported(graph)
    except McugenError as error:
        return error.code if error.what else "nothing said"
    return "graph"


def test_the_undamaged_files_are_supported() -> None:
    for data in (write_model(network()), EXAMPLE.read_bytes()):
        graph = run_passes(parse_model(data, "whole"))
        refuse_unsupported(graph)
        assert graph.ops


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_damaged_small_model(mutation: Mutation) -> None:
    data = write_model(network())
    outcomes = [outcome(data, mutation, seed) for seed in range(600)]
    assert set(outcomes) <= {"M001", "M002", "M003", "M004", "graph"}
    assert outcomes.count("M002") > 30


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_damaged_real_model(mutation: Mutation) -> None:
    data = EXAMPLE.read_bytes()
    outcomes = {outcome(data, mutation, seed) for seed in range(20)}
    assert outcomes <= {"M001", "M002", "M003", "M004", "graph"}
