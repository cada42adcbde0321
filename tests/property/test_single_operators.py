"""Random models of one operator: every call that runs it, on host and virtual boards, every byte.

Host and boards of two cores against the reference. By hand, for a sweep of about 2,000 models:
``MCUGEN_SWEEP=180 pytest tests/property/test_single_operators.py -n 2``.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from mcugen.ops.registry import OPERATORS
from tests import one_value
from tests.extremes import extremes
from tests.ladder import check_candidates

# Reshapes become aliases, so alone they leave nothing to run.
ON_BOARD = sorted(
    kind
    for kind, operator in OPERATORS.items()
    if not operator.static and kind not in ("EXPAND_DIMS", "RESHAPE", "SQUEEZE")
)
WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
"""Those with several kernels get twice as many models."""
PAIRS = ("MAXIMUM", "MINIMUM", "MUL", "PRELU", "SUB")
MOVES = (
    "CONCATENATION",
    "DEPTH_TO_SPACE",
    "GATHER",
    "MIRROR_PAD",
    "PACK",
    "RESIZE_BILINEAR",
    "RESIZE_NEAREST_NEIGHBOR",
    "SLICE",
    "SPACE_TO_DEPTH",
    "SPLIT",
    "SPLIT_V",
    "STRIDED_SLICE",
    "TRANSPOSE",
    "UNPACK",
)
FEW = (*PAIRS, *MOVES)
"""One kernel each: a quarter as many."""

SEEDS = int(os.environ.get("MCUGEN_SWEEP", "8"))


def _models(kind: str) -> int:
    """One of eight of tables: every answer in them is held against the references elsewhere."""
    if kind in one_value.KINDS:
        return -(-SEEDS // 8)
    if kind in FEW:
        return -(-SEEDS // 4)
    return SEEDS * (2 if kind in WEIGHTED else 1)


CASES = [(kind, seed) for kind in ON_BOARD for seed in range(_models(kind))]


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_every_call_equals_the_reference(
    kind: str, seed: int, tmp_path: Path, object_cache: Path
) -> None:
    graph = OPERATORS[kind].example(np.random.default_rng([seed, *kind.encode()]))
    hard = extremes(np.random.default_rng(seed), graph) if kind in WEIGHTED else ()
    check_candidates(graph, tmp_path, object_cache, seed=seed, inputs=6, more_inputs=hard)
