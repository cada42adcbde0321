"""Pooling windows beyond the picture: exact, and no longer at work than others."""

from __future__ import annotations

import numpy as np
import pytest

from mcugen.inputs import default_inputs, model_input
from mcugen.ir import Graph, Quant
from mcugen.ops import examples
from mcugen.ops.activation import Activation
from mcugen.ops.average_pool_2d import AveragePool2D
from mcugen.ops.max_pool_2d import MaxPool2D
from mcugen.ops.padding import Padding
from mcugen.ops.pooling import Pool2D
from mcugen.passes import run_passes
from mcugen.reference import agreed_trace, make_references
from mcugen.tflite import write_model
from tests.conftest import HostBuilder

KINDS: dict[str, type[Pool2D]] = {"AVERAGE_POOL_2D": AveragePool2D, "MAX_POOL_2D": MaxPool2D}
Q = Quant((0.05,), (3,))


def pool(
    kind: str,
    picture: tuple[int, int],
    window: tuple[int, int],
    stride: tuple[int, int] = (1, 1),
    scheme: str = "SAME",
) -> Graph:
    padding = Padding("SAME" if scheme == "SAME" else "VALID")
    size = padding.output_hw(picture, window, stride)
    return examples.single(
        kind,
        KINDS[kind](window, stride, padding, Activation.NONE),
        (examples.variable("input", (1, *picture, 3), Q),),
        examples.variable("output", (1, *size, 3), Q),
    )


def window_of(graph: Graph) -> tuple[int, int]:
    return run_passes(graph).ops[0].attributes(Pool2D).filter


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_windows_are_no_larger_than_what_covers_the_picture(kind: str) -> None:
    assert window_of(pool(kind, (9, 9), (32767, 32767))) == (17, 17)
    assert window_of(pool(kind, (9, 5), (32767, 3))) == (17, 3)
    assert window_of(pool(kind, (9, 9), (40, 40), (4, 4))) == (17, 17)
    assert window_of(pool(kind, (9, 9), (9, 9), (1, 1), "VALID")) == (9, 9)
    assert window_of(pool(kind, (9, 9), (16, 16))) == (16, 16)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_large_windows_are_exact(kind: str, host_build: HostBuilder) -> None:
    """Windows up to four times the picture, and one that would keep a kernel for hours."""
    rng = np.random.default_rng(7)
    cases = [pool(kind, (9, 9), (32767, 32767))]
    for _ in range(4):
        height, width, down, across = (int(size) for size in rng.integers(1, 8, 4))
        window = int(rng.integers(1, 4 * height)), int(rng.integers(1, 4 * width))
        cases.append(pool(kind, (height, width), window, (down, across)))
    for graph in cases:
        _, built = host_build(graph)
        references = make_references(write_model(graph), graph)
        data = [one.data for one in default_inputs(model_input(graph), 0, 7)]
        for inputs, (found,) in zip(data, built.trace(data), strict=True):
            expected, _ = agreed_trace(references, inputs)
            assert found == expected[1], graph.ops[0]
