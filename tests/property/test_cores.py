"""Random models of one operator on cores without a board: those without DSP, a Cortex-M33, and
CMSIS-NN's vectors on QEMU's Cortex-M55.

By hand, 100 models of each operator: ``MCUGEN_SWEEP=100 pytest tests/property/test_cores.py``.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from mcugen.boards.plain import CoreOptions
from mcugen.compiler import build
from mcugen.kernels import cmsis_nn
from mcugen.ops.registry import OPERATORS
from mcugen.sim.qemu import PROGRAM
from mcugen.tflite import write_model
from mcugen.verify import verify
from tests.extremes import extremes
from tests.ladder import check_candidates
from tests.property.test_single_operators import ON_BOARD, WEIGHTED

CORES = ("cortex-m0plus", "cortex-m3", "cortex-m33")
SWEEP = os.environ.get("MCUGEN_SWEEP")


def _models(kind: str) -> int:
    """Without a sweep only what CMSIS-NN runs, whose code differs from core to core."""
    if SWEEP is not None:
        return int(SWEEP)
    return 2 if kind in WEIGHTED else int(kind in cmsis_nn.KERNELS)


CASES = [(kind, seed) for kind in ON_BOARD for seed in range(_models(kind))]


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_every_core_equals_the_reference(
    kind: str, seed: int, tmp_path: Path, object_cache: Path
) -> None:
    graph = OPERATORS[kind].example(np.random.default_rng([seed, *kind.encode()]))
    hard = extremes(np.random.default_rng(seed), graph) if kind in WEIGHTED else ()
    check_candidates(
        graph, tmp_path, object_cache, seed=seed, inputs=3, more_inputs=hard, boards=CORES
    )


VECTORS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "AVERAGE_POOL_2D", "MAX_POOL_2D")


@pytest.mark.skipif(shutil.which(PROGRAM) is None, reason="qemu-system-arm is not installed")
@pytest.mark.parametrize("seed", range(int(os.environ.get("MCUGEN_SWEEP", "1"))))
@pytest.mark.parametrize("kind", VECTORS)
def test_vectors_equal_the_reference(
    kind: str, seed: int, tmp_path: Path, object_cache: Path
) -> None:
    graph = OPERATORS[kind].example(np.random.default_rng([seed, *kind.encode()]))
    model = tmp_path / "model.tflite"
    model.write_bytes(write_model(graph))
    memory, folder = CoreOptions("1M", "2M"), tmp_path / "build"
    build(model, target="m55", core=memory, output=folder, object_cache=object_cache)
    report = verify(folder, executions=("host", "board"), seed=seed, count=6)
    assert report.error is None
    assert [(pair.a, pair.b) for pair in report.pairs][1] == ("reference", "qemu")
