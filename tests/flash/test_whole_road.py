"""The 128 px model over a pseudo-terminal with nothing but commands: board, flash, run, verify."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcugen.boards import load_board
from mcugen.compiler import build
from mcugen.tflite import read_model, write_model
from tests.conftest import EXAMPLE_MODEL

BOARD = load_board("stm32f7")
MCUGEN = (sys.executable, "-m", "mcugen")


def answer(*arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [*MCUGEN, *arguments, "--json"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, object_cache: Path) -> Path:
    output = tmp_path_factory.mktemp("whole_road") / "build"
    build(EXAMPLE_MODEL, target="stm32f7", output=output, object_cache=object_cache)
    return output


@pytest.fixture
def port(folder: Path, tmp_path: Path) -> Iterator[str]:
    """A board on which only the loader is installed."""
    flash = tmp_path / "board.bin"
    room = BOARD.application.start - BOARD.flash.base
    flash.write_bytes((folder / "firmware-full.bin").read_bytes()[:room])
    command = [*MCUGEN, "board", "--target", "stm32f7", "--flash", str(flash)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as board:
        assert board.stdout is not None
        yield board.stdout.readline().strip()
        board.send_signal(signal.SIGINT)


def sectors_that_differ(old: bytes, new: bytes) -> list[int]:
    size = max(len(old), len(new))
    old, new = old.ljust(size, b"\xff"), new.ljust(size, b"\xff")
    found, start = [], BOARD.flash.base
    for number, length in enumerate(BOARD.flash.sectors):
        begin = start - BOARD.application.start
        if begin >= 0 and old[begin : begin + length] != new[begin : begin + length]:
            found.append(number)
        start += length
    return found


def other_weights(tmp_path: Path, object_cache: Path) -> Path:
    """The same network with one weight of its last convolution changed."""
    graph = read_model(EXAMPLE_MODEL)
    last = [op for op in graph.ops if op.kind == "CONV_2D"][-1]
    weights = graph.input(last, 1)
    values = np.array(weights.array())
    values.reshape(-1)[0] ^= 1
    changed = replace(weights, data=values.tobytes())
    tensors = tuple(changed if tensor.id == weights.id else tensor for tensor in graph.tensors)
    model = tmp_path / EXAMPLE_MODEL.name
    model.write_bytes(write_model(replace(graph, tensors=tensors)))
    output = tmp_path / "changed"
    build(model, target="stm32f7", output=output, object_cache=object_cache)
    return output


def test_board_flash_run_verify_flash(
    port: str, folder: Path, tmp_path: Path, object_cache: Path
) -> None:
    models = EXAMPLE_MODEL.parent
    first = answer("flash", str(folder), "--port", port)
    assert (first["via"], first["started"]) == ("loader", True)

    labels = ("--labels", str(models / "labels.txt"))
    told = answer("run", str(folder), "-p", port, "--input", str(models / "sneaker.png"), *labels)
    assert "Sneaker" in json.dumps(told)

    report = answer("verify", str(folder), "--port", port, "--count", "2")
    assert report["status"] == "ok"
    assert all(layer["equal"] for layer in report["layer_details"])
    assert report["instructions"] > 0
    assert report["cycles"] is None

    again = answer("flash", str(folder), "--port", port)
    assert again["nothing_to_do"]
    assert again["sectors_erased"] == []

    changed = other_weights(tmp_path, object_cache)
    images = [(path / "firmware.bin").read_bytes() for path in (folder, changed)]
    differing = sectors_that_differ(*images)
    third = answer("flash", str(changed), "--port", port)
    assert third["sectors_erased"] == differing
    assert set(third["sectors_kept"]) | set(differing) == set(first["sectors_erased"])
    assert third["sectors_kept"], "a change of one weight should not reach every sector"
