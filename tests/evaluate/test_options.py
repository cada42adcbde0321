"""`eval` with its options, from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mcugen.cli import main


def answer(capsys: pytest.CaptureFixture[str], words: list[str], status: int = 0) -> dict[str, Any]:
    assert main(["eval", *words, "--jobs", "1", "--board", "0", "--json"]) == status
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A training and a validation split with a stray file."""
    rng = np.random.default_rng(1)
    for split in ("train", "val"):
        for number in range(4):
            folder = tmp_path / "pets" / split / str(number)
            folder.mkdir(parents=True)
            pixels = rng.integers(0, 256, (9, 20, 3), np.uint8)
            Image.fromarray(pixels).save(folder / "a.png")
    (tmp_path / "pets" / "val" / "notes.txt").write_text("none")
    return tmp_path / "pets"


def test_folders_with_splits_crop_and_normalisation(
    folder: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [str(folder), "--dataset", str(pictures)]
    plain = answer(capsys, words)
    assert (plain["dataset"], plain["pictures"]) == ("pets/val", 4)
    assert plain["skipped"] == ["notes.txt"]
    assert "20x9 RGB resized to 12x12" in plain["input"]
    cropped = answer(capsys, [*words, "--resize", "crop", "--mean", "0.5,0.4,0.3", "--std", "0.5"])
    assert "20x9 RGB cropped to 12x12, (pixel/255 - 0.5,0.4,0.3) / 0.5" in cropped["input"]
    assert main(["eval", *words, "--jobs", "1", "--board", "0"]) == 0
    assert "skipped    what is no picture: notes.txt" in capsys.readouterr().out


def test_another_preparation_is_another_evaluation(
    folder: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The journal holds outcomes for the inputs that they came from."""
    words = [str(folder), "--dataset", str(pictures / "train")]
    before = set((folder / "eval").glob("*")) if (folder / "eval").exists() else set()
    answer(capsys, words)
    answer(capsys, [*words, "--resize", "crop"])
    answer(capsys, [*words, "--std", "0.5"])
    assert len(set((folder / "eval").glob("*")) - before) == 3


def test_float_pictures(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (3, 12, 12, 3), np.uint8)
    np.savez(tmp_path / "bytes.npz", images=pixels, labels=[0, 1, 2])
    np.savez(tmp_path / "floats.npz", images=pixels / 127.5 - 1, labels=[0, 1, 2])
    exact = answer(capsys, [str(folder), "--dataset", str(tmp_path / "bytes.npz")])
    floats = [str(folder), "--dataset", str(tmp_path / "floats.npz")]
    refused = answer(capsys, floats, status=2)
    assert "`--pixels 0..1`" in refused["error"]["hint"]
    found = answer(capsys, [*floats, "--pixels", "-1..1"])
    assert found["confusion"] == exact["confusion"]
    assert found["dataset_sha256"] == exact["dataset_sha256"]


@pytest.mark.parametrize("words", [["--mean", "a"], ["--mean", "nan"], ["--std", "1,,2"]])
def test_numbers_that_are_none(
    folder: Path, pictures: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    refused = answer(capsys, [str(folder), "--dataset", str(pictures), *words], status=2)
    assert refused["error"]["code"] == "U006"
