"""What a call is estimated to cost against the instructions that the virtual board counts.

By hand, for a sweep of 50 layers a function: ``MCUGEN_SWEEP=50 pytest <this file>``; one or two
in a hundred of the row kernels' are then up to 10 % off.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from mcugen.boards import load_board
from mcugen.compiler import build
from mcugen.inputs import default_inputs, model_input
from mcugen.ir import Graph
from mcugen.kernels import Target, backends
from mcugen.kernels.call import Call
from mcugen.tflite import parse_model, write_model
from mcugen.verify.executions import boot
from tests.ladder import choosing
from tests.layers import MAKERS, Make

LAYERS = int(os.environ.get("MCUGEN_SWEEP", "2"))
CALL = 100
"""Instructions that a call may take besides, whatever its size."""

CASES = [
    (function, make, seed)
    for function, makes in MAKERS.items()
    for make in makes
    for seed in range(LAYERS)
]


def layer_for(function: str, make: Make, seed: int) -> Graph:
    """The first random layer that the function runs."""
    target = Target(load_board("stm32f7").chip.cpu, backends())
    for attempt in range(200):
        graph = make(np.random.default_rng([seed, attempt, *function.encode()]))
        calls = target.candidates(graph, graph.ops[0])
        if any(call.function == function for call in calls):
            return graph
    raise AssertionError(f"{function} runs none of 200 layers")


@pytest.mark.parametrize(
    ("function", "make", "seed"),
    CASES,
    ids=[f"{function}-{make.__name__}-{seed}" for function, make, seed in CASES],
)
def test_within_5_percent(
    function: str, make: Make, seed: int, tmp_path: Path, object_cache: Path
) -> None:
    model = tmp_path / "model.tflite"
    graph = layer_for(function, make, seed)
    model.write_bytes(write_model(graph))

    def this(calls: tuple[Call, ...]) -> Call:
        return next(call for call in calls if call.function == function)

    with choosing(this):
        built = build(model, target="stm32f7", output=tmp_path / "b", object_cache=object_cache)
    layer = built.manifest.layers[0]
    assert layer.kernel == function
    picture = default_inputs(model_input(parse_model(model.read_bytes(), graph.name)), seed, 3)[-1]
    counted = boot(tmp_path / "b", built.manifest).run(picture.data)
    found = counted.instructions[0]
    assert abs(layer.cost - found) <= 0.05 * found + CALL
