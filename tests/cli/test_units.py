"""A virtual board counts instructions, and nothing that any command says makes time of them."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mcugen.boards import load_board
from mcugen.cli import main
from tests.lines import SmallBuild, build_small

MCUGEN = (sys.executable, "-m", "mcugen")
BOARD = load_board("stm32f7")

TIME = re.compile(
    r"\bms\b|\dms\b|_ms\b|milli-?sec|\bmsec|µs\b|micro-?sec|\bcycles?\b(?!\W*null)", re.I
)
"""Milliseconds however they are written, also in names of keys, and cycles that have a number."""

# Words of the report that explain what a chip would count, and estimates that name their model.
EXPLAINED = re.compile(
    "a board at a port counts cycles"
    r"|^.* ms at .*: models? cortex-m\S+.*$"
    r"|\{[^{}]*\"model\": \"cortex-m[^{}]*\}",
    re.MULTILINE,
)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, object_cache: Path) -> SmallBuild:
    return build_small(tmp_path_factory.mktemp("small"), object_cache)


@pytest.fixture(scope="module")
def port(small: SmallBuild, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A virtual board on which only the loader is installed."""
    flash = tmp_path_factory.mktemp("board") / "board.bin"
    room = BOARD.application.start - BOARD.flash.base
    flash.write_bytes((small.folder / "firmware-full.bin").read_bytes()[:room])
    command = [*MCUGEN, "board", "--target", "stm32f7", "--flash", str(flash)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as board:
        assert board.stdout is not None
        yield board.stdout.readline().strip()
        board.send_signal(signal.SIGINT)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture, and a data set of a few."""
    folder = tmp_path_factory.mktemp("files")
    pixels = np.random.default_rng(7).integers(0, 256, (3, 12, 12, 3), np.uint8)
    Image.fromarray(pixels[0]).save(folder / "picture.png")
    np.savez(folder / "set.npz", images=pixels, labels=[0, 1, 2])
    return folder


def found_in(text: str) -> list[str]:
    """Where time is spoken of, with what stands before it."""
    text = EXPLAINED.sub("", text)
    return [text[max(0, match.start() - 40) : match.end()] for match in TIME.finditer(text)]


@pytest.mark.parametrize("style", [("--json",), ("-v",)])
def test_no_time_against_a_virtual_board(
    small: SmallBuild,
    port: str,
    files: Path,
    tmp_path: Path,
    style: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
) -> None:
    built = str(tmp_path / "build")
    model = str(small.folder / "model.tflite")
    picture, data = str(files / "picture.png"), str(files / "set.npz")
    for words in (
        ("build", model, "-t", "stm32f7", "-o", built),
        ("inspect", model),
        ("verify", built, "--sim", "--count", "1"),
        ("flash", built, "-p", port),
        ("verify", built, "-p", port, "--count", "1"),
        ("verify", built, "--sim=board", "-p", port, "--count", "1"),
        ("run", built, "-p", port, "--input", picture),
        ("eval", built, "--dataset", data),
        ("report", built),
        ("check", built, "--max-ram", "300K", "--max-instructions", "90M"),
        ("diff", built, built),
    ):
        assert main([*words, *style]) == 0, words
        printed = capsys.readouterr()
        assert printed.out, words
        assert found_in(printed.out + printed.err) == [], words
    for kept in ("report.html", "verification.json", "manifest.json"):
        text = (tmp_path / "build" / kept).read_text()
        assert "nstructions" in text or kept == "manifest.json"
        assert found_in(text) == [], kept


def test_nor_in_what_the_monitor_shows(
    small: SmallBuild, port: str, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["flash", str(small.folder), "-p", port]) == 0
    assert main(["monitor", "-p", port, "--timeout", "1"]) == 0
    printed = capsys.readouterr().out
    assert "is virtual and counts instructions" in printed
    assert found_in(printed) == []


def test_an_estimate_says_its_model() -> None:
    assert found_in("estimate      0.4 to 0.6 ms at 216 MHz: models cortex-m7-a and b") == []
    assert found_in('{"model": "cortex-m4-art", "cycles": 5, "milliseconds": 1}') == []
    assert found_in("estimate      0.4 to 0.6 ms at 216 MHz")
    assert found_in('{"cycles": 5, "milliseconds": 1}')


def test_time_would_be_noticed() -> None:
    for said in ("195.0 ms", "195ms", '"run_ms": 1', '"milliseconds": null', "9 cycles", "9 µs"):
        assert found_in(f"x {said} x"), said
    assert found_in('"cycles": null, "items", 216 MHz, 3 systems') == []
