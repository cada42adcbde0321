"""What an answer is worth that carries no check sum: lines that spoil exactly one byte."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mcugen.boards import load_board
from mcugen.flash.an3155 import Client
from mcugen.flash.stages import LineError, Stages
from tests.flash.builds import chip_of
from tests.flash.fakes import RESIDENT_COMMANDS, Bootloader, Clock, FakeLine

BOARD = load_board("nucleo-f746zg")
START = BOARD.application.start


class SpoilingLine(FakeLine):
    """Changes what comes from the bootloader, in some of its longer answers."""

    change: Callable[[int, bytes], bytes] = staticmethod(lambda number, answer: answer)
    answers = 0

    def read(self, deadline_seconds: float) -> bytes:
        data = super().read(deadline_seconds)
        if len(data) > 2:
            self.answers += 1
            return self.change(self.answers, data)
        return data


@pytest.fixture
def line() -> SpoilingLine:
    clock = Clock()
    return SpoilingLine(Bootloader(chip_of(BOARD), clock, RESIDENT_COMMANDS), clock)


@pytest.fixture
def client(line: SpoilingLine) -> Client:
    client = Client(Stages(line, clock=line.bootloader._clock))
    client.connect()
    line.answers = 0
    return client


def flipped(data: bytes, place: int) -> bytes:
    changed = bytearray(data)
    changed[place] ^= 1
    return bytes(changed)


@pytest.mark.parametrize("spoilt", [1, 2])
def test_an_answer_must_come_twice(client: Client, line: SpoilingLine, spoilt: int) -> None:
    """The product id's last byte is another one once; and then a byte of what is read."""
    line.change = lambda number, answer: flipped(answer, -2) if number == spoilt else answer
    assert client.product_id() == 0x449
    line.answers = 0
    line.change = lambda number, answer: flipped(answer, -1) if number == spoilt else answer
    assert client.read_surely(START, 4) == b"\xff" * 4


def test_answers_that_never_agree_are_none(client: Client, line: SpoilingLine) -> None:
    line.change = lambda number, answer: flipped(answer, -2) if number % 2 else answer
    with pytest.raises(LineError, match="another answer every time"):
        client.product_id()


def test_a_line_that_was_disturbed_must_say_yes_twice(client: Client, line: SpoilingLine) -> None:
    """What is written in flash with a byte doubled can be read with one lost."""
    line.bootloader.chip.place(START, b"\x00\x01\x02\x03")
    wanted = b"\x00\x01\x02\x02"
    client.stages.recover()
    line.answers = 0
    line.change = lambda number, answer: flipped(answer, -1) if number == 1 else answer
    assert not client.holds(START, wanted, tries=3)
    line.change = lambda number, answer: answer
    assert client.holds(START, b"\x00\x01\x02\x03", tries=3)


def test_a_quiet_line_says_it_once(client: Client, line: SpoilingLine) -> None:
    before = line.answers
    assert client.holds(START, b"\xff" * 4, tries=3)
    assert line.answers == before + 1
