"""The command line with the work behind it replaced: options, exit statuses, stdout and stderr."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mcugen import __version__
from mcugen.boards.plain import CoreOptions
from mcugen.cli import main
from mcugen.errors import DifferenceError, FitError, McugenError, ToolchainError
from tests.cli.test_console import Terminal

BUILD = {
    "status": "ok",
    "target": "stm32f7",
    "board": "nucleo_f746zg",
    "model": "mobile[net]",
    "name": "model",
    "models": ["model"],
    "files": {"firmware.bin": "", "firmware.elf": ""},
    "arena": [{"symbol": "model_arena", "memory": "RAM", "offset": 0}],
    "external": None,
    "arena_bytes": 98304,
    "arena_lower_bound": 98304,
    "loader_bytes": 4320,
    "tried": "virtual board; not on hardware",
    "flash_bytes": 524288,
    "flash_available": 1048576,
    "ram_bytes": 110000,
    "ram_available": 327680,
    "weights_bytes": 470000,
    "code_bytes": 24000,
    "macs": 13600000,
    "cost": 43_000_000,
    "fast_cost": 13_600_000,
    "layers": [
        {
            "name": "conv[0]",
            "op": "CONV_2D",
            "kernel": "arm_convolve_s8",
            "macs": 884736,
            "input": "128x128x3",
            "output": "64x64x8",
            "scratch_bytes": 216,
            "live_bytes": 98304,
        }
    ],
    "steps": [{"first": 0, "last": 0, "rows": 0, "live_bytes": 98304, "moments": 1}],
    "buffers": [
        {
            "name": "conv[0]",
            "kind": "tensor",
            "layer": 0,
            "offset": 0,
            "bytes": 98304,
            "start": 0,
            "end": 1,
            "spans": [[0, 98304, 0, 1]],
        }
    ],
    "output": "build",
}
REPORT = {"report": "build/report.html"}

VERIFY = {
    "status": "ok",
    "board": "nucleo-f746zg",
    "inputs": [
        {"name": "minimum", "note": "every value -128"},
        {"name": "watch.png", "note": "128x128 RGB"},
    ],
    "layers": 1,
    "reference": ["tflite-runtime 2.14.0", "tflite-micro 0.dev20261023182759"],
    "reference_disagreements": 0,
    "reference_undefined": 0,
    "instructions": 43100000,
    "longest_step": {"first": 0, "last": 0, "instructions": 2654208},
    "cycles": None,
    "clock_hz": None,
    "port_counts": None,
    "port_board": None,
    "elf": None,
    "estimates": [],
    "estimate_note": "",
    "stack_bytes": 1024,
    "stack_reserved": 4096,
    "stray_writes": 0,
    "pairs": [
        {
            "a": "reference",
            "b": "host",
            "by": "values",
            "values": 32768,
            "mismatches": 0,
            "output_values": 8,
            "output_mismatches": 0,
        },
        {
            "a": "reference",
            "b": "board",
            "by": "crc",
            "values": 2,
            "mismatches": 0,
            "output_values": 8,
            "output_mismatches": 0,
        },
    ],
    "layer_details": [
        {
            "name": "conv[0]",
            "op": "CONV_2D",
            "kernel": "arm_convolve_s8",
            "macs": 884736,
            "instructions": 2654208,
            "cycles": None,
            "equal": True,
        }
    ],
    "answers": [
        {
            "input": "minimum",
            "top": [
                {"index": 3, "label": "", "score": 0.5},
                {"index": 4, "label": "", "score": 0.25},
            ],
        },
        {
            "input": "watch.png",
            "top": [
                {"index": 827, "label": "stopwatch", "score": 0.8359375},
                {"index": 1, "label": "clock", "score": 0.1},
            ],
        },
    ],
    "dump": ["build/dump/layer0.npy"],
    "first_difference": None,
}

DIFFERENCE = DifferenceError(
    "V001",
    "outputs differ at layer 0 `conv[0]`",
    where="output[0,4,2,11] reference -17, board -16",
    hint="rerun with `--dump-layer 0`",
)


@dataclass(frozen=True)
class Named:
    name: str = "model"


@dataclass(frozen=True)
class Answer:
    keys: dict[str, Any]
    error: McugenError | None = None
    manifest: Named = Named()
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return dict(self.keys)


Kept = list[tuple[Path, dict[str, Any]]]


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch) -> Kept:
    """No build folder is there: what would be kept in it, and a report that is not written."""
    answers: Kept = []

    def save(folder: Path, manifest: Named, answer: dict[str, Any]) -> None:
        answers.append((folder, dict(answer)))

    monkeypatch.setattr("mcugen.report.verification.save_verification", save)
    monkeypatch.setattr("mcugen.report.html.write_report", lambda folder, **_: REPORT)
    monkeypatch.setattr("mcugen.report.html.write_reports", lambda folder: [REPORT["report"]])
    return answers


Calls = list[tuple[tuple[Any, ...], dict[str, Any]]]
Replace = Callable[[str, Answer | BaseException], Calls]


@pytest.fixture
def replace(monkeypatch: pytest.MonkeyPatch) -> Replace:
    """Replaces a command's library function by one that answers or raises, and notes its calls."""

    def install(command: str, answer: Answer | BaseException) -> Calls:
        calls: Calls = []

        def function(*arguments: Any, **options: Any) -> Answer:
            calls.append((arguments, options))
            options["on_event"]("compiling [model.c]")
            if isinstance(answer, BaseException):
                raise answer
            return answer

        module = ModuleType({"build": "mcugen.compiler", "verify": "mcugen.verify"}[command])
        setattr(module, command, function)
        monkeypatch.setitem(sys.modules, module.__name__, module)
        return calls

    return install


def lines_of(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines()]


class TestBuild:
    def test_options(self, replace: Replace) -> None:
        calls = replace("build", Answer(BUILD))
        assert main(["build", "m.tflite", "-t", "stm32f7"]) == 0
        words = ["build", "m.tflite", "--target", "x", "--output", "o", "--cmsis-nn", "c"]
        assert main([*words, "--loader-no-read", "--kernels", "fast"]) == 0
        assert main([*words, "--kernels", "fast", "--keep-constant-channels"]) == 0
        assert main(["build", "m.tflite", "-t", "stm32f7", "--arena", "least"]) == 0
        assert main(["build", "m.tflite", "-t", "stm32f7", "--arena", "999", "--stream-input"]) == 0
        places = ["--arena-in", "dtcm,axi", "--place", "weights=qspi"]
        assert main(["build", "m.tflite", "-t", "stm32f7", *places]) == 0
        for call in calls:
            del call[1]["on_event"]
        plain: dict[str, object] = {
            "target": "stm32f7",
            "output": Path("build"),
            "names": ("model",),
            "arena_apart": False,
            "labels": (),
            "cmsis_nn": None,
            "kernels": "cmsis-nn",
            "keep_constant_channels": False,
            "arena": None,
            "stream_input": False,
            "loader_no_read": False,
            "core": CoreOptions(),
            "places": {},
        }
        named = {"target": "x", "output": Path("o"), "cmsis_nn": Path("c"), "kernels": "fast"}
        assert calls == [
            (((Path("m.tflite"),),), {**plain, **changed})
            for changed in (
                {},
                {**named, "loader_no_read": True},
                {**named, "keep_constant_channels": True},
                {"arena": "least"},
                {"arena": 999, "stream_input": True},
                {"places": {"arena": ("dtcm", "axi"), "weights": ("qspi",)}},
            )
        ]

    @pytest.mark.parametrize("size", ["most", "-4", "0", "1e3", "1024k", ""])
    def test_an_arena_is_a_number_of_bytes_or_least(
        self, size: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["build", "m.tflite", "-t", "stm32f7", "--arena", size]) == 2
        assert "neither a number of bytes nor `least`" in capsys.readouterr().err

    def test_text(self, replace: Replace, capsys: pytest.CaptureFixture[str]) -> None:
        replace("build", Answer(BUILD))
        assert main(["build", "m.tflite", "-t", "stm32f7", "-v"]) == 0
        printed = capsys.readouterr()
        assert printed.err == "compiling [model.c]\n"
        lines = lines_of(printed.out)
        assert lines[0] == "mobile[net] for stm32f7 (nucleo_f746zg)"
        assert lines[3].split() == [
            "0",
            "conv[0]",
            "CONV_2D",
            "arm_convolve_s8",
            "128x128x3",
            "64x64x8",
            "884,736",
            "216",
            "98,304*",
        ]
        assert "flash      524,288  ████████████░░░░░░░░░░░░ 50% of 1,048,576" in lines
        assert "arena       98,304  the lower bound" in lines
        assert "98,304 │▒▒0▒▒▒" in lines
        assert lines[-2] == "fits nucleo_f746zg: 34% of RAM, 50% of flash, 13,600,000 MACs"

    @pytest.mark.parametrize(
        ("fast", "last"),
        [
            (13_600_000, "`--kernels fast`: about 13.6 million instructions, not 43.0 million"),
            (43_000_000, "fits nucleo_f746zg: 34% of RAM, 50% of flash, 13,600,000 MACs"),
        ],
    )
    def test_the_last_line_says_what_fast_kernels_would_take(
        self, fast: int, last: str, replace: Replace, capsys: pytest.CaptureFixture[str]
    ) -> None:
        replace("build", Answer({**BUILD, "fast_cost": fast}))
        assert main(["build", "m.tflite", "-t", "stm32f7"]) == 0
        assert lines_of(capsys.readouterr().out)[-1] == last

    def test_what_matters_stays_on_the_screen(
        self, replace: Replace, capsys: pytest.CaptureFixture[str]
    ) -> None:
        many = {name: [*BUILD[name]] * 40 for name in ("layers", "steps")}
        replace("build", Answer({**BUILD, **many}))
        assert main(["build", "m.tflite", "-t", "stm32f7"]) == 0
        lines = lines_of(capsys.readouterr().out)
        assert len(lines) < 20
        assert lines[-5:-1] == [
            "firmware for nucleo_f746zg was tried so far: virtual board; not on hardware",
            "wrote build; build/report.html shows it, `-v` layers and arena",
            "",
            "fits nucleo_f746zg: 34% of RAM, 50% of flash, 13,600,000 MACs",
        ]

    def test_text_where_stdout_has_no_blocks(
        self, replace: Replace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        replace("build", Answer(BUILD))
        written = io.BytesIO()
        monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, "ascii"))
        assert main(["build", "m.tflite", "-t", "stm32f7", "-v"]) == 0
        lines = lines_of(written.getvalue().decode("ascii"))
        assert "98,304 |==0===" in lines
        assert "RAM        110,000  ########................ 34% of 327,680" in lines

    def test_the_arena_on_a_narrow_terminal(
        self, replace: Replace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        many = {name: [*BUILD[name]] * 40 for name in ("layers", "steps")}
        replace("build", Answer({**BUILD, **many}))
        screen = Terminal()
        monkeypatch.setattr("sys.stdout", screen)
        monkeypatch.setenv("COLUMNS", "30")
        monkeypatch.setenv("TERM", "xterm")
        assert main(["build", "m.tflite", "-t", "stm32f7", "-v"]) == 0
        (floor,) = (line for line in screen.getvalue().splitlines() if line.startswith("     0 "))
        assert floor == f"     0 |{'-' * 20}"

    def test_json(self, replace: Replace, capsys: pytest.CaptureFixture[str]) -> None:
        replace("build", Answer(BUILD))
        assert main(["build", "m.tflite", "-t", "stm32f7", "--json", "-q"]) == 0
        printed = capsys.readouterr()
        assert json.loads(printed.out) == {"schema": 1, "command": "build", **BUILD, **REPORT}
        assert printed.err == ""

    def test_quiet(self, replace: Replace, capsys: pytest.CaptureFixture[str]) -> None:
        replace("build", Answer(BUILD))
        assert main(["build", "m.tflite", "-t", "stm32f7", "-q"]) == 0
        assert capsys.readouterr() == ("", "")

    @pytest.mark.parametrize("words", [["-v", "build"], ["build", "-v"]])
    def test_verbose(
        self, words: list[str], replace: Replace, capsys: pytest.CaptureFixture[str]
    ) -> None:
        replace("build", Answer(BUILD))
        assert main([*words, "m.tflite", "-t", "stm32f7"]) == 0
        assert capsys.readouterr().err == "compiling [model.c]\n"

    @pytest.mark.parametrize(
        ("error", "status"),
        [
            (FitError("F001", "the model needs [more] RAM", details=("layer  bytes",)), 1),
            (ToolchainError("T001", "`arm-none-eabi-gcc` is not installed"), 3),
        ],
    )
    def test_errors(
        self,
        error: McugenError,
        status: int,
        replace: Replace,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        replace("build", error)
        assert main(["build", "m.tflite", "-t", "stm32f7", "-q"]) == status
        assert capsys.readouterr() == ("", f"{error}\n")
        assert main(["build", "m.tflite", "-t", "stm32f7", "--json"]) == status
        assert json.loads(capsys.readouterr().out) == {
            "schema": 1,
            "command": "build",
            "status": "error",
            "error": error.as_json(),
        }

    def test_interrupted(self, replace: Replace, capsys: pytest.CaptureFixture[str]) -> None:
        replace("build", KeyboardInterrupt())
        assert main(["build", "m.tflite", "-t", "stm32f7"]) == 130
        assert capsys.readouterr().err.strip() == "interrupted"

    def test_bug(
        self,
        replace: Replace,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        replace("build", KeyError("conv[0]"))
        assert main(["build", "m.tflite", "-t", "stm32f7"]) == 70
        printed = capsys.readouterr().err
        assert printed.startswith("error[X001]: mcugen failed: KeyError: 'conv[0]'\n")
        assert "Traceback" not in printed
        assert f"mcugen {__version__}, Python " in printed
        assert main(["build", "m.tflite", "-t", "stm32f7", "-v"]) == 70
        assert "Traceback" in capsys.readouterr().err
        monkeypatch.setenv("MCUGEN_DEBUG", "1")
        assert main(["build", "m.tflite", "-t", "stm32f7"]) == 70
        assert "Traceback" in capsys.readouterr().err


class TestVerify:
    @pytest.mark.parametrize(
        ("words", "folder", "executions"),
        [
            (["--sim"], "build", ("host", "board")),
            (["--sim", "B"], "B", ("host", "board")),
            (["B", "--sim"], "B", ("host", "board")),
            (["B", "--sim", "--seed", "1"], "B", ("host", "board")),
            (["--sim=host"], "build", ("host",)),
            (["--sim", "host"], "build", ("host",)),
            (["--sim=board", "B"], "B", ("board",)),
            (["--sim=qemu"], "build", ("qemu",)),
            (["B", "--sim=all"], "B", ("host", "board", "qemu")),
        ],
    )
    def test_simulators(
        self, words: list[str], folder: str, executions: tuple[str, ...], replace: Replace
    ) -> None:
        calls = replace("verify", Answer(VERIFY))
        assert main(["verify", *words]) == 0
        ((arguments, options),) = calls
        assert arguments == (Path(folder),)
        assert options["executions"] == executions

    def test_options(self, replace: Replace) -> None:
        calls = replace("verify", Answer(VERIFY))
        words = "verify --sim --input a.npy --input b.png --labels l --seed 7 --count 9"
        assert main([*words.split(), "--dump-layer", "3"]) == 0
        ((_, options),) = calls
        del options["on_event"]
        assert options == {
            "model": None,
            "executions": ("host", "board"),
            "open_port": None,
            "elf": None,
            "inputs": (Path("a.npy"), Path("b.png")),
            "labels": Path("l"),
            "seed": 7,
            "count": 9,
            "dump_layer": 3,
        }

    def test_text(self, replace: Replace, capsys: pytest.CaptureFixture[str]) -> None:
        replace("verify", Answer(VERIFY))
        assert main(["verify", "--sim"]) == 0
        lines = lines_of(capsys.readouterr().out)
        assert lines[1].split() == [
            "0",
            "conv[0]",
            "CONV_2D",
            "arm_convolve_s8",
            "884,736",
            "2,654,208",
            "3.00",
            "yes",
        ]
        assert "minimum    every value -128  3 0.5000" in lines
        assert "watch.png  128x128 RGB       827 stopwatch 0.8359, 1 clock 0.1000" in lines
        assert "wrote build/dump/layer0.npy" in lines
        assert "wrote build/report.html" in lines
        assert "pair          reference and host: 0 of 32,768 values differ" in lines
        assert (
            "pair          reference and board: 0 of 2 layers differ by their CRC-32,"
            " 0 of 8 output values" in lines
        )
        assert "instructions  43,100,000 an inference, at most" in lines
        assert "stack         1,024 of 4,096 bytes" in lines
        assert "stray writes  none" in lines
        assert lines[-1] == (
            "equal: reference = host in every value, = board by the CRC-32 of every layer and in"
            " every output value (1 layer, 2 inputs)"
        )

    def test_host_alone_counts_no_instructions(
        self, replace: Replace, capsys: pytest.CaptureFixture[str]
    ) -> None:
        layer = {**VERIFY["layer_details"][0], "instructions": None}  # type: ignore[index]
        nothing = dict.fromkeys(
            ("instructions", "longest_step", "stack_bytes", "stack_reserved", "stray_writes")
        )
        replace("verify", Answer({**VERIFY, **nothing, "layer_details": [layer]}))
        assert main(["verify", "--sim=host"]) == 0
        out = capsys.readouterr().out
        assert "an inference" not in out
        assert "stack" not in out

    def test_the_answer_is_kept(self, replace: Replace, kept: Kept) -> None:
        replace("verify", Answer(VERIFY))
        assert main(["verify", "B", "--sim"]) == 0
        different = {**VERIFY, "status": "different"}
        replace("verify", Answer(different, DIFFERENCE))
        assert main(["verify", "B", "--sim"]) == 1
        assert kept == [
            (Path("B"), VERIFY),
            (Path("B"), {**different, "error": DIFFERENCE.as_json()}),
        ]

    def test_difference(self, replace: Replace, capsys: pytest.CaptureFixture[str]) -> None:
        report = {**VERIFY, "status": "different", "first_difference": {"layer": 0}}
        replace("verify", Answer(report, DIFFERENCE))
        assert main(["verify", "--sim"]) == 1
        printed = capsys.readouterr()
        assert lines_of(printed.out)[-1].startswith("NOT equal: reference = host = board")
        assert printed.err == f"{DIFFERENCE}\n"

    def test_difference_as_json(self, replace: Replace, capsys: pytest.CaptureFixture[str]) -> None:
        report = {**VERIFY, "status": "different", "first_difference": {"layer": 0}}
        replace("verify", Answer(report, DIFFERENCE))
        assert main(["verify", "--sim", "--json"]) == 1
        assert json.loads(capsys.readouterr().out) == {
            "schema": 1,
            "command": "verify",
            **report,
            **REPORT,
            "error": DIFFERENCE.as_json(),
        }
