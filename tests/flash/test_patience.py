"""A slow machine is waited for, a dead line is not waited for long, and babble is left."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from mcugen.boards import load_board
from mcugen.errors import DeviceError
from mcugen.flash.job import Surroundings
from tests.flash.builds import Bench, application, chip_of, full_image, write_build
from tests.flash.fakes import Clock, FakeLine

BOARD = load_board("nucleo-f746zg")


class SlowLine:
    """A line to a machine under load: what it answers comes so much later."""

    def __init__(self, line: FakeLine, clock: Clock, seconds: float) -> None:
        self._line = line
        self._clock = clock
        self._seconds = seconds
        self._coming: list[tuple[float, bytes]] = []

    def write(self, data: bytes) -> None:
        self._line.write(data)
        if answer := self._line.read(0):
            self._coming.append((self._clock() + self._seconds, answer))

    def read(self, deadline_seconds: float) -> bytes:
        end = self._clock() + max(0, deadline_seconds)
        if not self._coming or self._coming[0][0] > end:
            self._clock.sleep(end - self._clock())
            return b""
        when, data = self._coming.pop(0)
        self._clock.sleep(max(0, when - self._clock()))
        return data

    def use_even_parity(self, even: bool) -> None:
        self._line.use_even_parity(even)

    def close(self) -> None:
        self._line.close()


class OtherLine:
    """A line that always says the same: nothing, or something without end."""

    def __init__(self, clock: Clock, says: bytes) -> None:
        self._clock = clock
        self._says = says
        self._began = time.monotonic()

    def write(self, data: bytes) -> None:
        """Nobody listens."""

    def read(self, deadline_seconds: float) -> bytes:
        assert time.monotonic() - self._began < 60, "the host never gives up"
        self._clock.sleep(0.001 if self._says else max(0, deadline_seconds))
        return self._says

    def use_even_parity(self, even: bool) -> None:
        """Either way."""

    def close(self) -> None:
        """Nothing to do."""


@pytest.fixture
def bench() -> Bench:
    return Bench(chip_of(BOARD))


@pytest.fixture
def build(tmp_path: Path) -> Path:
    return write_build(tmp_path, BOARD, application(BOARD, 5000))


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.163, 0.25])
@pytest.mark.parametrize(
    "left_amid", [b"", b"\x31\xce", b"\x44\xbb", b"\x31\xce\x08\x00\x80\x00\x88\xff"]
)
def test_a_loaded_machine_is_waited_for(
    bench: Bench, build: Path, seconds: float, left_amid: bytes
) -> None:
    """Also where an earlier host was killed in the middle of a command."""
    bench.chip.place(BOARD.flash.base, full_image(BOARD, application(BOARD, 5000, seed=1)))
    plain = bench.surroundings()

    def open_port(path: str, baud: int) -> SlowLine:
        plain.open_port(path, baud)
        for byte in (b"\x7f" + left_amid) if left_amid else b"":
            bench.line.bootloader.feed(byte)
        return SlowLine(bench.line, bench.clock, seconds)

    bench.flash(build, surroundings=replace(plain, open_port=open_port))
    assert bench.chip.holds(BOARD.application.start, (build / "firmware.bin").read_bytes())


def without_answer(bench: Bench, says: bytes) -> Surroundings:
    """A port with something else at its other end."""
    plain = bench.surroundings()
    return replace(plain, open_port=lambda path, baud: OtherLine(bench.clock, says))


def test_a_dead_line_is_told_within_three_seconds(bench: Bench, build: Path) -> None:
    with pytest.raises(DeviceError) as caught:
        bench.flash(build, surroundings=without_answer(bench, b""))
    assert caught.value.code == "D010"
    assert bench.clock.now < 2.5, "and the program has to start, too"


@pytest.mark.parametrize("says", [b"temperature 21 C\r\n", b"\x1f", b"\x79", b"\x76", b"\0"])
@pytest.mark.parametrize("via", [None, "loader", "rom"])
def test_a_board_that_always_talks_is_left(
    bench: Bench, build: Path, says: bytes, via: str | None
) -> None:
    with pytest.raises(DeviceError) as caught:
        bench.flash(build, via=via, surroundings=without_answer(bench, says))
    assert caught.value.code in ("D001", "D002", "D010", "D013")
    if via:  # the console, which is asked first otherwise, goes by the machine's own clock
        assert bench.clock.now < 25, "a loader that is named is knocked at twice"
