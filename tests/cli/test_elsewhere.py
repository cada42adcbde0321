"""Systems other than Linux on x86-64: what is not there, and that most commands need none of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement

from mcugen.boards import load_board
from mcugen.inputs import model_input
from mcugen.reference.load import _how_to_get_one
from mcugen.tflite import read_model, write_model
from tests.networks import small_mobilenet

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]


def elsewhere(*lines: list[str]) -> list[tuple[int, str, str]]:
    """Exit status, stdout and stderr of each command."""
    quiet = "ignore:only soft file lock is available"  # without fcntl, and not on Windows either
    program = str(ROOT / "tests/cli/elsewhere.py")
    done = subprocess.run(
        [sys.executable, "-W", quiet, program, json.dumps(lines)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    return [tuple(one) for one in json.loads(done.stdout)]


def test_inspect_build_flash_run_and_ports_work(tmp_path: Path) -> None:
    model, build = tmp_path / "small.tflite", tmp_path / "build"
    model.write_bytes(write_model(small_mobilenet()))
    tensor = model_input(read_model(model))
    picture = tmp_path / "picture.npy"
    np.save(picture, np.zeros(tensor.shape, tensor.dtype.numpy))
    for status, out, err in elsewhere(
        ["inspect", str(model)],
        ["build", str(model), "-t", "stm32f7", "-o", str(build)],
        ["ports"],
    ):
        assert (status, err) == (0, "")
        assert out
    board = load_board("stm32f7")
    flash = tmp_path / "board.bin"
    room = board.application.start - board.flash.base
    flash.write_bytes((build / "firmware-full.bin").read_bytes()[:room])
    line = [sys.executable, "-m", "mcugen", "board", "-t", "stm32f7", "--flash", str(flash)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, cwd=ROOT) as running:
        assert running.stdout is not None
        port = running.stdout.readline().strip()
        flashed, ran, watched = elsewhere(
            ["flash", str(build), "-p", port, "--json"],
            ["run", str(build), "-p", port, "--input", str(picture), "--json"],
            ["monitor", "-p", port, "--timeout", "0.5"],
        )
        running.terminate()
    assert flashed[0] == 0, flashed
    assert json.loads(flashed[1])["started"]
    assert ran[0] == 0, ran
    assert json.loads(ran[1])["top"]
    assert watched[0] == 0, watched


def test_verify_and_board_say_what_to_do(tmp_path: Path) -> None:
    model, build = tmp_path / "small.tflite", str(tmp_path / "build")
    model.write_bytes(write_model(small_mobilenet()))
    built, compared, emulated = elsewhere(
        ["build", str(model), "-t", "stm32f7", "-o", build],
        ["verify", build, "--sim=host"],
        ["board", "-t", "stm32f7", "--build", build],
    )
    assert built[0] == 0
    assert compared[0] == 3
    assert compared[2].startswith("error[T005]: no reference interpreter is installed\n")
    assert emulated[0] == 3
    assert emulated[2].startswith("error[T009]: this system has no pseudo-terminals")


def test_where_there_is_no_reference_it_is_said_where_there_is_one() -> None:
    assert _how_to_get_one("linux", "x86_64") == "pip install tflite-micro"
    for system, machine in (("darwin", "arm64"), ("win32", "amd64"), ("linux", "aarch64")):
        assert "Linux on x86-64 only" in _how_to_get_one(system, machine)


@pytest.mark.parametrize(
    ("system", "machine", "kernels"),
    [
        ("linux", "x86_64", {"tflite-micro", "tflite-runtime", "unicorn"}),
        ("linux", "aarch64", {"tflite-runtime", "unicorn"}),
        ("darwin", "arm64", {"unicorn"}),
        ("darwin", "x86_64", {"unicorn"}),
        ("win32", "AMD64", {"unicorn"}),
        ("win32", "ARM64", set()),
    ],
)
def test_only_what_has_packages_for_a_system_is_asked_for(
    system: str, machine: str, kernels: set[str]
) -> None:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    there: Any = {
        **default_environment(),
        "sys_platform": system,
        "platform_machine": machine,
        "python_version": "3.11",
    }
    wanted = [Requirement(text) for text in project["dependencies"]]
    names = {one.name for one in wanted if one.marker is None or one.marker.evaluate(there)}
    assert names & {"tflite-micro", "tflite-runtime", "unicorn"} == kernels
