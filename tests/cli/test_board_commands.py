"""``verify --port``, ``run`` and ``monitor``: what reaches the library, and what is printed."""

from __future__ import annotations

import json
import os
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mcugen.cli import main
from mcugen.errors import DeviceError
from mcugen.flash import port as flash_port
from mcugen.protocol.frames import Decoder, Frame, encode
from mcugen.protocol.messages import AnswerType, RequestType
from tests.lines import SmallBuild, build_small, on_pseudo_terminal

ROOT = Path(__file__).parents[2]

RUN = {
    "status": "ok",
    "board": "nucleo-f746zg",
    "model": "sneaker",
    "input": {"name": "watch[1].png", "note": "128x128 RGB"},
    "top": [
        {"index": 827, "label": "stopwatch", "score": 0.8359375},
        {"index": 1, "label": "clock", "score": 0.0},
    ],
    "output": [1, 2],
    "instructions": None,
    "cycles": 42_125_163,
    "clock_hz": 216_000_000,
    "milliseconds": 195.02390277777778,
    "layers": [],
}


@dataclass(frozen=True)
class Named:
    name: str = "model"


@dataclass(frozen=True)
class Answer:
    keys: dict[str, Any]
    error: None = None
    manifest: Named = Named()

    def as_json(self) -> dict[str, Any]:
        return dict(self.keys)


@dataclass
class FakePort:
    """What ``SerialPort`` was opened with; it says what it was told to."""

    opened: list[tuple[str, int]] = field(default_factory=list)
    incoming: bytes = b""
    sent: bytes = b""

    def __call__(self, path: str, baud: int) -> FakePort:
        self.opened.append((path, baud))
        return self

    def __enter__(self) -> FakePort:
        return self

    def __exit__(self, *_: object) -> None:
        self.opened.append(("closed", 0))

    def write(self, data: bytes) -> None:
        self.sent += data

    def read(self, deadline_seconds: float) -> bytes:
        data, self.incoming = self.incoming, b""
        return data


@pytest.fixture(autouse=True)
def nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """``verify`` is replaced, so there is no build folder to keep its answer in."""
    monkeypatch.setattr("mcugen.report.verification.save_verification", lambda *_: None)
    monkeypatch.setattr("mcugen.report.html.write_report", lambda folder, **_: {"report": "r.html"})


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> FakePort:
    fake = FakePort()
    monkeypatch.setattr(flash_port, "SerialPort", fake)
    return fake


Calls = list[tuple[tuple[Any, ...], dict[str, Any]]]
Replace = Callable[[str, str, dict[str, Any]], Calls]


@pytest.fixture
def replace(monkeypatch: pytest.MonkeyPatch) -> Replace:
    """Replaces a library function by one that opens the port, if it is given one, and answers."""

    def install(module_name: str, name: str, answer: dict[str, Any]) -> Calls:
        calls: Calls = []

        def function(*arguments: Any, **options: Any) -> Answer:
            calls.append((arguments, options))
            if options["open_port"] is not None:
                with options["open_port"]():
                    pass
            return Answer(answer)

        module = ModuleType(module_name)
        setattr(module, name, function)
        monkeypatch.setitem(sys.modules, module_name, module)
        return calls

    return install


VERIFY: dict[str, Any] = {
    "status": "ok",
    "board": "nucleo-f746zg",
    "inputs": [],
    "answers": [],
    "layers": 1,
    "reference": ["r"],
    "reference_disagreements": 0,
    "reference_undefined": 0,
    "instructions": None,
    "longest_step": None,
    "cycles": 100,
    "clock_hz": 216_000_000,
    "port_counts": "cycles",
    "port_board": "nucleo-f746zg",
    "elf": None,
    "estimates": [],
    "estimate_note": "",
    "stack_bytes": None,
    "stack_reserved": 4096,
    "stray_writes": None,
    "pairs": [],
    "layer_details": [],
    "first_difference": None,
    "dump": [],
}


class TestVerify:
    @pytest.mark.parametrize(
        ("words", "environment", "executions", "opened"),
        [
            ("-p /dev/x", "", (), [("/dev/x", 115200), ("closed", 0)]),
            ("--port /dev/x -b 9600", "", (), [("/dev/x", 9600), ("closed", 0)]),
            ("B --sim=host -p /dev/x", "", ("host",), [("/dev/x", 115200), ("closed", 0)]),
            ("--sim -p /dev/x", "", ("host", "board"), [("/dev/x", 115200), ("closed", 0)]),
            ("", "/dev/env", (), [("/dev/env", 115200), ("closed", 0)]),
            ("-p /dev/x", "/dev/env", (), [("/dev/x", 115200), ("closed", 0)]),
            ("--sim=host", "/dev/env", ("host",), []),
        ],
    )
    def test_options(
        self,
        words: str,
        environment: str,
        executions: tuple[str, ...],
        opened: list[tuple[str, int]],
        replace: Replace,
        port: FakePort,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("MCUGEN_PORT", environment)
        calls = replace("mcugen.verify", "verify", VERIFY)
        assert main(["verify", *words.split()]) == 0
        assert calls[0][1]["executions"] == executions
        assert port.opened == opened


class TestRun:
    def test_options(self, replace: Replace, port: FakePort) -> None:
        calls = replace("mcugen.run", "run", RUN)
        assert (
            main(
                ["run", "B", "-p", "/dev/x", "-b", "9600", "--input", "a.png", "--labels", "l.txt"]
            )
            == 0
        )
        ((arguments, options),) = calls
        assert arguments == (Path("B"),)
        assert (options["input_file"], options["labels"]) == (Path("a.png"), Path("l.txt"))
        assert port.opened == [("/dev/x", 9600), ("closed", 0)]

    def test_text(
        self, replace: Replace, port: FakePort, capsys: pytest.CaptureFixture[str]
    ) -> None:
        calls = replace("mcugen.run", "run", RUN)
        assert main(["run", "-p", "/dev/x", "--input", "a.png"]) == 0
        assert calls[0][0] == (Path("build"),)
        printed = capsys.readouterr()
        assert printed.err == ""
        assert [line.rstrip() for line in printed.out.splitlines()] == [
            "watch[1].png  128x128 RGB",
            "",
            "class  label       score",
            "  827  stopwatch  0.8359",
            "",
            "42,125,163 cycles, 195.0 ms at 216 MHz",
        ]

    def test_json(
        self, replace: Replace, port: FakePort, capsys: pytest.CaptureFixture[str]
    ) -> None:
        replace("mcugen.run", "run", RUN)
        assert main(["run", "-p", "/dev/x", "--input", "a.png", "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == {"schema": 1, "command": "run", **RUN}

    def test_no_port(self, capsys: pytest.CaptureFixture[str], small: SmallBuild) -> None:
        picture = small.folder.parent / "picture.png"
        words = ["run", str(small.folder), "-p", "/dev/no-such-port", "--input", str(picture)]
        assert main([*words, "--json"]) == 3
        answer = json.loads(capsys.readouterr().out)
        assert (answer["command"], answer["error"]["code"]) == ("run", "D005")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, object_cache: Path) -> SmallBuild:
    built = build_small(tmp_path_factory.mktemp("small"), object_cache)
    pixels = np.random.default_rng(7).integers(0, 256, (12, 12, 3), np.uint8)
    Image.fromarray(pixels).save(built.folder.parent / "picture.png")
    return built


class TestOverAPseudoTerminal:
    def test_run(self, small: SmallBuild, capsys: pytest.CaptureFixture[str]) -> None:
        picture = small.folder.parent / "picture.png"
        with on_pseudo_terminal(small.board()) as path:
            status = main(["run", str(small.folder), "-p", path, "--input", str(picture)])
        lines = capsys.readouterr().out.splitlines()
        assert status == 0
        assert lines[0].startswith("picture.png  12x12 RGB")
        assert lines[-1].endswith(" instructions; a virtual board models no time")

    def test_verify(self, small: SmallBuild, capsys: pytest.CaptureFixture[str]) -> None:
        with on_pseudo_terminal(small.board()) as path:
            status = main(["verify", str(small.folder), "-p", path, "--count", "1"])
        lines = capsys.readouterr().out.splitlines()
        assert status == 0
        assert lines[-1].startswith("equal: reference = port by the CRC-32 of every layer")
        assert any(line.startswith("instructions ") for line in lines)
        assert not any(line.startswith("cycles ") for line in lines)

    def test_monitor(self, small: SmallBuild, capsys: pytest.CaptureFixture[str]) -> None:
        board = small.board()
        board.read(0)  # boots
        with on_pseudo_terminal(board) as path:
            status = main(["monitor", "-p", path, "--timeout", "2"])
        printed = capsys.readouterr()
        assert status == 0
        assert "nucleo-f746zg at 216 MHz, model `small_mobilenet`" in printed.out
        assert printed.err == f"{path} at 115200 baud\n"


LAYER = encode(Frame(AnswerType.LAYER, 7, struct.pack("<4I", 3, 12345, 0xDEADBEEF, 1024)))


class TestMonitor:
    def test_text_and_frames(self, port: FakePort, capsys: pytest.CaptureFixture[str]) -> None:
        port.incoming = b"\x1b[31mboot\x1b[0m \xff\r\n\0" + LAYER
        assert main(["-q", "monitor", "-p", "/dev/x", "-b", "9600", "--timeout", "0.05"]) == 0
        assert capsys.readouterr() == (
            "boot \\xff\r\n< LAYER  #7  layer 3: 12,345 counted, CRC-32 deadbeef of 1,024 bytes\n",
            "",
        ), "no colours where no terminal is"
        assert port.opened == [("/dev/x", 9600), ("closed", 0)]
        assert Decoder().feed(port.sent) == [Frame(RequestType.HELLO, 1, b"")]

    def test_listening_sends_nothing(self, port: FakePort) -> None:
        assert main(["monitor", "-p", "/dev/x", "--timeout", "0.05", "--listen"]) == 0
        assert port.sent == b""

    def test_a_port_that_vanishes(
        self,
        port: FakePort,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        def read(deadline_seconds: float) -> bytes:
            raise DeviceError("D008", "the port vanished")

        monkeypatch.setattr(port, "read", read)
        assert main(["monitor", "-p", "/dev/x"]) == 3
        assert "error[D008]" in capsys.readouterr().err

    @pytest.mark.parametrize(("key", "status"), [(b"\x1d", 0), (b"\x03", 130)])
    def test_on_a_terminal(self, small: SmallBuild, key: bytes, status: int) -> None:
        """The whole program with a person at it: Ctrl-] leaves, Ctrl-C interrupts."""
        person, terminal = os.openpty()
        before = termios.tcgetattr(terminal)
        with (
            on_pseudo_terminal(small.board()) as path,
            subprocess.Popen(
                [sys.executable, "-c", ON_A_TERMINAL, "monitor", "-p", path],
                cwd=ROOT,
                stdin=terminal,
                stdout=terminal,
                stderr=terminal,
                start_new_session=True,
            ) as process,
        ):
            try:
                seen = _read_until(person, b"counts instructions")
                assert termios.tcgetattr(terminal) != before
                os.write(person, key)
                assert process.wait(60) == status
            finally:
                process.kill()
        assert b"; Ctrl-] leaves" in seen
        assert b"< HELLO  #1  nucleo-f746zg at 216 MHz" in seen
        assert termios.tcgetattr(terminal) == before
        os.close(person)
        os.close(terminal)


ON_A_TERMINAL = """
import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that Ctrl-C is a signal
from mcugen.cli import main
raise SystemExit(main(sys.argv[1:]))
"""


def _read_until(descriptor: int, wanted: bytes) -> bytes:
    seen = b""
    while wanted not in seen:
        ready, _, _ = select.select([descriptor], [], [], 60)
        assert ready, f"got only {seen!r}"
        seen += os.read(descriptor, 4096)
    return seen
