"""Boards as people name them: on the command line, in completion, in a file of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest

from mcugen import resources
from mcugen.boards import load_board, load_board_of_build
from mcugen.cli import main
from mcugen.errors import BoardError, FitError
from mcugen.fit import check
from mcugen.memory.plan import Plan
from mcugen.program import Program
from mcugen.tflite import write_model
from tests.conftest import program_of
from tests.networks import small_mobilenet

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("name", "board"),
    [
        ("STM32F7", "nucleo-f746zg"),
        ("NUCLEO-F746ZG", "nucleo-f746zg"),
        ("nucleo_f746zg", "nucleo-f746zg"),
        ("Nucleo F767ZI", "nucleo-f767zi"),
        ("STM32F746ZG", "nucleo-f746zg"),
        ("stm32f746ng", "stm32f746g-disco"),
        ("STM32F746ZGT6", "nucleo-f746zg"),
        ("32F746GDISCOVERY", "stm32f746g-disco"),
    ],
)
def test_a_board_however_it_is_spelt(name: str, board: str) -> None:
    assert load_board(name).id == board


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("STM32F746", "did you mean `nucleo-f746zg` or `stm32f746g-disco`"),
        ("nucleo-f747zg", "did you mean `nucleo-f746zg`"),
        ("stm32f8", "did you mean `stm32f7` or `stm32f4`"),
        ("raspberry pi", "targets: "),
        ("", "targets: "),
        ("-", "targets: "),
    ],
)
def test_near_misses_are_suggested(name: str, meant: str) -> None:
    with pytest.raises(BoardError) as caught:
        load_board(name)
    assert caught.value.code == "B001"
    assert caught.value.hint.startswith(meant)


@pytest.mark.parametrize("command", ["build m.tflite", "board"])
def test_without_a_target_the_boards_are_listed(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command.split()) == 2
    told = capsys.readouterr().err
    assert told.startswith("error[U007]: say which board: `-t BOARD`\n")
    assert "  nucleo-f746zg     stm32f7*     STM32F746ZG  320 KB RAM, 1,024 KB flash\n" in told


def completed(line: str) -> list[str]:
    """What the shell offers behind a line."""
    words = f"mcugen {line}"
    done = subprocess.run(
        [sys.executable, "-m", "mcugen"],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split(" ")) - 1),
            "_MCUGEN_COMPLETE": "bash_complete",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return [offer.partition(",")[2] for offer in done.stdout.splitlines()]


def test_the_shell_completes_boards_and_ways() -> None:
    assert completed("build -t nucleo-f7") == ["nucleo-f746zg", "nucleo-f767zi"]
    assert completed("inspect --target STM32F") == ["stm32f4", "stm32f7", "stm32f746g-disco"]
    assert completed("flash --via r") == ["rom"]
    assert completed("flash --via ")[:3] == ["firmware", "loader", "rom"]


@pytest.fixture
def own_board(tmp_path: Path) -> Path:
    """A board file of a user's own, with a name of its own."""
    text = (resources.firmware_dir() / "boards/nucleo-f746zg.toml").read_text("utf-8")
    path = tmp_path / "board.toml"
    path.write_text(text.replace('id = "nucleo-f746zg"', 'id = "my-board"'))
    return path


def test_a_board_file_is_built_for_verified_and_kept(
    own_board: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, build = tmp_path / "small.tflite", tmp_path / "build"
    model.write_bytes(write_model(small_mobilenet()))
    assert main(["build", str(model), "-t", str(own_board), "-o", str(build), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["board"] == "my-board"
    own_board.unlink()
    assert load_board_of_build(build, "my-board").id == "my-board"
    assert main(["verify", str(build), "--sim=board", "--count", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["status"] == "ok"
    assert main(["inspect", str(build), "-q"]) == 0


@pytest.mark.parametrize("id_", ["../escape", "", "a/b", "Über"])
def test_an_id_that_is_no_file_name_is_refused(own_board: Path, id_: str) -> None:
    own_board.write_text(own_board.read_text("utf-8").replace('"my-board"', f'"{id_}"'), "utf-8")
    with pytest.raises(BoardError, match="`id` must be small letters"):
        load_board(str(own_board))


def test_sources_that_are_not_there_are_refused(own_board: Path) -> None:
    own_board.write_text(own_board.read_text().replace("uart_stm32f7.c", "uart_of_mine.c"))
    with pytest.raises(BoardError, match=r"`uart_of_mine\.c` is no file") as caught:
        load_board(str(own_board))
    assert caught.value.code == "B002"


@pytest.mark.parametrize("kind", ["/dev/zero", "fifo", "folder", "large"])
def test_what_is_no_file_is_not_read(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "board.toml"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "large":
        with path.open("wb") as file:
            file.truncate(3_000_000_000)
    else:
        path.symlink_to(kind)
    with pytest.raises(BoardError) as caught:
        load_board(str(path))
    assert caught.value.code == "B002"


def needing(arena: int) -> Program:
    """The small network, as if its arena were so large."""

    class Larger(Plan):
        arena_bytes = arena

    program = program_of(small_mobilenet())
    whole = {field.name: getattr(program.plan, field.name) for field in fields(Plan)}
    return replace(program, plan=Larger(**whole))


@pytest.mark.parametrize(
    ("arena", "hint"),
    [
        (
            400_000,
            "it fits with `--target` `nucleo-f767zi` or `nucleo-h743zi` or `nucleo-l4r5zi`, or a",
        ),
        (600_000, "it fits with `--target` `nucleo-l4r5zi`, or a smaller model or input"),
        (10**9, "no board that mcugen knows has room for it: choose another in a board file, "),
    ],
)
def test_the_boards_that_fit_are_named(arena: int, hint: str) -> None:
    with pytest.raises(FitError) as caught:
        check(needing(arena), load_board("stm32f7"))
    assert caught.value.code == "F001"
    assert caught.value.hint.startswith(hint)
