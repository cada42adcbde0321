"""A model on which the two references differ: the report says so, and TFLite Micro decides."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from mcugen.compiler import build
from mcugen.ir import DType, Graph, Quant
from mcugen.numerics import multiply_by_quantized_multiplier, quantize_multiplier
from mcugen.ops import examples
from mcugen.ops.activation import Activation
from mcugen.ops.fully_connected import FullyConnected
from mcugen.tflite import write_model
from mcugen.verify import verify

# tflite-runtime multiplies input and weight scale in float32, TFLite Micro in double. With these
# scales the difference moves the following sums across a rounding boundary.
INPUT, WEIGHT, OUTPUT = (float(np.float32(s)) for s in (0.08588302, 0.00043249718, 1.5944831))


def close_call() -> Graph:
    single_product = float(np.float32(INPUT) * np.float32(WEIGHT))
    sums = np.arange(-5_000_000, 5_000_000)
    double, single = (
        multiply_by_quantized_multiplier(sums, *quantize_multiplier(product / OUTPUT))
        for product in (INPUT * WEIGHT, single_product)
    )
    near = sums[(double != single) & (np.abs(double) < 127)]
    units = len(near)
    assert units
    return examples.single(
        "FULLY_CONNECTED",
        FullyConnected(Activation.NONE),
        (
            examples.variable("input", (1, 4), Quant((INPUT,), (0,))),
            examples.constant("w", np.zeros((units, 4)), DType.INT8, Quant((WEIGHT,), (0,))),
            examples.constant("b", near, DType.INT32, Quant((INPUT * WEIGHT,), (0,))),
        ),
        replace(examples.variable("output", (1, units)), quant=Quant((OUTPUT,), (0,))),
    )


@pytest.mark.skipif(find_spec("tflite_runtime") is None, reason="there is only one reference")
def test_micro_decides(tmp_path: Path, object_cache: Path) -> None:
    model = tmp_path / "close_call.tflite"
    model.write_bytes(write_model(close_call()))
    folder = tmp_path / "build"
    build(model, target="stm32f7", output=folder, object_cache=object_cache)
    report = verify(folder, executions=("host",), count=2)
    assert report.error is None
    assert report.as_json()["reference_disagreements"] > 0
