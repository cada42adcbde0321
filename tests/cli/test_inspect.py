"""``mcugen inspect``: options, exit statuses, what is printed and what ``--json`` holds."""

from __future__ import annotations

import json
import re
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mcugen.cli import main
from mcugen.ops.conv_2d import Conv2D
from mcugen.tflite import write_model
from tests.cli.test_console import Terminal
from tests.conftest import EXAMPLE_MODEL
from tests.lines import build_small
from tests.networks import small_mobilenet
from tests.paper_networks import mobilenet_v1

KEYS = {
    *("schema", "command", "status", "model", "board", "supported", "unsupported"),
    *("mobilenet_v1", "macs", "weights", "biases", "layers", "kinds", "pairs", "activations"),
    *("tensors", "verdict", "constant_channels"),
}


@pytest.fixture
def small(tmp_path: Path) -> Path:
    model = tmp_path / "small[net].tflite"
    model.write_bytes(write_model(small_mobilenet()))
    return model


def answer_of(words: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert main(["inspect", *words, "--json"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    answer: dict[str, Any] = json.loads(printed.out)
    return answer


def test_json(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = answer_of([str(small)], capsys)
    assert set(answer) == KEYS
    assert (answer["schema"], answer["command"], answer["status"]) == (1, "inspect", "ok")
    assert (answer["model"], answer["board"]) == ("small[net]", "nucleo-f746zg")
    assert (answer["supported"], answer["unsupported"]) == (True, [])
    assert [(pair["depthwise"], pair["pointwise"]) for pair in answer["pairs"]] == [(1, 2), (4, 5)]
    assert answer["macs"] == sum(layer["macs"] for layer in answer["layers"])


def test_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(EXAMPLE_MODEL)]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    lines = [line.rstrip() for line in printed.out.splitlines()]
    assert lines[0] == (
        "fashion_mobilenet_v1_025_128: MobileNetV1, width 0.25, resolution 128, 10 classes"
    )
    (depthwise,) = (line.split() for line in lines if line.startswith(" 3  "))
    assert depthwise[2:] == [
        *("depthwise", "64x64x16", "32x32x16", "3x3", "s2"),
        *("160", "147,456", "81,920"),
    ]
    (pair,) = (line.split() for line in lines if line.startswith("25 + 26"))
    assert pair[3:] == [
        *("3x3", "256", "256", "4x4x256", "1,085,440", "9,437,184", "0.1150", "0.1150"),
    ]
    (pointwise,) = (line.split() for line in lines if line.startswith("pointwise  "))
    assert pointwise[1:] == [
        *("13", "11,010,048", "82.68%", "94.86%", "196,224", "93.37%", "74.59%"),
    ]
    assert "with 1000 classes                                         13.57     0.46" in lines
    (binds,) = (line for line in lines if line.startswith("* layer 2 "))
    assert binds.endswith(" binds: 98,304 bytes of activations")
    assert lines[-1] == "supported: mcugen compiles every operator exactly"


def test_on_80_columns_every_row_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = answer_of([str(EXAMPLE_MODEL)], capsys)
    rows = sum(len(answer[table]) for table in ("layers", "tensors", "pairs"))
    screen = Terminal()
    for name in ("CI", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in (("COLUMNS", "80"), ("TERM", "xterm"), ("NO_COLOR", "1")):
        monkeypatch.setenv(name, value)
    with redirect_stdout(screen):
        assert main(["inspect", str(EXAMPLE_MODEL)]) == 0
    lines = [re.sub("\x1b[^m]*m", "", line) for line in screen.getvalue().splitlines()]
    assert " ".join(lines[4].split()) == "# layer kind output kernel params MACs alive"
    assert max(map(len, lines)) <= 80
    assert sum(line.lstrip()[:1].isdigit() for line in lines) == rows


def test_quiet(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(small), "-q"]) == 0
    assert capsys.readouterr() == ("", "")


def test_channels_of_one_value_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    graph = small_mobilenet()
    weights = graph.ops[2].inputs[1]
    tensors = list(graph.tensors)
    data = bytearray(tensors[weights].data or b"")
    data[: 5 * 8] = bytes(5 * 8)  # five of the eight channels of pw_1
    tensors[weights] = replace(tensors[weights], data=bytes(data))
    model = tmp_path / "dead.tflite"
    model.write_bytes(write_model(replace(graph, tensors=tuple(tensors))))
    answer = answer_of([str(model)], capsys)
    assert answer["constant_channels"] == {
        "channels": 5 * 8 + 2 * 16 + 2 * 4,
        "constant": 5,
        "macs_without": answer["macs"],  # the sum that reads them needs them
    }
    assert main(["inspect", str(model)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "5 of 80 channels have one value whatever the input is" in lines
    assert "  without those that nothing else needs, it would take 0 % fewer multiply-adds" in lines


def test_what_is_not_supported_is_an_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    graph = small_mobilenet()
    first, *others = graph.ops
    dilated = replace(first, attrs=replace(first.attributes(Conv2D), dilation=(2, 1)))
    model = tmp_path / "dilated.tflite"
    model.write_bytes(write_model(graph.with_ops((dilated, *others))))
    answer = answer_of([str(model)], capsys)
    (refusal,) = answer["unsupported"]
    assert (refusal["reason"], refusal["layers"]) == ("dilation 2x1: only 1x1 is supported", [0])
    assert main(["inspect", str(model)]) == 0
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == "dilated: not a MobileNetV1 by its structure"
    assert lines[-2:] == [
        "not supported:",
        "  layer 0 `conv_0` (CONV_2D): dilation 2x1: only 1x1 is supported",
    ]


def test_a_model_too_large_for_the_board(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The paper's own network beside its figures."""
    model = tmp_path / "whole.tflite"
    model.write_bytes(write_model(mobilenet_v1("1", 224)))
    assert main(["inspect", str(model)]) == 0
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == "whole: MobileNetV1, width 1, resolution 224, 1,000 classes"
    assert "this model          568.74     4.21" in lines
    assert "the paper, Table 6     569      4.2" in lines
    assert "* layer 2 `pw_1` binds: 1,204,224 bytes of activations" in lines
    assert "  nucleo-f746zg has 319,456 for them: it does not fit" in lines


def test_target(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = answer_of([str(small), "-t", "stm32f4"], capsys)
    assert answer["board"] == "nucleo-f446re"
    assert answer["activations"]["available"] < 128 * 1024


def test_build_folder(
    tmp_path: Path,
    object_cache: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The folder's model for the folder's board; memory is what the build says; edits are seen."""
    build = build_small(tmp_path, object_cache)
    monkeypatch.chdir(tmp_path)
    answer = answer_of([], capsys)
    assert (answer["model"], answer["board"]) == ("small_mobilenet", build.manifest.board)
    for layer, built in zip(answer["layers"], build.manifest.layers, strict=True):
        shared = ("name", "op", "macs", "input", "output", "scratch_bytes", "live_bytes")
        assert {key: layer[key] for key in shared} == {key: getattr(built, key) for key in shared}
    model = tmp_path / "build" / "model.tflite"
    model.write_bytes(model.read_bytes() + b"\0")
    assert main(["inspect", "-t", "stm32f7"]) == 2
    assert capsys.readouterr().err.startswith("error[U004]: `model.tflite` is not the file")


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("absent.tflite", None, "U001"),
        ("build", None, "U003"),
        ("picture.tflite", b"\x89PNG\r\n\x1a\n" * 9, "M001"),
        ("picture.png", b"\x89PNG\r\n\x1a\n" * 9, "M001"),
        ("short.tflite", write_model(small_mobilenet())[:900], "M002"),
    ],
)
def test_bad_input(
    name: str,
    content: bytes | None,
    code: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    assert main(["inspect", str(path)]) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err.split(":")[0]) == ("", f"error[{code}]")
    assert main(["inspect", str(path), "--json"]) == 2
    answer = json.loads(capsys.readouterr().out)
    assert (answer["command"], answer["status"], answer["error"]["code"]) == (
        *("inspect", "error"),
        code,
    )


def test_folder_that_is_no_build(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(tmp_path)]) == 2
    assert "error[U003]: this is not a build of mcugen" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code"), [(["-t", "moon"], "B001"), (["a", "b"], "U007"), (["--bogus"], "U007")]
)
def test_bad_options(
    words: list[str], code: str, small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", str(small), *words]) == 2
    assert capsys.readouterr().err.startswith(f"error[{code}]")
