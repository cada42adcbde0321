"""The small network built, sound and broken, and pictures for it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from mcugen import compiler
from tests.evaluate.evaluations import PICTURES, build_small, write_dataset


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, object_cache: Path) -> Path:
    return build_small(tmp_path_factory.mktemp("small"), object_cache)


@pytest.fixture
def folder(built: Path) -> Path:
    """The build, without what an evaluation left there."""
    for journal in built.glob("eval/*"):
        journal.unlink()
    return built


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("data") / "pictures.npz", PICTURES)


@pytest.fixture(scope="session")
def broken(tmp_path_factory: pytest.TempPathFactory, object_cache: Path) -> Path:
    """The build with one weight of its first layer changed in the generated C."""
    emit = compiler.emit_model

    def sabotaged(*arguments: Any) -> dict[str, str]:
        tree = dict(emit(*arguments))
        tree["model_weights.c"] = re.sub(
            r"(model_conv_0_weights\[\d+\] = \{\s*)-19,", r"\1 90,", tree["model_weights.c"]
        )
        return tree

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiler, "emit_model", sabotaged)
        return build_small(tmp_path_factory.mktemp("broken"), object_cache)
