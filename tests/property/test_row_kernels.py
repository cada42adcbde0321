"""Every row kernel over random shapes: exact on host and boards, at the ends of ranges, aligned.

By hand, for a sweep of 250 models a kernel: ``MCUGEN_SWEEP=250 pytest <this file> -n 2``.
"""

from __future__ import annotations

import os
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

KERNELS: tuple[tuple[str, Kernel, models.Make], ...] = (
    ("rows_pointwise_t", lower.pointwise_t, models.pointwise),
    ("rows_pointwise_w", lower.pointwise_w, models.many_pixels),
    ("rows_pointwise_t", lower.pointwise_t, models.batch),
    ("rows_lone_pixel", lower.lone_pixel, models.lone_pixel),
    ("rows_depthwise_row", lower.depthwise_row, models.depthwise),
    ("rows_depthwise_picture", lower.depthwise_picture, models.depthwise),
    ("rows_convolve", lower.convolution, models.first_layer),
    ("rows_convolve", lower.convolution, models.fanned_out),
)
NAMES = [f"{kernel.__name__}-{make.__name__}" for _, kernel, make in KERNELS]
CORE = load_board("stm32f7").chip.cpu


def covered(kernel: Kernel, make: models.Make, seed: int) -> Graph:
    """The first random model that the kernel runs."""
    for attempt in range(200):
        graph = make(np.random.default_rng([seed, attempt]))
        if kernel(graph, graph.ops[0], CORE) is not None:
            return graph
    raise AssertionError("the kernel runs none of 200 models")


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch):
    """Leaves the row kernels' backend one kernel."""
    return lambda kind, kernel: monkeypatch.setattr(rows, "KERNELS", {kind: (kernel,)})


@pytest.mark.parametrize("seed", range(MODELS))
@pytest.mark.parametrize(("function", "kernel", "make"), KERNELS, ids=NAMES)
def test_exact_everywhere(
    function: str,
    kernel: Kernel,
    make: models.Make,
    seed: int,
    only,
    tmp_path: Path,
    object_cache: Path,
) -> None:
    graph = covered(kernel, make, seed)
    only(graph.ops[0].kind, kernel)
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
    assert manifest.layers[0].kernel == function


@pytest.mark.parametrize(("function", "kernel", "make"), KERNELS, ids=NAMES)
def test_no_undefined_behaviour(
    function: str, kernel: Kernel, make: models.Make, only, tmp_path: Path, object_cache: Path
) -> None:
    graph = covered(kernel, make, 100)
    only(graph.ops[0].kind, kernel)
    program = program_of(graph, kernels="fast")
    assert program.schedule.steps[0].call.function == function
    write_tree(tmp_path / "model", emit_model(program))
    output = graph.output(graph.ops[0])
    sanitized = build_host(
        tmp_path / "model", tmp_path, [output.nbytes], sanitize=True, cache=object_cache
    )
    inputs = models.extremes(np.random.default_rng(1), graph)
    traces = sanitized.trace(inputs)
    assert len(traces) == len(inputs)


@pytest.mark.parametrize("seed", [200])
@pytest.mark.parametrize(("function", "kernel", "make"), KERNELS, ids=NAMES)
def test_no_access_that_hardware_would_trap(
    function: str,
    kernel: Kernel,
    make: models.Make,
    seed: int,
    only,
    tmp_path: Path,
    object_cache: Path,
) -> None:
    graph = covered(kernel, make, seed)
    only(graph.ops[0].kind, kernel)
    output = tmp_path / "build"
    model = tmp_path / "model.tflite"
    model.write_bytes(write_model(graph))
    manifest = build(
        model, target="stm32f7", output=output, kernels="fast", object_cache=object_cache
    ).manifest
    assert manifest.layers[0].kernel == function
    board = boot(output, manifest)
    layer = read_image(output / "firmware.elf").symbol(f"run_{manifest.layers[0].name}")
    with misaligned_accesses(board, layer) as found:
        board.run(models.extremes(np.random.default_rng(seed), graph)[0])
    assert [hex(address) for address in found] == []
