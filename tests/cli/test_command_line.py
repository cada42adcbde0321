"""The command line as a whole: help, usage errors, and stdout that is closed or full."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mcugen import __version__
from mcugen.cli import cli, main
from mcugen.cli.options import Settings
from mcugen.cli.outcome import status_of

ROOT = Path(__file__).parents[2]


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"mcugen {__version__}\n"


@pytest.mark.parametrize(
    "words",
    [["--help"], ["-h"], ["build", "--help"], ["verify", "-h"], ["run", "-h"], ["monitor", "-h"]],
)
def test_help(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 0
    assert capsys.readouterr().out.startswith("Usage: mcugen")


def examples_in(words: list[str], capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    """The command lines that a help shows at its end."""
    assert main([*words, "--help"]) == 0
    _, _, shown = capsys.readouterr().out.partition("Examples:\n")
    return [line.partition(" > ")[0].split() for line in shown.splitlines()]


@pytest.mark.parametrize("command", ["", *cli.commands])
def test_help_has_examples_that_can_be_typed(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [command] if command else []
    examples = examples_in(words, capsys)
    assert len(examples) >= 2
    for program, name, *arguments in examples:
        assert program == "mcugen"
        assert name == command or not command
        cli.commands[name].make_context(name, arguments, obj=Settings())


def test_no_command_shows_help_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "Commands:" in capsys.readouterr().out


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from mcugen.cli import main; main(['--help']);"
        "print(sorted({'numpy', 'rich', 'jinja2', 'PIL', 'unicorn', 'tflite'} & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("words", "code", "what"),
    [
        (["build", "-t", "stm32f7"], "U007", "MODEL"),
        (["bild"], "U007", "bild"),
        (["--bogus"], "U007", "--bogus"),
        (["verify", "a", "b", "--sim"], "U007", "b"),
        (["verify"], "U007", "`--sim` for simulators, `--port PORT` for the board"),
        (["verify", "-p", "x", "-b", "0"], "U006", "--baud"),
        (["run", "-p", "x"], "U007", "--input"),
        (["monitor", "-p", "x", "--timeout", "0"], "U006", "--timeout"),
        (["verify", "--sim=moon"], "U006", "moon"),
        (["verify", "--sim", "--count", "0"], "U006", "--count"),
        (["verify", "--sim", "--seed", "-1"], "U006", "--seed"),
    ],
)
def test_usage_errors(
    words: list[str], code: str, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"error[{code}]: ")
    assert what in printed.err
    assert "hint: `mcugen" in printed.err


def test_usage_errors_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", "--json", "--bogus"]) == 2
    printed = capsys.readouterr()
    answer = json.loads(printed.out)
    assert (answer["schema"], answer["command"], answer["status"]) == (1, "build", "error")
    assert answer["error"]["code"] == "U007"
    assert printed.err == ""


@pytest.mark.parametrize("words", [["boards"], ["boards", "--json"], ["--help"]])
def test_a_reader_that_goes_is_no_answer(words: list[str]) -> None:
    """Neither "no" nor a complaint: the status of a program that SIGPIPE ended."""
    reading, writing = os.pipe()
    os.close(reading)
    line = [sys.executable, "-m", "mcugen", *words]
    run = subprocess.run(line, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (run.returncode, run.stderr) == (141, b"")


@pytest.mark.parametrize("words", [["boards"], ["boards", "--json"]])
def test_a_full_disk_is_told(words: list[str]) -> None:
    line = [sys.executable, "-m", "mcugen", *words]
    with open("/dev/full", "wb") as full:
        run = subprocess.run(line, stdout=full, stderr=subprocess.PIPE, check=False, text=True)
    assert run.returncode == 2
    assert run.stderr.startswith(
        "error[U005]: the answer cannot be written to stdout: No space left on device\n"
    )
    assert "Traceback" not in run.stderr


def test_an_exit_keeps_its_status() -> None:
    def end() -> None:
        raise SystemExit(143)

    with pytest.raises(SystemExit) as caught:
        status_of(end, Settings(), "board", as_json=False)
    assert caught.value.code == 143
