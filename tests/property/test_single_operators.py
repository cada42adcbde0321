"""Random one-operator models: the generated C against the reference, every output byte."""

from __future__ import annotations

import numpy as np
import pytest

from mcugen.inputs import default_inputs, model_input
from mcugen.ops.registry import OPERATORS
from mcugen.reference import agreed_trace, make_references
from mcugen.tflite import parse_model, write_model

ON_BOARD = sorted(kind for kind, operator in OPERATORS.items() if not operator.static)
SEEDS = range(6)
INPUTS = 10


# Reshapes become aliases, so alone they leave nothing to run.
CASES = [(kind, seed) for kind in ON_BOARD if kind not in ("RESHAPE", "SQUEEZE") for seed in SEEDS]


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_host_equals_reference(kind, seed, host_build) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng([seed, *kind.encode()])
    model = write_model(OPERATORS[kind].example(rng))
    graph = parse_model(model, f"{kind.lower()}_{seed}")
    program, built = host_build(graph)
    references = make_references(model, graph)
    inputs = default_inputs(model_input(graph), seed, INPUTS)
    traces = built.trace([one.data for one in inputs])
    for one, outputs in zip(inputs, traces, strict=True):
        expected, disagreements = agreed_trace(references, one.data)
        assert not disagreements, one.name
        for step, output in zip(program.schedule.steps, outputs, strict=True):
            assert output == expected[step.output], (one.name, step.name, step.lowered.params)
