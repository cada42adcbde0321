"""Layers that run by rows: exact on host and board, and found where a row is short or late."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mcugen import compiler
from mcugen.compiler import build
from mcugen.emit import SourceTree, emit_model
from mcugen.kernels import Choice
from mcugen.memory.plan import Plan
from mcugen.memory.rows.plan import Arena
from mcugen.program import Program
from mcugen.tflite import write_model
from mcugen.verify import VerifyReport, verify
from tests.conftest import EXAMPLE_MODEL, SHARED_MODELS, HostBuilder
from tests.row_networks import expanding_network, random_network
from tests.sim.test_models import check_equal, needs

LARGE = SHARED_MODELS / "mobilenet_v1_0.25_128_int8.tflite"
VWW = SHARED_MODELS / "vww_96_int8.tflite"
BUDGETS: list[tuple[Path, Choice, Arena, int, int]] = [
    # model, kernels, arena that was asked for, arena, instructions: in whole layers 42,982,812,
    # 23,949,012 and 22,704,502; with fast kernels 13,576,049, 4,544,433 and 13,277,458 (example)
    (LARGE, "cmsis-nn", "least", 49_384, 43_100_000),
    (LARGE, "cmsis-nn", 54_272, 54_272, 43_030_000),
    (VWW, "cmsis-nn", "least", 27_848, 24_050_000),
    (SHARED_MODELS / "person_detect.tflite", "cmsis-nn", "least", 12_704, 23_300_000),
    (LARGE, "fast", "least", 49_384, 29_000_000),
    (VWW, "fast", 40_000, 40_000, 5_200_000),
    (EXAMPLE_MODEL, "fast", 53_000, 53_000, 17_500_000),
]


@pytest.mark.parametrize(
    ("model", "kernels", "asked", "arena", "instructions"),
    BUDGETS,
    ids=[f"{model.stem}-{kernels}-{asked}" for model, kernels, asked, *_ in BUDGETS],
)
def test_exact_within_its_arena(
    model: Path,
    kernels: Choice,
    asked: Arena,
    arena: int,
    instructions: int,
    tmp_path: Path,
    object_cache: Path,
) -> None:
    result = build(
        needs(model),
        target="stm32f7",
        output=tmp_path,
        kernels=kernels,
        arena=asked,
        object_cache=object_cache,
    )
    report = verify(tmp_path, executions=("host", "board"), count=2).as_json()
    check_equal(report)
    assert report["instructions"] <= instructions
    assert result.manifest.arena_bytes <= arena
    assert result.manifest.cost == pytest.approx(report["instructions"], rel=0.02)
    assert not result.notes


@pytest.mark.parametrize("seed", range(8))
def test_random_networks_compute_what_they_do_in_whole_layers(
    seed: int, host_build: HostBuilder
) -> None:
    graph = random_network(np.random.default_rng(1000 + seed))
    shape = graph.tensor(graph.inputs[0]).shape
    inputs = [
        np.random.default_rng(number).integers(-128, 128, shape, np.int8).tobytes()
        for number in range(3)
    ]
    by_layers, program = host_build(graph)[1].trace(inputs), None
    program, built = host_build(graph, sanitize=seed < 2, arena="least")
    assert built.trace(inputs) == by_layers
    assert not isinstance(program.plan, Plan)


Sabotage = Callable[[str], str]
Saboteur = Callable[[Sabotage | None], VerifyReport]


@pytest.fixture
def verify_changed(tmp_path: Path, object_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Saboteur:
    """Builds the small network by rows, its C changed, and verifies that."""

    def run(sabotage: Sabotage | None) -> VerifyReport:
        def emit(program: Program) -> SourceTree:
            tree = dict(emit_model(program))
            before = tree["model.c"]
            if sabotage is not None:
                tree["model.c"] = sabotage(before)
                assert tree["model.c"] != before, "nothing was broken"
            return tree

        monkeypatch.setattr(compiler, "emit_model", emit)
        model = tmp_path / "expanding.tflite"
        model.write_bytes(write_model(expanding_network()))
        folder = tmp_path / "build"
        build(model, target="stm32f7", output=folder, arena="least", object_cache=object_cache)
        return verify(folder, executions=("host", "board"), count=3)

    return run


def test_the_small_network_by_rows(verify_changed: Saboteur) -> None:
    check_equal(verify_changed(None).as_json())


def a_row_late(text: str) -> str:
    """A layer gets rows one further down than the right ones."""
    return re.sub(r"row_at\(&(\w+), strip\.first\)", r"row_at(&\1, strip.first + 1)", text, count=1)


def a_row_short(text: str) -> str:
    """A window that slides drops a row that is still needed."""
    return text.replace(
        "const int32_t first = least(needed, rows->made);",
        "const int32_t first = least(needed + 1, rows->made);",
    )


def padding_everywhere(text: str) -> str:
    """Every strip is told that it lies at the picture's top."""
    return text.replace(
        "strip->padding = strip->first - (made * walk->stride - walk->top);",
        "strip->padding = walk->top;",
    )


def out_of_its_line(text: str) -> str:
    """A layer writes behind its line buffer instead of sliding the window."""
    return text.replace("rows->gone > rows->room", "rows->gone > rows->room + 1")


@pytest.mark.parametrize("sabotage", [a_row_late, a_row_short, padding_everywhere, out_of_its_line])
def test_a_row_at_fault_is_found(sabotage: Sabotage, verify_changed: Saboteur) -> None:
    error = verify_changed(sabotage).error
    assert error is not None
    assert error.code in ("V001", "V002")


def test_a_store_beside_the_rows_of_a_part_is_found(verify_changed: Saboteur) -> None:
    """The board checks every part's stores; what is computed is right all the same."""

    def scribble(text: str) -> str:
        return text.replace(
            "    rows->made += strip->rows;\n",
            "    *(volatile int8_t *)row_at(rows, strip->row) = *row_at(rows, strip->row);\n"
            "    if (strip->row > 0) {\n"
            "        volatile int8_t *before = row_at(rows, strip->row) - 1;\n"
            "        *before = *before;\n"
            "    }\n"
            "    rows->made += strip->rows;\n",
            1,
        )

    error = verify_changed(scribble).error
    assert error is not None
    assert error.code == "V002"
