"""Random models of one operator: host and virtual boards against the reference, every byte."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mcugen.ops.registry import OPERATORS
from tests.ladder import check_everywhere

ON_BOARD = sorted(kind for kind, operator in OPERATORS.items() if not operator.static)
SEEDS = range(6)

# Reshapes become aliases, so alone they leave nothing to run.
CASES = [(kind, seed) for kind in ON_BOARD if kind not in ("RESHAPE", "SQUEEZE") for seed in SEEDS]


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_every_execution_equals_the_reference(
    kind: str, seed: int, tmp_path: Path, object_cache: Path
) -> None:
    graph = OPERATORS[kind].example(np.random.default_rng([seed, *kind.encode()]))
    check_everywhere(graph, tmp_path, object_cache, seed=seed, inputs=10)
