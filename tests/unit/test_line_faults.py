"""Lines that lose, double and flip bytes, and faults as they are written on a command line."""

from __future__ import annotations

import pytest

from mcugen.errors import UsageError
from mcugen.sim.fault_specs import parse_faults
from mcugen.sim.line_faults import FaultyLine, LineFaults
from mcugen.sim.rom import RomBootloader
from mcugen.sim.rom_chips import rom_chip

DATA = bytes(range(256)) * 40


class Echo:
    """Says what it hears."""

    powered = True

    def __init__(self) -> None:
        self.heard = bytearray()
        self._unread = bytearray()

    @property
    def idle(self) -> bool:
        return not self._unread

    def write(self, data: bytes) -> None:
        self.heard += data
        self._unread += data

    def read(self, deadline_seconds: float) -> bytes:
        data = bytes(self._unread)
        self._unread.clear()
        return data

    def power_on(self) -> None:
        pass

    def interrupt(self) -> None:
        pass


def sent_through(faults: LineFaults) -> tuple[bytes, FaultyLine]:
    """What arrives of DATA."""
    echo = Echo()
    line = FaultyLine(echo, faults)
    line.write(DATA)
    return bytes(echo.heard), line


def test_a_good_line() -> None:
    heard, line = sent_through(LineFaults())
    assert heard == DATA
    assert line.read(0) == DATA
    assert line.injected == 0


def test_lost_bytes() -> None:
    heard, line = sent_through(LineFaults(drop=0.02))
    assert len(heard) == len(DATA) - line.injected
    assert 100 < line.injected < 320


def test_doubled_bytes() -> None:
    heard, line = sent_through(LineFaults(dup=0.02))
    assert len(heard) == len(DATA) + line.injected
    assert line.injected > 100


def test_flipped_bits() -> None:
    heard, line = sent_through(LineFaults(flip=0.02))
    changed = [old ^ new for old, new in zip(DATA, heard, strict=True) if old != new]
    assert len(changed) == line.injected > 100
    assert all(bits.bit_count() == 1 for bits in changed)
    assert {bits.bit_length() for bits in changed} == set(range(1, 9))


def test_the_seed_decides() -> None:
    faults = LineFaults(drop=0.01, dup=0.01, flip=0.01, seed=5)
    assert sent_through(faults)[0] == sent_through(faults)[0]
    assert sent_through(faults)[0] != sent_through(LineFaults(0.01, 0.01, 0.01, seed=6))[0]


def test_answers_are_spoilt_too() -> None:
    _, line = sent_through(LineFaults(drop=0.02))
    before = line.injected
    assert len(line.read(0)) < len(DATA)
    assert line.injected > before


def test_a_command_is_refused() -> None:
    line = FaultyLine(RomBootloader(rom_chip(0x449)), LineFaults(nack=2))
    line.write(b"\x7f")
    assert line.read(0) == b"\x79"
    answers = []
    for _ in range(3):
        line.write(b"\x01\xfe")
        answers.append(line.read(0))
    assert answers == [b"\x79\x31\0\0\x79", b"\x1f", b"\x79\x31\0\0\x79"]


def test_another_product_whether_the_answer_comes_whole_or_not() -> None:
    line = FaultyLine(RomBootloader(rom_chip(0x449)), LineFaults(product_id=0x413))
    line.write(b"\x7f")
    line.read(0)
    line.write(b"\x02\xfd")
    assert line.read(0) == b"\x79\x01\x04\x13\x79"
    line.write(b"\x01\xfe")
    assert line.read(0) == b"\x79\x31\0\0\x79"


def test_specs() -> None:
    faults = parse_faults(
        (
            *("drop=0.001", "dup=0.002", "flip=0.003", "nack=4", "slow-erase=1.5"),
            *("product-id=0x413", "readout-protected", "power-cut=17"),
        ),
        seed=9,
    )
    assert faults.line == LineFaults(0.001, 0.002, 0.003, 4, 0x413, 9)
    assert faults.slow_erase_seconds == 1.5
    assert faults.readout_protected
    assert (faults.power_cut, faults.seed) == (17, 9)


def test_no_specs() -> None:
    faults = parse_faults((), seed=0)
    assert faults.line == LineFaults()
    assert not faults.readout_protected
    assert faults.power_cut == 0


@pytest.mark.parametrize(
    "specs",
    [
        ("banana=1",),
        ("drop",),
        ("drop=lots",),
        ("drop=2",),
        ("drop=nan",),
        ("nack=0",),
        ("power-cut=-1",),
        ("slow-erase=-1",),
        ("product-id=xyz",),
        ("readout-protected=yes",),
        ("drop=0.1", "drop=0.2"),
        ("",),
    ],
)
def test_specs_that_mean_nothing(specs: tuple[str, ...]) -> None:
    with pytest.raises(UsageError) as caught:
        parse_faults(specs, seed=0)
    assert caught.value.code == "U006"
