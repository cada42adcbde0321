"""Builds to report on: a small one, and the example's, verified on the virtual board."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mcugen.compiler import build
from mcugen.report.verification import save_verification
from mcugen.tflite import write_model
from mcugen.verify import verify
from tests.conftest import EXAMPLE_MODEL
from tests.networks import small_mobilenet


@pytest.fixture(scope="session")
def built_small(tmp_path_factory: pytest.TempPathFactory, object_cache: Path) -> Path:
    folder = tmp_path_factory.mktemp("small")
    model = folder / "small.tflite"
    model.write_bytes(write_model(small_mobilenet()))
    build(model, target="stm32f7", output=folder / "build", object_cache=object_cache)
    return folder / "build"


@pytest.fixture
def small(built_small: Path, tmp_path: Path) -> Path:
    """A build of the small network that a test may change."""
    return shutil.copytree(built_small, tmp_path / "build")


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory, object_cache: Path) -> Path:
    """A build of the example, whose image ran its picture on the virtual board."""
    folder = tmp_path_factory.mktemp("example") / "build"
    build(EXAMPLE_MODEL, target="stm32f7", output=folder, object_cache=object_cache)
    beside = EXAMPLE_MODEL.parent
    found = verify(
        folder,
        executions=("board",),
        inputs=(beside / "sneaker.png",),
        labels=beside / "labels.txt",
    )
    save_verification(folder, found.manifest, found.as_json())
    return folder
