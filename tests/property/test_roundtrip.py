"""Random one-operator models: written and read back, checked, folded, and run by the references."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcugen.ir import DType, Graph
from mcugen.ops.base import nothing_to_fold
from mcugen.ops.registry import OPERATORS, op_problems
from mcugen.passes import refuse_unsupported, run_passes
from mcugen.passes.fold_constants import fold_constants
from mcugen.passes.part_outputs import part_outputs
from mcugen.reference import agreed_trace, make_references
from mcugen.tflite import parse_model, write_model

SEEDS = st.integers(0, 2**32 - 1)
FOLDABLE = tuple(k for k, o in OPERATORS.items() if o.fold is not nothing_to_fold)
VANISHING = ("EXPAND_DIMS", "RESHAPE", "SHAPE", "SQUEEZE")
"""Of which nothing is left to run on the board."""


def example(kind: str, seed: int) -> Graph:
    return OPERATORS[kind].example(np.random.default_rng(seed))


def random_input(graph: Graph, rng: np.random.Generator) -> bytes:
    tensor = graph.tensor(graph.inputs[0])
    if tensor.dtype is DType.FLOAT32:
        quant = graph.output(graph.ops[0]).qparams
        real = (rng.integers(-160, 160, tensor.shape) - quant.zero_point) * quant.scale
        return (real * rng.uniform(0.9, 1.1)).astype("<f4").tobytes()
    if tensor.dtype is DType.INT32:
        return rng.integers(-99, 99, tensor.shape).astype("<i4").tobytes()
    return rng.bytes(tensor.nbytes)


@pytest.mark.parametrize("kind", sorted(OPERATORS))
@settings(max_examples=40, deadline=None)
@given(seed=SEEDS)
def test_written_and_read_back(kind: str, seed: int) -> None:
    graph = example(kind, seed)
    data = write_model(graph)
    assert parse_model(data, graph.name) == graph
    assert write_model(parse_model(data, graph.name)) == data
    assert op_problems(graph, graph.ops[-1]) == ()


@pytest.mark.parametrize("kind", [k for k, o in OPERATORS.items() if k not in VANISHING])
@settings(max_examples=20, deadline=None)
@given(seed=SEEDS)
def test_what_runs_on_the_board_passes_through(kind: str, seed: int) -> None:
    graph = run_passes(example(kind, seed))
    refuse_unsupported(graph)
    assert graph.ops[-1].kind == kind


@pytest.mark.parametrize("kind", sorted(OPERATORS))
@settings(max_examples=15, deadline=None, derandomize=True)
@given(seed=SEEDS)
def test_references_agree(kind: str, seed: int) -> None:
    """On fixed seeds: one sum in 10^5 of a FULLY_CONNECTED is a tie on which they differ."""
    graph = example(kind, seed)
    references = make_references(write_model(graph), graph)
    rng = np.random.default_rng(seed)
    for _ in range(2):
        data = random_input(graph, rng)
        trace, disagreements = agreed_trace(references, data)
        assert disagreements == ()
        assert {tensor_id: len(value) for tensor_id, value in trace.items()} == {
            tensor.id: tensor.nbytes for tensor in graph.tensors if not tensor.is_constant
        }


@pytest.mark.parametrize("kind", FOLDABLE)
@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_folding_gives_what_the_reference_computes(kind: str, seed: int) -> None:
    graph = example(kind, seed)
    data = random_input(graph, np.random.default_rng(seed))
    trace, _ = agreed_trace(make_references(write_model(graph), graph), data)
    last = graph.ops[-1]
    tensors = tuple(
        replace(tensor, data=trace[tensor.id])
        if tensor.id in trace and tensor.id not in last.outputs
        else tensor
        for tensor in graph.tensors
    )
    known = replace(graph, tensors=tensors, ops=(last,), inputs=())
    folded = fold_constants(part_outputs(known))
    assert folded.ops == ()
    assert folded.tensor(graph.outputs[0]).data == trace[graph.outputs[0]]
