"""Weight scales so small that the reference shifts right by 31 bits or more."""

from __future__ import annotations

import numpy as np
import pytest

from mcugen.errors import ModelError
from mcugen.ir import DType, Graph, Quant
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


@pytest.mark.parametrize("bias", [0, 2**30 - 200_000, -(2**30) + 200_000])
def test_exact_and_defined(bias: int, host_build: HostBuilder) -> None:
    model = write_model(tiny_scales(bias))
    graph = parse_model(model, "tiny_scales")
    _, built = host_build(graph, sanitize=True)
    references = make_references(model, graph)
    data = np.arange(-12, 12, dtype=np.int8).tobytes()
    expected, _ = agreed_trace(references, data)
    assert built.trace([data])[0][0] == expected[graph.outputs[0]]


def test_what_would_not_vanish_is_refused(host_build: HostBuilder) -> None:
    with pytest.raises(ModelError) as caught:
        host_build(tiny_scales(2**30 + 1))
    assert caught.value.code == "M003"
    assert "next to nothing" in caught.value.details[0]
