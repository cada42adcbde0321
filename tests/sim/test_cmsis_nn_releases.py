"""Other releases of CMSIS-NN than the one that bakenn ships, where their folders are given."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mcugen.compiler import build
from mcugen.kernels.cmsis_nn.sources import find
from mcugen.tflite import write_model
from mcugen.verify import verify
from tests.networks import small_mobilenet

VARIABLE = "MCUGEN_TEST_CMSIS_NN"
FOLDERS = [Path(folder) for folder in os.environ.get(VARIABLE, "").split(os.pathsep) if folder]


@pytest.mark.skipif(not FOLDERS, reason=f"{VARIABLE} names no folders of CMSIS-NN releases")
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_release_is_exact(folder: Path, tmp_path: Path) -> None:
    model = tmp_path / "small.tflite"
    model.write_bytes(write_model(small_mobilenet()))
    result = build(model, target="stm32f7", output=tmp_path / "build", cmsis_nn=folder)
    assert result.manifest.backends[0].version == find(folder).release.version
    report = verify(result.folder, executions=("host", "board"))
    assert report.error is None
