"""Functions of one int8 value: every input and many quantisations, against both references.

By hand, for a sweep: ``MCUGEN_SWEEP=1000 pytest tests/property/test_tables.py``.
"""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest

from mcugen.boards import load_board
from mcugen.ir import Graph
from mcugen.kernels.portable import KERNELS
from mcugen.ops.registry import OPERATORS
from mcugen.reference import make_references
from mcugen.tflite import write_model
from tests.one_value import KINDS

MICRO_ONLY = ("ELU",)
"""tflite-runtime's reference kernels do not have it for int8."""
QUANTISATIONS = int(os.environ.get("MCUGEN_SWEEP", "15"))
EVERY_BYTE = bytes(range(256))


def _over_every_byte(graph: Graph) -> Graph:
    return replace(graph, tensors=tuple(replace(t, shape=(1, 256)) for t in graph.tensors))


def _table(graph: Graph) -> bytes:
    op = graph.ops[0]
    (kernel,) = KERNELS[op.kind]
    call = kernel(graph, op, load_board("nucleo-f746zg").chip.cpu)
    assert call is not None
    return call.constants[0].data


@pytest.mark.parametrize("kind", KINDS)
def test_every_answer_is_the_references(kind: str) -> None:
    rng = np.random.default_rng([*kind.encode()])
    for _ in range(QUANTISATIONS):
        graph = _over_every_byte(OPERATORS[kind].example(rng))
        answers = {
            one.name: one.trace(EVERY_BYTE)[1] for one in make_references(write_model(graph), graph)
        }
        assert len(answers) == (1 if kind in MICRO_ONLY else 2)
        assert set(answers.values()) == {_table(graph)}, graph
