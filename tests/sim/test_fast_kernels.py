"""Whole networks with `--kernels fast`: exact in every value, and within their budgets."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcugen.compiler import build, fast_cost
from mcugen.tflite import read_model
from mcugen.verify import verify
from tests.conftest import EXAMPLE_MODEL, SHARED_MODELS, program_of
from tests.sim.test_models import check_equal, needs

LARGE = SHARED_MODELS / "mobilenet_v1_0.25_128_int8.tflite"
VWW = SHARED_MODELS / "vww_96_int8.tflite"
BUDGETS = [
    # model, board, whether constant channels are kept, instructions, arena, flash
    (EXAMPLE_MODEL, "stm32f7", False, 13_400_000, 72_704, 310_000),
    (EXAMPLE_MODEL, "nucleo-f446re", False, 13_400_000, 72_704, 310_000),
    (LARGE, "stm32f7", False, 13_700_000, 72_704, 565_000),
    (SHARED_MODELS / "person_detect.tflite", "stm32f7", False, 7_900_000, 42_000, 300_000),
    (VWW, "nucleo-f446re", True, 8_300_000, 42_000, 300_000),
    (VWW, "stm32f7", False, 5_000_000, 42_000, 100_000),
]


@pytest.mark.parametrize(
    ("model", "board", "keep", "instructions", "arena", "flash"),
    BUDGETS,
    ids=[f"{model.stem}-{board}" for model, board, *_ in BUDGETS],
)
def test_exact_within_its_budget(
    model: Path,
    board: str,
    keep: bool,
    instructions: int,
    arena: int,
    flash: int,
    tmp_path: Path,
    object_cache: Path,
) -> None:
    manifest = build(
        needs(model),
        target=board,
        output=tmp_path,
        kernels="fast",
        keep_constant_channels=keep,
        object_cache=object_cache,
    ).manifest
    executions = ("host", "board", "qemu") if model == LARGE else ("host", "board")
    report = verify(tmp_path, executions=executions, count=3).as_json()
    check_equal(report)
    assert report["instructions"] <= instructions
    assert manifest.cost == pytest.approx(report["instructions"], rel=0.01)
    if not keep:
        stock = program_of(read_model(model))
        assert fast_cost(stock) == manifest.cost
        assert stock.schedule.cost > 2 * manifest.cost
    assert manifest.arena_bytes <= arena
    assert manifest.flash_bytes <= flash
    convolutions = [layer.kernel for layer in manifest.layers if layer.macs]
    assert all(kernel.startswith("rows_") for kernel in convolutions)


def test_a_cortex_m4_takes_as_many_instructions(tmp_path: Path, object_cache: Path) -> None:
    counts = []
    for board in ("stm32f7", "nucleo-f446re"):
        folder = tmp_path / board
        build(EXAMPLE_MODEL, target=board, output=folder, kernels="fast", object_cache=object_cache)
        report = verify(folder, executions=("board",), count=1).as_json()
        check_equal(report)
        counts.append(report["instructions"])
    assert counts[1] == pytest.approx(counts[0], rel=0.02)
