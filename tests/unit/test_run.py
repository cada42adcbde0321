"""``run``: one input to a board and its answer."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mcugen.errors import DeviceError, UsageError
from mcugen.flash.port import SerialPort
from mcugen.protocol.messages import Counts, RequestType
from mcugen.protocol.session import Port
from mcugen.report.run import render_run
from mcugen.run import RunReport, run
from tests.lines import (
    CountingLine,
    SmallBuild,
    SpoiltLine,
    build_small,
    on_pseudo_terminal,
    other_hello,
)

PICTURE = np.random.default_rng(7).integers(0, 256, (12, 12, 3), np.uint8)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, object_cache: Path) -> SmallBuild:
    return build_small(tmp_path_factory.mktemp("small"), object_cache)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    Image.fromarray(PICTURE).save(path)
    return path


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "labels.txt"
    path.write_text("ant\nbee\ncat\ndog\n")
    return path


def run_at(
    port: Port, small: SmallBuild, input_file: Path, labels: Path | None = None
) -> RunReport:
    return run(
        small.folder, open_port=lambda: nullcontext(port), input_file=input_file, labels=labels
    )


def test_the_answer_is_the_model_s(small: SmallBuild, picture: Path, labels: Path) -> None:
    report = run_at(small.board(), small, picture, labels)
    expected = small.board().run((PICTURE.astype(np.int16) - 128).astype(np.int8).tobytes())
    assert report.result.output == expected.output
    best = int(np.argmax(np.frombuffer(expected.output, np.int8)))
    assert report.top[0]["index"] == best
    assert report.top[0]["label"] == ("ant", "bee", "cat", "dog")[best]
    assert report.instructions == sum(expected.instructions)
    assert report.cycles is None


def test_json(small: SmallBuild, picture: Path) -> None:
    answer = run_at(small.board(), small, picture).as_json()
    assert json.loads(json.dumps(answer)) == answer
    assert answer["status"] == "ok"
    assert answer["input"]["name"] == "picture.png"
    assert "12x12 RGB" in answer["input"]["note"]
    assert (answer["board"], answer["model"]) == ("nucleo-f746zg", "small_mobilenet")
    assert len(answer["output"]) == 4
    assert answer["clock_hz"] == 216_000_000
    assert sum(layer["instructions"] for layer in answer["layers"]) == answer["instructions"]
    assert {layer["cycles"] for layer in answer["layers"]} == {answer["cycles"]} == {None}
    assert [layer["name"] for layer in answer["layers"]] == [
        layer.name for layer in small.manifest.layers
    ]


def test_a_virtual_board_takes_no_time(small: SmallBuild, picture: Path) -> None:
    answer = run_at(small.board(), small, picture).as_json()
    assert "milliseconds" not in answer
    said = f"{answer['instructions']:,} instructions; a virtual board models no time"
    assert render_run(answer)[-1] == said


def test_a_board_that_counts_cycles(small: SmallBuild, picture: Path) -> None:
    port = SpoiltLine(small.board(), other_hello(counts=Counts.CYCLES))
    answer = run_at(port, small, picture).as_json()
    assert answer["instructions"] is None
    assert answer["cycles"] == sum(layer["cycles"] for layer in answer["layers"]) > 0
    assert answer["milliseconds"] == pytest.approx(answer["cycles"] / 216e3)
    assert render_run(answer)[-1] == (
        f"{answer['cycles']:,} cycles, {answer['milliseconds']:.1f} ms at 216 MHz"
    )


def test_a_board_that_counts_nothing(small: SmallBuild, picture: Path) -> None:
    port = SpoiltLine(small.board(), other_hello(counts=Counts.NOTHING))
    answer = run_at(port, small, picture).as_json()
    assert answer["cycles"] is None
    assert answer["instructions"] is None
    assert "milliseconds" not in answer
    assert all(layer["cycles"] is None for layer in answer["layers"])
    assert render_run(answer)[-1] == "the board counts neither cycles nor instructions"


def test_an_array_goes_as_it_is(small: SmallBuild, tmp_path: Path) -> None:
    values = np.full((1, 12, 12, 3), -128, np.int8)
    np.save(tmp_path / "x.npy", values)
    report = run_at(small.board(), small, tmp_path / "x.npy")
    assert report.result.output == small.board().run(values.tobytes()).output


def test_another_model_is_refused_before_the_input_is_sent(
    small: SmallBuild, picture: Path
) -> None:
    port = CountingLine(SpoiltLine(small.board(), other_hello(model_hash="0" * 64)))
    with pytest.raises(DeviceError) as caught:
        run_at(port, small, picture)
    assert caught.value.code == "D004"
    assert "small_mobilenet" in caught.value.where
    assert port.requests == [RequestType.HELLO] * 2


def test_files_are_looked_at_before_the_port_is_opened(
    small: SmallBuild, picture: Path, tmp_path: Path
) -> None:
    def open_port() -> AbstractContextManager[Port]:
        raise AssertionError("the port is not needed")

    few = tmp_path / "few.txt"
    few.write_text("ant\nbee\n")
    with pytest.raises(UsageError, match="U002"):
        run(small.folder, open_port=open_port, input_file=picture, labels=few)
    with pytest.raises(UsageError, match="U001"):
        run(small.folder, open_port=open_port, input_file=tmp_path / "missing.png")
    with pytest.raises(UsageError, match="U003"):
        run(tmp_path, open_port=open_port, input_file=picture)


def test_over_a_pseudo_terminal(small: SmallBuild, picture: Path) -> None:
    events: list[str] = []
    with on_pseudo_terminal(small.board()) as path:
        report = run(
            small.folder,
            open_port=lambda: SerialPort(path),
            input_file=picture,
            on_event=events.append,
        )
    assert report.result == run_at(small.board(), small, picture).result
    assert events == ["asking the board who it is", "nucleo-f746zg runs small_mobilenet"]
