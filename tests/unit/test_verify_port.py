"""``verify`` of a board at a port: the same report, and every way in which the board can differ."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import numpy as np
import pytest

from mcugen.errors import DeviceError, DifferenceError, McugenError, UsageError
from mcugen.flash.port import SerialPort
from mcugen.image import read_image
from mcugen.protocol.frames import Frame
from mcugen.protocol.messages import AnswerType, Counts, RequestType
from mcugen.protocol.session import Port
from mcugen.verify import VerifyReport, verify
from mcugen.verify.device import greet
from tests.lines import (
    CountingLine,
    SmallBuild,
    SpoiltLine,
    build_small,
    on_pseudo_terminal,
    other_hello,
    other_layer_crc,
    other_output,
)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, object_cache: Path) -> SmallBuild:
    return build_small(tmp_path_factory.mktemp("small"), object_cache)


def verify_at(port: Port, small: SmallBuild, *executions: str, count: int = 2) -> VerifyReport:
    return verify(
        small.folder, executions=executions, open_port=lambda: nullcontext(port), count=count
    )


def spoilt(small: SmallBuild, change: Callable[[Frame], Frame | None]) -> SpoiltLine:
    return SpoiltLine(small.board(), change)


def error_of(report: VerifyReport) -> McugenError:
    assert report.error is not None
    return report.error


def test_a_board_that_is_right(small: SmallBuild) -> None:
    report = verify_at(small.board(), small)
    layers = len(small.manifest.layers)
    assert report.error is None
    (pair,) = report.pairs
    assert (pair.a, pair.b, pair.by) == ("reference", "port", "crc")
    assert (pair.values, pair.mismatches) == (2 * layers, 0)
    assert (pair.output_values, pair.output_mismatches) == (2 * 4, 0)
    assert pair.equal == (True,) * layers


def test_cycles_are_those_of_the_board(small: SmallBuild) -> None:
    answer = verify_at(spoilt(small, other_hello(counts=Counts.CYCLES)), small).as_json()
    assert answer["instructions"] is None
    assert answer["stack_bytes"] is None
    assert answer["stray_writes"] is None
    assert answer["clock_hz"] == 216_000_000
    assert all(layer["instructions"] is None for layer in answer["layer_details"])
    assert all(layer["cycles"] > 0 for layer in answer["layer_details"])
    assert answer["cycles"] <= sum(layer["cycles"] for layer in answer["layer_details"])


def test_a_virtual_board_counts_instructions(small: SmallBuild) -> None:
    answer = verify_at(small.board(), small).as_json()
    assert answer["cycles"] is None
    assert answer["instructions"] > 0
    assert {layer["cycles"] for layer in answer["layer_details"]} == {None}
    assert all(layer["instructions"] > 0 for layer in answer["layer_details"])


def test_a_board_that_counts_nothing(small: SmallBuild) -> None:
    port = spoilt(small, other_hello(counts=Counts.NOTHING))
    answer = verify_at(port, small).as_json()
    assert answer["cycles"] is None
    assert answer["instructions"] is None
    assert all(layer["cycles"] is None for layer in answer["layer_details"])
    assert answer["status"] == "ok"


def test_simulators_and_the_port_together(small: SmallBuild) -> None:
    report = verify_at(small.board(), small, "host", "board", count=1)
    names = {(pair.a, pair.b, pair.by) for pair in report.pairs}
    assert names == {
        ("reference", "host", "values"),
        ("reference", "board", "values"),
        ("host", "board", "values"),
        ("reference", "port", "crc"),
        ("host", "port", "crc"),
        ("board", "port", "crc"),
    }
    assert report.error is None
    assert len(report.instructions) == len(small.manifest.layers)
    assert report.cycles == ()


def test_a_layer_that_differs_is_named(small: SmallBuild) -> None:
    report = verify_at(spoilt(small, other_layer_crc(3)), small)
    error = error_of(report)
    assert isinstance(error, DifferenceError)
    assert error.code == "V001"
    assert error.what == f"outputs differ at layer 3 `{small.manifest.layers[3].name}`"
    assert error.where.startswith("output reference CRC ")
    assert ", port CRC " in error.where
    assert error.hint == "rerun with `--sim --dump-layer 3`"
    assert report.pairs[0].mismatches == 2
    assert [index for index, equal in enumerate(report.pairs[0].equal) if not equal] == [3]


def test_an_output_that_differs_is_named_with_its_values(small: SmallBuild) -> None:
    """All layers agree by their CRC-32; what the board then answers does not."""
    report = verify_at(spoilt(small, other_output(2)), small)
    error = error_of(report)
    last = len(small.manifest.layers) - 1
    assert error.what.startswith(f"outputs differ at layer {last} ")
    assert error.where.startswith("output[0,2] reference ")
    assert (report.pairs[0].mismatches, report.pairs[0].output_mismatches) == (0, 2)
    assert report.as_json()["status"] == "different"


def test_who_else_agrees_is_said(small: SmallBuild) -> None:
    report = verify_at(spoilt(small, other_layer_crc(0)), small, "host", count=1)
    assert error_of(report).details == ("same:  host build agrees with the reference",)


@pytest.mark.parametrize(
    ("change", "code", "what"),
    [
        (other_hello(model_hash="0" * 64), "D004", "another model is on the board"),
        (other_hello(layers=3), "D004", "another build of the model"),
        (other_hello(board="stm32f746g-disco"), "D009", "stm32f746g-disco"),
        (other_hello(clock_hz=0), "D002", "clock"),
    ],
)
def test_another_firmware_is_refused_before_anything_is_sent(
    small: SmallBuild, change: Callable[[Frame], Frame], code: str, what: str
) -> None:
    port = CountingLine(spoilt(small, change))
    with pytest.raises(DeviceError) as caught:
        verify_at(port, small)
    assert caught.value.code == code
    assert what in caught.value.what
    assert "mcugen flash" in caught.value.hint or code != "D004"
    assert set(port.requests) == {RequestType.HELLO}


def test_a_silent_board(small: SmallBuild) -> None:
    with pytest.raises(DeviceError) as caught:
        verify_at(spoilt(small, lambda frame: None), small)
    assert caught.value.code == "D001"
    assert "mcugen flash" in caught.value.hint


def test_a_crash_names_the_function(small: SmallBuild) -> None:
    image = read_image(small.folder / "firmware.elf")
    (function,) = (name for name in image.symbols if name.startswith("model_run_"))
    address = image.address_of(function) + 4

    def crash(frame: Frame) -> Frame:
        if frame.type != AnswerType.LAYER:
            return frame
        return Frame(AnswerType.FAULT, 0, struct.pack("<7I", 3, address, 0x11, 0, 0, 0, 0))

    with pytest.raises(DeviceError) as caught:
        verify_at(spoilt(small, crash), small)
    assert caught.value.code == "D003"
    assert caught.value.what == "the firmware crashed: HardFault"
    assert caught.value.where == f"pc 0x{address:08x} {function}+0x4, called from 0x00000011"


def test_what_is_wrong_here_is_said_before_the_port_is_opened(small: SmallBuild) -> None:
    def open_port() -> AbstractContextManager[Port]:
        raise AssertionError("the port is not needed")

    with pytest.raises(UsageError, match="U006"):
        verify(small.folder, executions=(), open_port=open_port, dump_layer=1000)
    with pytest.raises(UsageError, match="U003"):
        verify(small.folder / "nowhere", executions=(), open_port=open_port)


def test_the_port_is_closed_whatever_happens(small: SmallBuild) -> None:
    seen = []

    @contextmanager
    def open_port() -> Iterator[Port]:
        seen.append("opened")
        try:
            yield spoilt(small, other_hello(model_hash="f" * 64))
        finally:
            seen.append("closed")

    with pytest.raises(DeviceError, match="D004"):
        verify(small.folder, executions=(), open_port=open_port)
    assert seen == ["opened", "closed"]


def test_dumped_is_what_the_port_shows(small: SmallBuild) -> None:
    last = len(small.manifest.layers) - 1
    for layer, writers in ((0, ["reference"]), (last, ["reference", "port"])):
        report = verify(
            small.folder,
            executions=(),
            open_port=lambda: nullcontext(small.board()),
            count=1,
            dump_layer=layer,
        )
        assert [Path(path).stem.rsplit("_", 1)[1] for path in report.dump] == writers
    arrays = [np.load(path) for path in report.dump]
    assert arrays[0].tobytes() == arrays[1].tobytes()


def test_over_a_pseudo_terminal(small: SmallBuild) -> None:
    events: list[str] = []
    with on_pseudo_terminal(small.board()) as path:
        report = verify(
            small.folder,
            executions=(),
            open_port=lambda: SerialPort(path),
            count=2,
            on_event=events.append,
        )
    assert report.error is None
    assert "board at the port: input 2 of 2" in events


class SilentLine:
    """Takes everything and says nothing; it notes how long it was waited for."""

    def __init__(self) -> None:
        self.waited = 0.0

    def write(self, data: bytes) -> None:
        pass

    def read(self, deadline_seconds: float) -> bytes:
        self.waited += deadline_seconds
        return b""


def test_silence_is_told_within_three_seconds_and_what_was_tried(small: SmallBuild) -> None:
    line = SilentLine()
    with pytest.raises(DeviceError) as caught:
        greet(line, small.folder, small.manifest)
    assert 0 < line.waited < 2, "and the program has to start, too"
    assert caught.value.details[0] == "asked 8 times who is there"


def test_silence_names_port_and_baud(small: SmallBuild) -> None:
    master, slave = os.openpty()
    with SerialPort(os.ttyname(slave), 57_600) as port:
        port.read = SilentLine().read  # type: ignore[method-assign]
        with pytest.raises(DeviceError) as caught:
            greet(port, small.folder, small.manifest)
        assert caught.value.details[0].endswith(f"who is there, {port.path} at 57,600 baud")
    os.close(slave)
    os.close(master)


def test_inputs_are_counted(small: SmallBuild) -> None:
    events: list[str] = []
    verify(small.folder, executions=("host", "board"), count=3, on_event=events.append)
    assert [event for event in events if event.endswith(" of 3")] == [
        f"reference kernels: input {number} of 3" for number in (1, 2, 3)
    ]
    assert [event for event in events if event.startswith("virtual board: ")] == [
        f"virtual board: {number} of 3 inputs" for number in range(4)
    ]
