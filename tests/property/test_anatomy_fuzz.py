"""``inspect`` of damaged models: an answer and its text, or an McugenError, never anything else."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from mcugen.anatomy import dissect
from mcugen.boards import load_board
from mcugen.errors import McugenError
from mcugen.ir import NO_TENSOR, Graph, Op, Tensor
from mcugen.ops.base import Unsupported
from mcugen.passes import run_passes
from mcugen.report.inspect import render_inspect
from mcugen.tflite import parse_model, write_model
from tests.networks import small_mobilenet
from tests.property.test_fuzz_reader import MUTATIONS, Mutation, network

KINDS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "MAX_POOL_2D", "MEAN", "CUSTOM x")


def outcome(read: Callable[[], Graph]) -> str:
    """The error's code, or whether the model can be compiled."""
    try:
        answer = dissect(run_passes(read()), load_board("stm32f7")).as_json()
    except McugenError as error:
        return error.code
    json.dumps(answer, allow_nan=False)
    assert render_inspect(answer)
    return "supported" if answer["supported"] else "unsupported"


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_damaged_files(mutation: Mutation) -> None:
    originals = write_model(network()), write_model(small_mobilenet())
    outcomes = set()
    for seed in range(100):
        data = bytearray(originals[seed % 2])
        mutation(data, np.random.default_rng([seed, 4]))
        outcomes.add(outcome(partial(parse_model, bytes(data), "damaged")))
    assert outcomes <= {"M001", "M002", "M003", "M004", "supported", "unsupported"}
    assert "M002" in outcomes


def other_shape(tensor: Tensor, rng: np.random.Generator) -> Tensor:
    """Any rank and size, or one dimension another."""
    if rng.integers(2) or not tensor.shape:
        sizes = rng.choice([0, 1, 2, 3, 70_000], rng.integers(6))
        return replace(tensor, shape=tuple(int(size) for size in sizes), data=None)
    at = int(rng.integers(len(tensor.shape)))
    shape = (*tensor.shape[:at], int(rng.choice([0, 1, 3])), *tensor.shape[at + 1 :])
    return replace(tensor, shape=shape, data=None)


def other_operands(op: Op, rng: np.random.Generator) -> Op:
    """Operands left out, swapped or taken away."""
    inputs = list(op.inputs)
    what = rng.integers(3)
    if what == 0:
        inputs[int(rng.integers(len(inputs)))] = NO_TENSOR
    elif what == 1:
        rng.shuffle(inputs)
    else:
        inputs = inputs[: int(rng.integers(len(inputs)))]
    return replace(op, inputs=tuple(inputs))


def odd_graph(seed: int) -> Graph:
    """A sound network with one to three things changed that a Graph can hold."""
    rng = np.random.default_rng([seed, 2017])
    graph = (network, small_mobilenet)[seed % 2]()
    tensors, ops = list(graph.tensors), list(graph.ops)
    extra_inputs: set[int] = set()
    for _ in range(rng.integers(1, 4)):
        what, at = rng.integers(3), int(rng.integers(len(ops)))
        if what == 0:
            number = int(rng.integers(len(tensors)))
            extra_inputs |= {number} if tensors[number].is_constant else set()
            tensors[number] = other_shape(tensors[number], rng)
        elif what == 1 and ops[at].inputs:
            ops[at] = other_operands(ops[at], rng)
        else:
            kind = KINDS[rng.integers(len(KINDS))]
            ops[at] = replace(ops[at], kind=kind, attrs=Unsupported("damaged"))
    inputs = (*graph.inputs, *sorted(extra_inputs))
    return Graph(graph.name, tuple(tensors), tuple(ops), inputs, graph.outputs)


def test_odd_graphs() -> None:
    outcomes = [outcome(partial(odd_graph, seed)) for seed in range(400)]
    assert set(outcomes) <= {"M003", "M004", "supported", "unsupported"}
    assert outcomes.count("unsupported") > 150
