"""Every row kernel over random shapes: exact on host and boards, at the ends of ranges, aligned.

By hand, for a sweep of 250 models a kernel: ``MCUGEN_SWEEP=250 pytest <this file> -n 2``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcugen.boards import load_board
from mcugen.compiler import build
from mcugen.emit import emit_model
from mcugen.image import read_image
from mcugen.ir import Graph
from mcugen.kernels import Target, backends, rows
from mcugen.kernels.call import Call
from mcugen.kernels.rows.params import PointwiseCall
from mcugen.sim.host import build_host
from mcugen.staging import write_tree
from mcugen.tflite import write_model
from mcugen.verify.executions import boot
from tests import single_convolutions as models
from tests.alignment import misaligned_accesses
from tests.conftest import program_of
from tests.extremes import extremes
from tests.ladder import check_everywhere, choosing

MODELS = int(os.environ.get("MCUGEN_SWEEP", "3"))


@dataclass(frozen=True)
class Case:
    """A kernel's function, random models for it, and the rounding that they ask for, if given."""

    function: str
    make: models.Make
    rounding: str = "ROWS_PROVEN"

    def __str__(self) -> str:
        return "-".join(filter(None, (self.function, self.make.__name__, self.rounding)))

    def choose(self, calls: tuple[Call, ...]) -> Call | None:
        """The function's first call: one with proven constants, where there is one."""
        call = next((call for call in calls if call.function == self.function), None)
        return call if call and _rounding(call) == self.rounding else None


def _rounding(call: Call) -> str:
    """Whether with an addend does not matter here."""
    params: Any = call.params
    result = params.odd if isinstance(params, PointwiseCall) else params.result
    return str(result.rounding).removesuffix("_ADDEND")


TARGET = Target(load_board("stm32f7").chip.cpu, backends())
KERNELS = (
    Case("rows_pointwise_t", models.pointwise),
    Case("rows_pointwise_w", models.many_pixels),
    Case("rows_pointwise_t", models.batch),
    Case("rows_lone_pixel", models.lone_pixel, "ROWS_TWICE"),
    Case("rows_depthwise_row", models.depthwise),
    Case("rows_depthwise_picture", models.depthwise),
    Case("rows_convolve", models.first_layer),
    Case("rows_convolve", models.fanned_out),
)
TWICE = tuple(
    Case(function, make, "ROWS_TWICE")
    for function, make in (
        ("rows_pointwise_t", models.pointwise),
        ("rows_pointwise_w", models.many_pixels),
        ("rows_pointwise_w", models.pointwise),
        ("rows_depthwise_row", models.depthwise),
        ("rows_depthwise_picture", models.depthwise),
        ("rows_convolve", models.first_layer),
    )
)
"""The reference's rounding, where some channel has no constants for two instructions."""

STEEP = tuple(
    Case(function, models.steep(make), "ROWS_TWICE_LEFT")
    for function, make in (
        ("rows_pointwise_t", models.batch),
        ("rows_pointwise_w", models.many_pixels),
        ("rows_depthwise_row", models.depthwise),
        ("rows_depthwise_picture", models.depthwise),
        ("rows_convolve", models.fanned_out),
        ("rows_lone_pixel", models.lone_pixel),
    )
)
"""The same, where some channel shifts to the left."""

RUNS = [
    *((case, seed) for case in KERNELS for seed in range(MODELS)),
    *((case, seed) for case in (*TWICE, *STEEP) for seed in range(MODELS // 2)),
]


def covered(case: Case, seed: int) -> Graph:
    """The first random model that the kernel is to run."""
    for attempt in range(200):
        graph = case.make(np.random.default_rng([seed, attempt]))
        if case.choose(TARGET.candidates(graph, graph.ops[0])) is not None:
            return graph
    raise AssertionError("the kernel runs none of 200 models")


def test_proven_constants_come_before_the_references_rounding() -> None:
    for case in KERNELS:
        if case.function == "rows_lone_pixel":
            continue
        graph = covered(case, 300)
        calls = rows.backend().candidates(graph, graph.ops[0], TARGET.core)
        kinds = [_rounding(call).startswith("ROWS_PROVEN") for call in calls]
        assert kinds == sorted(kinds, reverse=True)
        assert kinds[0]
        assert not kinds[-1]


@pytest.mark.parametrize(("case", "seed"), RUNS, ids=str)
def test_exact_everywhere(
    case: Case,
    seed: int,
    tmp_path: Path,
    object_cache: Path,
) -> None:
    graph = covered(case, seed)
    hard = extremes(np.random.default_rng(seed), graph)
    with choosing(case.choose):
        manifest = check_everywhere(
            graph, tmp_path, object_cache, seed=seed, inputs=8, more_inputs=hard
        )
    assert manifest.layers[0].kernel == case.function


@pytest.mark.parametrize("case", [*KERNELS, *TWICE, *STEEP], ids=str)
def test_no_undefined_behaviour(case: Case, tmp_path: Path, object_cache: Path) -> None:
    graph = covered(case, 100)
    with choosing(case.choose):
        program = program_of(graph)
    assert program.schedule.steps[0].call.function == case.function
    write_tree(tmp_path / "model", emit_model(program))
    output = graph.output(graph.ops[0])
    sanitized = build_host(
        tmp_path / "model", tmp_path, [output.nbytes], sanitize=True, cache=object_cache
    )
    inputs = extremes(np.random.default_rng(1), graph)
    traces = sanitized.trace(inputs)
    assert len(traces) == len(inputs)


@pytest.mark.parametrize("seed", [200])
@pytest.mark.parametrize("case", [*KERNELS, *TWICE], ids=str)
def test_no_access_that_hardware_would_trap(
    case: Case,
    seed: int,
    tmp_path: Path,
    object_cache: Path,
) -> None:
    graph = covered(case, seed)
    output = tmp_path / "build"
    model = tmp_path / "model.tflite"
    model.write_bytes(write_model(graph))
    with choosing(case.choose):
        built = build(model, target="stm32f7", output=output, object_cache=object_cache)
    manifest = built.manifest
    assert manifest.layers[0].kernel == case.function
    board = boot(output, manifest)
    layer = read_image(output / "firmware.elf").symbol(f"run_{manifest.layers[0].name}")
    with misaligned_accesses(board, layer) as found:
        board.run(extremes(np.random.default_rng(seed), graph)[0])
    assert [hex(address) for address in found] == []
