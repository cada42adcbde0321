"""Weight scales so small that the reference shifts right by 31 bits or more."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcugen import numerics
from mcugen.errors import ModelError
from mcugen.ir import DType, Graph, Quant
from mcugen.kernels.tiny_scales import defined_requantisation
from mcugen.ops import examples
from mcugen.ops.activation import Activation
from mcugen.ops.conv_2d import Conv2D
from mcugen.ops.padding import Padding
from mcugen.reference import agreed_trace, make_references
from mcugen.tflite import parse_model, write_model
from tests.conftest import HostBuilder

# Effective scales around the edges of 2**-32 and 2**-31.
SCALES = tuple(float(np.float32(m * 2.0**-e)) for e in (30, 31, 32, 33) for m in (1.0, 1.5))


def tiny_scales(bias: int) -> Graph:
    units = len(SCALES)
    quant = Quant((1.0,), (0,))
    return examples.single(
        "CONV_2D",
        Conv2D((1, 1), Padding("VALID"), Activation.NONE),
        (
            examples.variable("input", (1, 2, 3, 4), quant),
            examples.constant(
                "w", np.full((units, 1, 1, 4), 127), DType.INT8, Quant(SCALES, (0,) * units, 0)
            ),
            examples.constant(
                "b", np.full(units, bias), DType.INT32, Quant(SCALES, (0,) * units, 0)
            ),
        ),
        examples.variable("output", (1, 2, 3, units), quant),
    )


# Around the sums from which on the reference gives 1 or -1, and far from them.
BIASES = (
    *(0, 2**29, -(2**29), 2**30 - 1, 2**30, -(2**30), -(2**30) - 1),
    *(1_431_655_765, -1_431_655_765, 2**31 - 70_000, -(2**31) + 70_000),
)


@pytest.mark.parametrize("bias", BIASES)
def test_exact_and_defined(bias: int, host_build: HostBuilder) -> None:
    model = write_model(tiny_scales(bias))
    graph = parse_model(model, "tiny_scales")
    _, built = host_build(graph, sanitize=True)
    references = make_references(model, graph)
    data = np.arange(-12, 12, dtype=np.int8).tobytes()
    expected, _ = agreed_trace(references, data)
    assert built.trace([data])[0][0] == expected[graph.outputs[0]]


def reference(total: int, multiplier: int, shift: int) -> int:
    return int(numerics.multiply_by_quantized_multiplier(total, multiplier, shift))


@given(
    st.floats(2.0**-32, 2.0**-31, exclude_max=True),
    st.integers(-(2**31) + 2**28, 2**31 - 2**28 - 1),
    st.integers(-(2**28) + 1, 2**28 - 1),
)
def test_same_result_without_the_shift(scale: float, bias: int, taps: int) -> None:
    expected = reference(bias + taps, *numerics.quantize_multiplier(scale))
    multiplier, shift, moved = defined_requantisation(scale, bias)
    assert shift > -31
    assert -(2**31) <= moved + taps < 2**31
    assert reference(moved + taps, multiplier, shift) == expected


@given(st.floats(2.0**-32, 2.0**-31, exclude_max=True), st.sampled_from([-2, -1, 0, 1, 2]))
def test_same_result_at_the_thresholds(scale: float, step: int) -> None:
    multiplier, shift = numerics.quantize_multiplier(scale)
    for sign in (1, -1):
        edge = sign * (2**61 // multiplier) + step
        if abs(edge) < 2**31 - 2**10:
            new_multiplier, new_shift, moved = defined_requantisation(scale, edge)
            for taps in range(-4, 5):
                expected = reference(edge + taps, multiplier, shift)
                assert reference(moved + taps, new_multiplier, new_shift) == expected


def test_too_many_taps_are_refused(host_build: HostBuilder) -> None:
    graph = tiny_scales(0)
    weights = graph.tensors[1]
    wide = np.full((len(SCALES), 1, 1, 20_000), 127)
    tensors = (
        replace(graph.tensors[0], shape=(1, 2, 3, 20_000)),
        replace(weights, shape=wide.shape, data=wide.astype(np.int8).tobytes()),
        *graph.tensors[2:],
    )
    with pytest.raises(ModelError) as caught:
        host_build(replace(graph, tensors=tensors))
    assert caught.value.code == "M003"
    said = " ".join(line.strip() for line in caught.value.details)
    assert "a weight scale that is next to nothing" in said
