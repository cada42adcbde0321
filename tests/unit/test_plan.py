"""The arena's problem as the steps pose it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mcugen.ir import DType, Graph, Quant
from mcugen.memory.plan import arena_problem
from mcugen.memory.problem import Overlap
from mcugen.ops import examples
from mcugen.ops.activation import Activation
from mcugen.ops.add import Add
from tests.conftest import program_of
from tests.ladder import check_everywhere
from tests.networks import Builder

QUANT = Quant((0.1,), (3,))


def two_sums(*, reads_the_input_again: bool) -> Graph:
    """input + constant, then that + input or + the constant once more."""
    b = Builder(np.random.default_rng(7))
    source = b.tensor(examples.variable("input", (1, 40), QUANT))
    values = b.rng.integers(-128, 128, (1, 40))
    operand = b.tensor(examples.constant("operand", values, DType.INT8, QUANT))
    result = examples.variable("sum", (1, 40), QUANT)
    first = b.op("ADD", Add(Activation.NONE), (source, operand), result)
    other = source if reads_the_input_again else operand
    return b.graph("sums", source, b.op("ADD", Add(Activation.NONE), (first, other), result))


@pytest.mark.parametrize("again", [False, True])
def test_no_output_overlaps_an_input_that_is_read_later(again: bool) -> None:
    program = program_of(two_sums(reads_the_input_again=again))
    overlaps = arena_problem(program.schedule).overlaps
    first = Overlap("tensor 2", "tensor 0", 0)
    assert (first in overlaps) == (not again)
    assert program.plan.arena_bytes == (80 if again else 40)


def test_a_models_output_is_read_by_its_caller() -> None:
    schedule = program_of(two_sums(reads_the_input_again=False)).schedule
    for outputs, shared in (((3,), True), ((2, 3), False)):
        overlaps = arena_problem(replace(schedule, outputs=outputs)).overlaps
        assert any(one.input == "tensor 2" for one in overlaps) == shared


def test_an_input_that_is_read_later_survives(tmp_path: Path, object_cache: Path) -> None:
    graph = two_sums(reads_the_input_again=True)
    check_everywhere(graph, tmp_path, object_cache, seed=1, inputs=3, boards=["nucleo-f746zg"])
