"""The flash controller answers as the manual says, and a program's stores have its effects."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mcugen.boards import load_board
from mcugen.boards.board import Flash, SectorRun
from mcugen.errors import UsageError
from mcugen.sim.cpu import Cpu, Stopped
from mcugen.sim.flash_memory import FlashMemory, PowerCut
from mcugen.sim.peripherals import Bus
from mcugen.sim.peripherals_stm32_flash import FlashController, FlashPort

KEYR, SR, CR = 0x4002_3C04, 0x4002_3C0C, 0x4002_3C10
KEYS = (0x4567_0123, 0xCDEF_89AB)
PG, SER, MER, STRT, EOPIE, LOCK = 1, 2, 4, 1 << 16, 1 << 24, 1 << 31
X8, X16, X32, X64 = (size << 8 for size in range(4))
EOP, WRPERR, PGAERR, PGPERR, ERSERR, BSY = 1, 1 << 4, 1 << 5, 1 << 6, 1 << 7, 1 << 16
BASE = 0x0800_0000
SMALL = Flash(BASE, 0x3000, 4, (SectorRun(3, 0x1000),))


def snb(sector: int) -> int:
    return sector << 3


@dataclass
class Chip:
    """A controller on a bus, and what it told the processor."""

    flash: FlashMemory = field(default_factory=lambda: FlashMemory(SMALL))
    bus: Bus = field(default_factory=Bus)
    unlocked: list[bool] = field(default_factory=list)
    erasures: int = 0

    def __post_init__(self) -> None:
        self.controller = FlashController(self.flash, FlashPort(self.unlocked.append, self._erased))
        self.controller.add_to(self.bus)

    def __getitem__(self, address: int) -> int:
        return self.bus.read(address, 4)

    def __setitem__(self, address: int, value: int) -> None:
        self.bus.write(address, 4, value)

    def _erased(self) -> None:
        self.erasures += 1

    def unlock(self) -> None:
        for key in KEYS:
            self[KEYR] = key

    def wait(self) -> int:
        """Polls until the operation has ended; how often it was busy."""
        polls = 0
        while self[SR] & BSY:
            polls += 1
        return polls


@pytest.fixture
def chip() -> Chip:
    chip = Chip()
    chip.flash.put(BASE, bytes(SMALL.size))
    return chip


def test_it_is_locked_after_a_reset(chip: Chip) -> None:
    assert chip[CR] == LOCK
    chip[CR] = SER | STRT | snb(1)
    assert chip[CR] == LOCK
    assert chip.flash.operations == 0
    assert chip.unlocked == [False]


def test_the_keys_unlock(chip: Chip) -> None:
    chip.unlock()
    assert chip[CR] == 0
    assert chip.unlocked == [False, True]
    chip[CR] = LOCK
    assert chip[CR] & LOCK
    assert chip.unlocked == [False, True, False]
    chip.unlock()
    assert chip[CR] == 0


@pytest.mark.parametrize("wrong", [(0, *KEYS), (KEYS[1], *KEYS), (KEYS[0], KEYS[0], *KEYS)])
def test_a_wrong_key_locks_until_the_next_reset(chip: Chip, wrong: tuple[int, ...]) -> None:
    for key in wrong:
        chip[KEYR] = key
    assert chip[CR] & LOCK
    chip.unlock()
    assert chip[CR] & LOCK


def test_erasing_a_sector(chip: Chip) -> None:
    chip.unlock()
    chip[CR] = X32 | SER | snb(1)
    assert chip.flash.operations == 0, "nothing happens before STRT"
    chip[CR] = X32 | SER | snb(1) | STRT
    assert chip[SR] & BSY
    assert chip.wait() > 10
    assert chip[SR] == 0
    assert not chip[CR] & STRT
    assert chip.flash.contents() == bytes(0x1000) + b"\xff" * 0x1000 + bytes(0x1000)
    assert (chip.flash.erased, chip.flash.operations, chip.erasures) == ([1], 1, 1)


def test_mass_erase(chip: Chip) -> None:
    chip.unlock()
    chip[CR] = MER | STRT
    assert chip.flash.contents() == b"\xff" * SMALL.size
    assert chip.flash.erased == [0, 1, 2]


@pytest.mark.parametrize("control", [STRT, PG | STRT, SER | PG | STRT, SER | snb(3) | STRT])
def test_a_start_of_nothing_sensible(chip: Chip, control: int) -> None:
    chip.unlock()
    chip[CR] = control
    assert chip[SR] == ERSERR
    assert chip.flash.operations == 0
    chip[SR] = ERSERR
    assert chip[SR] == 0


@pytest.mark.parametrize(("width", "size"), [(X8, 1), (X16, 2), (X32, 4)])
def test_programming_clears_bits(chip: Chip, width: int, size: int) -> None:
    chip.flash.put(BASE + 0x1000, b"\xff\xff\xff\xff\x0f\x0f\x0f\x0f")
    chip.unlock()
    chip[CR] = width | PG
    chip.controller.store(BASE + 0x1000, size, 0x3355_3355)
    assert chip[SR] & BSY
    chip.wait()
    chip.controller.store(BASE + 0x1004, size, 0x3355_3355)
    value = (0x3355_3355).to_bytes(4, "little")[:size]
    assert chip.flash.read(BASE + 0x1000, 4) == value.ljust(4, b"\xff")
    cleared = bytes(byte & 0x0F for byte in value)
    assert chip.flash.read(BASE + 0x1004, 4) == cleared.ljust(4, b"\x0f")
    assert chip.flash.operations == 2
    assert chip.flash.programmed == {1}


@pytest.mark.parametrize(
    ("control", "address", "size", "flag"),
    [
        (X32, BASE, 4, ERSERR),
        (X32 | SER, BASE, 4, ERSERR),
        (X32 | PG, BASE, 2, PGPERR),
        (X8 | PG, BASE, 4, PGPERR),
        (X64 | PG, BASE, 4, PGPERR),
        (X32 | PG, BASE + 2, 4, PGAERR),
        (X32 | PG, BASE + 0x2000, 4, WRPERR),
    ],
)
def test_a_store_that_is_refused(
    chip: Chip, control: int, address: int, size: int, flag: int
) -> None:
    chip.flash.put(BASE, b"\xff" * SMALL.size)
    chip.flash.write_protected = frozenset({2})
    chip.unlock()
    chip[CR] = control
    chip.controller.store(address, size, 0)
    assert chip[SR] == flag
    assert chip.flash.contents() == b"\xff" * SMALL.size
    assert chip.flash.operations == 0


def test_a_protected_sector_is_not_erased(chip: Chip) -> None:
    chip.flash.write_protected = frozenset({2})
    chip.unlock()
    chip[CR] = SER | snb(2) | STRT
    assert chip[SR] == WRPERR
    chip[CR] = MER | STRT
    assert chip.flash.operations == 0


def test_end_of_operation_is_flagged_only_when_asked_for(chip: Chip) -> None:
    chip.unlock()
    chip[CR] = SER | STRT | snb(1)
    chip.wait()
    assert chip[SR] == 0
    chip[CR] = SER | STRT | snb(1) | EOPIE
    chip.wait()
    assert chip[SR] == EOP
    chip[SR] = EOP
    assert chip[SR] == 0


@pytest.mark.parametrize("seed", range(20))
def test_a_power_cut_while_erasing(chip: Chip, seed: int) -> None:
    chip.flash.cut_power_at(1, seed)
    chip.unlock()
    with pytest.raises(PowerCut):
        chip[CR] = SER | STRT | snb(1)
    assert not chip.flash.powered
    assert chip.flash.read(BASE, 0x1000) == bytes(0x1000)
    assert chip.flash.read(BASE + 0x2000, 0x1000) == bytes(0x1000)
    assert chip.erasures == 1
    with pytest.raises(PowerCut):
        chip.flash.erase(2)
    chip.flash.power_on()
    chip.flash.erase(1)
    assert chip.flash.read(BASE + 0x1000, 0x1000) == b"\xff" * 0x1000


def test_a_power_cut_leaves_different_halves() -> None:
    left = set()
    for seed in range(20):
        flash = FlashMemory(SMALL)
        flash.put(BASE, bytes(SMALL.size))
        flash.cut_power_at(1, seed)
        with pytest.raises(PowerCut):
            flash.erase(0)
        left.add(flash.read(BASE, 0x1000))
    assert len(left) == 20
    assert all(half not in (bytes(0x1000), b"\xff" * 0x1000) for half in left)


def test_a_power_cut_while_programming() -> None:
    left = set()
    for seed in range(40):
        flash = FlashMemory(SMALL)
        flash.cut_power_at(2, seed)
        flash.program(BASE, bytes(4))
        with pytest.raises(PowerCut):
            flash.program(BASE + 4, b"\x0f\x0f\x0f\x0f")
        (word,) = struct.unpack("<I", flash.read(BASE + 4, 4))
        assert word & 0x0F0F_0F0F == 0x0F0F_0F0F, "only bits that should be cleared are"
        assert flash.read(BASE, 4) == bytes(4)
        left.add(word)
    assert len(left) > 20


def test_a_file_keeps_what_is_in_flash(tmp_path: Path) -> None:
    path = tmp_path / "flash.bin"
    flash = FlashMemory(SMALL, path)
    assert path.read_bytes() == b"\xff" * SMALL.size
    flash.program(BASE + 8, b"abcd")
    assert path.read_bytes()[8:12] == b"abcd"
    assert FlashMemory(SMALL, path).read(BASE + 8, 4) == b"abcd"


def test_a_shorter_file_is_lengthened(tmp_path: Path) -> None:
    path = tmp_path / "firmware-full.bin"
    path.write_bytes(b"firmware")
    assert FlashMemory(SMALL, path).read(BASE, 10) == b"firmware\xff\xff"


def test_files_that_will_not_do(tmp_path: Path) -> None:
    path = tmp_path / "long.bin"
    path.write_bytes(bytes(SMALL.size + 1))
    with pytest.raises(UsageError) as caught:
        FlashMemory(SMALL, path)
    assert caught.value.code == "U006"
    with pytest.raises(UsageError) as caught:
        FlashMemory(SMALL, tmp_path / "missing" / "flash.bin")
    assert caught.value.code == "U001"


def test_sectors_of_a_board() -> None:
    flash = FlashMemory(load_board("nucleo-f746zg").flash)
    assert (flash.sector(4).base, flash.sector(4).size) == (0x0802_0000, 0x2_0000)
    assert flash.sector_at(0x0801_FFFF) == 3
    assert flash.sector_at(0x080F_FFFF) == 7
    with pytest.raises(IndexError):
        flash.sector_at(0x0810_0000)


RAM_TOP = 0x2000_1000
LDR_R0_R1, STR_R0_R1, STRB_R0_R1 = 0x6808, 0x6008, 0x7008
LDR_R2_R3 = 0x681A
UDF = 0xDE00
STRD_R0_R2_R1 = (0xE9C1, 0x0200)  # strd r0, r2, [r1]


def movw_movt(register: int, value: int) -> Iterator[int]:
    """``register`` = ``value``, in two instructions."""
    for opcode, half in ((0xF240, value & 0xFFFF), (0xF2C0, value >> 16)):
        yield opcode | half >> 12 | (half >> 1 & 0x400)
        yield (half << 4 & 0x7000) | register << 8 | (half & 0xFF)


class Machine:
    """A processor that runs halfwords, with a controller for its flash."""

    def __init__(self, *code: int) -> None:
        self.chip = Chip()
        self.flash = self.chip.flash
        image = struct.pack("<II", RAM_TOP, BASE + 8 | 1) + struct.pack(f"<{len(code)}H", *code)
        self.flash.put(BASE, image)
        self.cpu = Cpu("cortex-m7", self.flash.region, self.flash.buffer, lambda: self.chip.bus)
        self.cpu.map_registers(self.chip.bus.pages())
        self.cpu.on_flash_store(lambda *store: self.chip.controller.store(*store))
        self.chip.unlock()
        self.chip[CR] = X32 | PG
        self.cpu.unlock_flash(True)
        self.cpu.reset(BASE)

    def run(self) -> None:
        with pytest.raises(Stopped, match="undefined"):
            self.cpu.run(1000)


def test_a_store_programs() -> None:
    machine = Machine(
        *movw_movt(0, 0x1234_5678), *movw_movt(1, BASE + 0x1000), STR_R0_R1, LDR_R0_R1, UDF
    )
    machine.run()
    assert machine.flash.read(BASE + 0x1000, 4) == (0x1234_5678).to_bytes(4, "little")
    assert machine.cpu.argument(0) == 0x1234_5678
    assert machine.flash.operations == 1


def test_a_store_over_programmed_words_only_clears_bits() -> None:
    """As the program sees it, too: status first, as every program does."""
    machine = Machine(
        *movw_movt(0, 0x0FF0_0FF0),
        *movw_movt(1, BASE + 0x1000),
        *movw_movt(3, SR),
        STR_R0_R1,
        LDR_R2_R3,
        LDR_R0_R1,
        UDF,
    )
    machine.flash.put(BASE + 0x1000, (0x00FF_00FF).to_bytes(4, "little"))
    machine.run()
    assert machine.cpu.argument(0) == 0x00F0_00F0
    assert machine.flash.read(BASE + 0x1000, 4) == (0x00F0_00F0).to_bytes(4, "little")


def test_a_double_store_is_two_words() -> None:
    machine = Machine(
        *movw_movt(0, 0x1111_1111),
        *movw_movt(2, 0x2222_2222),
        *movw_movt(1, BASE + 0x1000),
        *STRD_R0_R2_R1,
        UDF,
    )
    machine.run()
    assert machine.flash.read(BASE + 0x1000, 8) == b"\x11" * 4 + b"\x22" * 4
    assert machine.flash.operations == 2


def test_a_store_of_the_wrong_size_has_no_effect() -> None:
    machine = Machine(*movw_movt(0, 0), *movw_movt(1, BASE + 0x1000), STRB_R0_R1, UDF)
    machine.run()
    assert machine.flash.read(BASE + 0x1000, 1) == b"\xff"
    assert machine.chip[SR] == PGPERR


def test_a_store_while_locked_ends_the_run() -> None:
    machine = Machine(*movw_movt(0, 0), *movw_movt(1, BASE + 0x1000), STR_R0_R1, UDF)
    machine.cpu.unlock_flash(False)
    with pytest.raises(Stopped, match="stores to 0x08001000") as caught:
        machine.cpu.run(1000)
    assert caught.value.pc == BASE + 8 + 16
    assert machine.flash.read(BASE + 0x1000, 4) == b"\xff" * 4


def test_a_power_cut_stops_the_processor() -> None:
    machine = Machine(
        *movw_movt(0, 0), *movw_movt(1, BASE + 0x1000), STR_R0_R1, STR_R0_R1, STR_R0_R1, UDF
    )
    machine.flash.cut_power_at(1, seed=3)
    with pytest.raises(PowerCut):
        machine.cpu.run(1000)
    word = machine.flash.read(BASE + 0x1000, 4)
    assert word not in (bytes(4), b"\xff" * 4)
    assert machine.flash.operations == 1


def test_code_that_was_erased_and_programmed_anew_runs_anew() -> None:
    """What the emulator translated from the old code is forgotten."""
    load_7, load_9, bx_r1 = 0x2007, 0x2009, 0x4708
    machine = Machine(*movw_movt(1, BASE + 0x1001), bx_r1)
    machine.flash.put(BASE + 0x1000, struct.pack("<HH", load_7, UDF))
    machine.run()
    assert machine.cpu.argument(0) == 7
    machine.flash.erase(1)
    machine.flash.program(BASE + 0x1000, struct.pack("<HH", load_9, UDF))
    machine.cpu.flash_changed()
    machine.cpu.reset(BASE)
    machine.run()
    assert machine.cpu.argument(0) == 9
