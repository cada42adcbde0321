"""The console's files in programs that are not mcugen's: `verify --port` and `run` as with ours."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from mcugen.boards import load_board
from mcugen.compiler import build
from mcugen.errors import DeviceError
from mcugen.flash.port import SerialPort
from mcugen.image import read_image
from mcugen.protocol.messages import ErrorCode
from mcugen.protocol.session import RefusedRequest, Session
from mcugen.run import run
from mcugen.sim.board import VirtualBoard
from mcugen.sim.flash_memory import FlashMemory
from mcugen.tflite import write_model
from mcugen.toolchain import GENERATED_WARNINGS
from mcugen.verify import verify
from tests.conftest import TESTS
from tests.lines import SpoiltLine, on_pseudo_terminal, other_hello, other_layer_crc
from tests.networks import small_mobilenet

EXAMPLES = TESTS.parent / "examples"
PROGRAMS = {"loop": "doorbell, revision B", "tasks": "doorbell with tasks"}


@pytest.fixture(scope="module", params=["whole", "in rows"])
def built(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, object_cache: Path
) -> Path:
    """A build whose input comes whole, or in rows, and both programs around it in ``out``."""
    folder = tmp_path_factory.mktemp("own")
    model = folder / "small_mobilenet.tflite"
    model.write_bytes(write_model(small_mobilenet()))
    output = folder / "build"
    build(
        model,
        target="stm32f7",
        output=output,
        arena="least" if request.param == "in rows" else None,
        stream_input=request.param == "in rows",
        object_cache=object_cache,
    )
    toolchain = EXAMPLES / "own_project" / "cortex-m7.cmake"
    configure = ("-S", EXAMPLES / "own_console", "-B", folder / "out", f"-DBUILD_DIR={output}")
    strict = {**os.environ, "CFLAGS": " ".join((*GENERATED_WARNINGS, "-Werror"))}
    for command in (
        ["cmake", *configure, f"-DCMAKE_TOOLCHAIN_FILE={toolchain}"],
        ["cmake", "--build", folder / "out"],
    ):
        done = subprocess.run(command, capture_output=True, text=True, env=strict)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


@contextmanager
def running(built: Path, program: str) -> Iterator[VirtualBoard]:
    board = load_board("nucleo-f746zg")
    flash = FlashMemory(board.flash)
    flash.put(board.flash.base, (built / "out" / f"{program}.bin").read_bytes())
    yield VirtualBoard(board, None, flash=flash)


@pytest.mark.parametrize("program", PROGRAMS)
def test_verify_and_run_over_a_port(built: Path, program: str, tmp_path: Path) -> None:
    picture = tmp_path / "input.npy"
    report = verify(built / "build", executions=("host",), count=2)
    shape = report.manifest.input.shape
    np.save(picture, np.random.default_rng(3).integers(-128, 128, shape, np.int8))
    with running(built, program) as board, on_pseudo_terminal(board) as path:
        found = verify(built / "build", executions=(), open_port=lambda: SerialPort(path), count=3)
        answer = run(built / "build", open_port=lambda: SerialPort(path), input_file=picture)
    assert found.error is None
    (pair,) = found.pairs
    assert (pair.b, pair.by, pair.mismatches, pair.output_mismatches) == ("port", "crc", 0, 0)
    assert found.as_json()["port_board"] == PROGRAMS[program]
    assert len(found.instructions) == len(report.manifest.layers)
    assert min(found.instructions) > 0
    expected = verify(built / "build", executions=("host",), inputs=(picture,))
    assert answer.top == expected.answers[0]


def test_the_headers_are_fit_for_cpp(built: Path) -> None:
    program = '#include "mcugen_console.h"\n#include "mcugen_models.h"\n'
    strict = ["-std=c++11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]
    done = subprocess.run(
        ["g++", *strict, f"-I{built / 'build' / 'console'}", "-x", "c++", "-"],
        input=program,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_layer_that_differs_is_named(built: Path) -> None:
    with running(built, "loop") as board:
        spoilt = SpoiltLine(board, other_layer_crc(4))
        report = verify(built / "build", executions=(), open_port=lambda: still(spoilt), count=1)
    assert report.error is not None
    assert report.error.what.startswith("outputs differ at layer 4 ")


@contextmanager
def still(port: SpoiltLine) -> Iterator[SpoiltLine]:
    yield port


def test_a_program_without_a_loader_says_so(built: Path) -> None:
    with running(built, "loop") as board:
        session = Session(board)
        with pytest.raises(RefusedRequest, match="NO_LOADER") as caught:
            session.reboot_to_loader()
        assert caught.value.answer.code == ErrorCode.NO_LOADER
        assert session.hello().board == PROGRAMS["loop"]


def test_a_program_may_not_say_that_it_is_another_board(built: Path) -> None:
    with running(built, "loop") as board:
        line = SpoiltLine(board, other_hello(board="nucleo-f446re"))
        with pytest.raises(DeviceError, match="D009"):
            verify(built / "build", executions=(), open_port=lambda: still(line), count=1)


def test_a_main_loop_goes_on_between_requests(built: Path) -> None:
    """The other work is done while nothing comes, and after an answer, too."""
    turns = read_image(built / "out" / "loop").address_of("turns")
    with running(built, "loop") as board:
        session = Session(board)
        session.hello()
        first = int.from_bytes(board.cpu.read(turns, 4), "little")
        session.hello()
        assert int.from_bytes(board.cpu.read(turns, 4), "little") > first > 0
