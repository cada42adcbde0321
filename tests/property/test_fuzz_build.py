"""Damaged files through all of ``build`` but the compilers: an error each, nothing written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mcugen import compiler
from mcugen.errors import McugenError, ToolchainError
from mcugen.tflite import write_model
from tests.networks import small_mobilenet
from tests.property.test_fuzz_reader import MUTATIONS, Mutation

SEEDS = range(60)


@pytest.fixture
def no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mutation may leave a sound model; then this is where the build ends."""

    def refuse(*arguments: object) -> None:
        raise ToolchainError("T002", "no compiler in this test")

    monkeypatch.setattr(compiler, "build_firmware", refuse)


@pytest.mark.usefixtures("no_compiler")
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_damaged_model_leaves_nothing(mutation: Mutation, tmp_path: Path) -> None:
    original = write_model(small_mobilenet())
    model = tmp_path / "damaged.tflite"
    codes = []
    for seed in SEEDS:
        data = bytearray(original)
        mutation(data, np.random.default_rng([seed, 7]))
        model.write_bytes(data)
        with pytest.raises(McugenError) as caught:
            compiler.build(model, target="stm32f7", output=tmp_path / "build")
        codes.append(caught.value.code)
    assert [path.name for path in tmp_path.iterdir()] == ["damaged.tflite"]
    assert len(set(codes)) > 1 or set(codes) == {"M002"}
