"""Every row kernel over random shapes: exact on host and boards, at the ends of ranges, aligned.

By hand, for a sweep of 250 models a kernel: ``MCUGEN_SWEEP=250 pytest <this file> -n 2``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from mcugen.boards import load_board
from mcugen.compiler import build
from mcugen.emit import emit_model
from mcugen.image import read_image
from mcugen.ir import Graph
from mcugen.kernels import rows
from mcugen.kernels.backend import Kernel
from mcugen.kernels.call import Call
from mcugen.kernels.rows import lower
from mcugen.sim.host import build_host
from mcugen.staging import write_tree
from mcugen.tflite import write_model
from mcugen.verify.executions import boot
from tests import single_convolutions as models
from tests.alignment import misaligned_accesses
from tests.conftest import program_of
from tests.ladder import check_everywhere

MODELS = int(os.environ.get("MCUGEN_SWEEP", "3"))


@dataclass(frozen=True)
class Case:
    """A kernel, and the random models that it is to run.

    ``rounding`` is what its layers must ask for, if given; what ``instead_of`` runs is left out.
    """

    function: str
    kernel: Kernel
    make: models.Make
    rounding: str = ""
    instead_of: Kernel | None = None

    def __str__(self) -> str:
        return f"{self.kernel.__name__}-{self.make.__name__}"

    def covers(self, graph: Graph) -> bool:
        op = graph.ops[0]
        if self.instead_of is not None and self.instead_of(graph, op, CORE) is not None:
            return False
        call = self.kernel(graph, op, CORE)
        return call is not None and (not self.rounding or self.rounding == _rounding(call))


def _rounding(call: Call) -> str:
    if isinstance(call.params, lower.PointwiseCall):
        return call.params.even.rounding
    return call.params.result.rounding


CORE = load_board("stm32f7").chip.cpu
KERNELS = (
    Case("rows_pointwise_t", lower.pointwise_t, models.pointwise),
    Case("rows_pointwise_w", lower.pointwise_w, models.many_pixels),
    Case("rows_pointwise_t", lower.pointwise_t, models.batch),
    Case("rows_lone_pixel", lower.lone_pixel, models.lone_pixel),
    Case("rows_depthwise_row", lower.depthwise_row, models.depthwise),
    Case("rows_depthwise_picture", lower.depthwise_picture, models.depthwise),
    Case("rows_convolve", lower.convolution, models.first_layer),
    Case("rows_convolve", lower.convolution, models.fanned_out),
)


def twice(
    function: str, kernel: Kernel, make: models.Make, instead_of: Kernel | None = None
) -> Case:
    """The reference's rounding, where some channel has no constants for two instructions, or in a
    ``steep`` model, where some shift to the left."""
    rounding = "ROWS_TWICE" if instead_of else "ROWS_TWICE_LEFT"
    return Case(function, kernel, make, rounding, instead_of)


POINTWISE_T = ("rows_pointwise_t", lower.pointwise_t_twice_rounded)
POINTWISE_W = ("rows_pointwise_w", lower.pointwise_w_twice_rounded)
DEPTHWISE_ROW = ("rows_depthwise_row", lower.depthwise_row_twice_rounded)
DEPTHWISE_PICTURE = ("rows_depthwise_picture", lower.depthwise_picture_twice_rounded)
LONE_PIXEL = ("rows_lone_pixel", lower.lone_pixel)
CONVOLUTION = ("rows_convolve", lower.convolution_twice_rounded)
INEXACT = (
    twice(*POINTWISE_T, models.pointwise, lower.pointwise_t),
    twice(*POINTWISE_W, models.many_pixels, lower.pointwise_w),
    twice(*POINTWISE_W, models.pointwise, lower.pointwise_t),
    twice(*DEPTHWISE_ROW, models.depthwise, lower.depthwise_row),
    twice(*DEPTHWISE_PICTURE, models.depthwise, lower.depthwise_row),
    twice(*CONVOLUTION, models.first_layer, lower.convolution),
)
STEEP = (
    twice(*POINTWISE_T, models.steep(models.batch)),
    twice(*POINTWISE_W, models.steep(models.many_pixels)),
    twice(*DEPTHWISE_ROW, models.steep(models.depthwise)),
    twice(*DEPTHWISE_PICTURE, models.steep(models.depthwise)),
    twice(*CONVOLUTION, models.steep(models.fanned_out)),
    twice(*LONE_PIXEL, models.steep(models.lone_pixel)),
)
RUNS = [
    *((case, seed) for case in KERNELS for seed in range(MODELS)),
    *((case, seed) for case in (*INEXACT, *STEEP) for seed in range(MODELS // 2)),
]


def covered(case: Case, seed: int) -> Graph:
    """The first random model that the kernel is to run."""
    for attempt in range(200):
        graph = case.make(np.random.default_rng([seed, attempt]))
        if case.covers(graph):
            return graph
    raise AssertionError("the kernel runs none of 200 models")


def test_proven_constants_come_before_the_references_rounding() -> None:
    for case in KERNELS:
        if case.kernel is lower.lone_pixel:
            continue
        graph = covered(case, 300)
        calls = rows.backend().candidates(graph, graph.ops[0], CORE)
        kinds = [_rounding(call).startswith("ROWS_PROVEN") for call in calls]
        assert kinds == sorted(kinds, reverse=True)
        assert kinds[0]
        assert not kinds[-1]


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch):
    """Leaves the row kernels' backend one kernel."""
    return lambda kind, kernel: monkeypatch.setattr(rows, "KERNELS", {kind: (kernel,)})


@pytest.mark.parametrize(("case", "seed"), RUNS, ids=str)
def test_exact_everywhere(
    case: Case,
    seed: int,
    only,
    tmp_path: Path,
    object_cache: Path,
) -> None:
    graph = covered(case, seed)
    only(graph.ops[0].kind, case.kernel)
    extremes = models.extremes(np.random.default_rng(seed), graph)
    manifest = check_everywhere(
        graph,
        tmp_path,
        object_cache,
        seed=seed,
        inputs=8,
        kernels="fast",
        more_inputs=extremes,
    )
    assert manifest.layers[0].kernel == case.function


@pytest.mark.parametrize("case", [*KERNELS, *INEXACT, *STEEP], ids=str)
def test_no_undefined_behaviour(case: Case, only, tmp_path: Path, object_cache: Path) -> None:
    graph = covered(case, 100)
    only(graph.ops[0].kind, case.kernel)
    program = program_of(graph, kernels="fast")
    assert program.schedule.steps[0].call.function == case.function
    write_tree(tmp_path / "model", emit_model(program))
    output = graph.output(graph.ops[0])
    sanitized = build_host(
        tmp_path / "model", tmp_path, [output.nbytes], sanitize=True, cache=object_cache
    )
    inputs = models.extremes(np.random.default_rng(1), graph)
    traces = sanitized.trace(inputs)
    assert len(traces) == len(inputs)


@pytest.mark.parametrize("seed", [200])
@pytest.mark.parametrize("case", [*KERNELS, *INEXACT], ids=str)
def test_no_access_that_hardware_would_trap(
    case: Case,
    seed: int,
    only,
    tmp_path: Path,
    object_cache: Path,
) -> None:
    graph = covered(case, seed)
    only(graph.ops[0].kind, case.kernel)
    output = tmp_path / "build"
    model = tmp_path / "model.tflite"
    model.write_bytes(write_model(graph))
    manifest = build(
        model, target="stm32f7", output=output, kernels="fast", object_cache=object_cache
    ).manifest
    assert manifest.layers[0].kernel == case.function
    board = boot(output, manifest)
    layer = read_image(output / "firmware.elf").symbol(f"run_{manifest.layers[0].name}")
    with misaligned_accesses(board, layer) as found:
        board.run(models.extremes(np.random.default_rng(seed), graph)[0])
    assert [hex(address) for address in found] == []
