"""PAD folded into convolutions: windows that lie partly or wholly in the margins stay exact.

CMSIS-NN's kernels assume different things of them. By hand, for a sweep of 500:
``MCUGEN_SWEEP=500 pytest tests/property/test_padded_convolutions.py``.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from tests.ladder import check_candidates
from tests.networks import padded_convolution

PAIRS = int(os.environ.get("MCUGEN_SWEEP", "60"))


@pytest.mark.parametrize("seed", range(PAIRS))
def test_every_execution_equals_the_reference(
    seed: int, tmp_path: Path, object_cache: Path
) -> None:
    rng = np.random.default_rng([seed, 5])
    kind = "CONV_2D" if seed % 4 == 3 else "DEPTHWISE_CONV_2D"
    check_candidates(padded_convolution(rng, kind), tmp_path, object_cache, seed=seed, inputs=3)
