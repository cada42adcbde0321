"""Random models of one operator on cores without a board: those without DSP, and a Cortex-M33.

By hand, 100 models of each operator: ``MCUGEN_SWEEP=100 pytest tests/property/test_cores.py``.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from mcugen.ops.registry import OPERATORS
from tests.extremes import extremes
from tests.ladder import check_candidates
from tests.property.test_single_operators import ON_BOARD, WEIGHTED

CORES = ("cortex-m0plus", "cortex-m3", "cortex-m33")
CASES = [
    (kind, seed)
    for kind in ON_BOARD
    for seed in range(int(os.environ.get("MCUGEN_SWEEP", "2" if kind in WEIGHTED else "1")))
]


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_every_core_equals_the_reference(
    kind: str, seed: int, tmp_path: Path, object_cache: Path
) -> None:
    graph = OPERATORS[kind].example(np.random.default_rng([seed, *kind.encode()]))
    hard = extremes(np.random.default_rng(seed), graph) if kind in WEIGHTED else ()
    check_candidates(
        graph, tmp_path, object_cache, seed=seed, inputs=3, more_inputs=hard, boards=CORES
    )
