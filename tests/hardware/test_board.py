"""A real board: this runs only where MCUGEN_PORT names its serial port.

    MCUGEN_PORT=/dev/ttyACM0 pytest tests/hardware

MCUGEN_TARGET says which board it is, `stm32f7` where it is not set. Its flash is written.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from mcugen.cli import main
from tests.conftest import EXAMPLE_MODEL

PORT = os.environ.get("MCUGEN_PORT", "")
TARGET = os.environ.get("MCUGEN_TARGET", "stm32f7")

pytestmark = pytest.mark.skipif(
    not PORT, reason="needs a board: set MCUGEN_PORT to its serial port"
)


@pytest.fixture(scope="module")
def build_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hardware") / "build"
    assert main(["build", str(EXAMPLE_MODEL), "--target", TARGET, "-o", str(folder)]) == 0
    return folder


def answer_of(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    capsys.readouterr()
    status = main([*words, "--json"])
    answer = json.loads(capsys.readouterr().out)
    assert status == 0, answer
    return dict(answer)


def test_flash_then_verify(build_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The board computes what the reference does, layer by layer, and counts its cycles."""
    answer_of(capsys, "flash", str(build_folder), "--port", PORT)
    words = ("verify", str(build_folder), "--port", PORT, "--count", "2")
    answer = answer_of(capsys, *words)
    assert answer["status"] == "ok"
    assert isinstance(answer["cycles"], int)
    assert answer["instructions"] is None


def test_flash_again_and_run(build_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is there already is not written again, and the board still answers."""
    answer_of(capsys, "flash", str(build_folder), "--port", PORT)
    answer_of(capsys, "flash", str(build_folder), "--port", PORT)
    picture = EXAMPLE_MODEL.parent / "sneaker.png"
    answer = answer_of(capsys, "run", str(build_folder), "-p", PORT, "--input", str(picture))
    assert isinstance(answer["milliseconds"], float)
    assert answer["milliseconds"] > 0
