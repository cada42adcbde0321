"""The ROM path on chips that follow AN3155 to the letter, one of every flash layout."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mcugen.boards import Board, load_board
from mcugen.errors import DeviceError
from mcugen.flash import FlashResult, flash
from mcugen.flash.an3155 import Client
from mcugen.flash.discover import PortInfo
from mcugen.flash.job import Surroundings
from mcugen.flash.stages import Stages
from mcugen.sim.rom import RomBootloader, RomFaults
from mcugen.sim.rom_chips import rom_chip
from tests.flash.builds import (
    PORT,
    application,
    full_image,
    with_footer,
    write_build,
    written_bytes,
)


@dataclass
class RomLine:
    """The simulator's chip as a line."""

    rom: RomBootloader
    parities: list[bool] = field(default_factory=list)

    def write(self, data: bytes) -> None:
        self.rom.write(data)

    def read(self, deadline_seconds: float) -> bytes:
        return self.rom.read(deadline_seconds)

    def use_even_parity(self, even: bool) -> None:
        self.parities.append(even)

    def close(self) -> None:
        """A chip does not notice."""


def flash_rom(
    build: Path, rom: RomBootloader, *, via: str | None = "rom", reset: bool = True
) -> FlashResult:
    if reset:
        rom.reset()
    machine = Surroundings(
        open_port=lambda path, baud: RomLine(rom), find_ports=lambda: (PortInfo(PORT),)
    )
    return flash(build, port=PORT, via=via, surroundings=machine)


@dataclass(frozen=True)
class Case:
    """A board, the banks its chip is set to, an image's size and the sectors that it takes.

    The sectors are spelt out from ST's reference manuals, not computed.
    """

    board: str
    banks: int
    size: int
    sectors: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.board}-{self.banks}"


CASES = (
    # Loader in sector 0, application from sector 1: 4 x 32 KB, then 128 KB.
    Case("nucleo-f746zg", 0, 100 * 1024 + 32, (0, 1, 2, 3, 4)),
    Case("stm32f746g-disco", 0, 90 * 1024, (0, 1, 2, 3)),
    # 4 x 16 KB, 64 KB, 128 KB.
    Case("nucleo-f446re", 0, 120 * 1024, (0, 1, 2, 3, 4, 5)),
    # One bank: as on the F746. Application ends in sector 4.
    Case("nucleo-f767zi", 1, 100 * 1024, (0, 1, 2, 3, 4)),
    # Two banks: 16 KB sectors, of which sector 1 lies between loader and application and is blank.
    Case("nucleo-f767zi", 2, 100 * 1024, (0, 2, 3, 4, 5)),
    # Over the border of the banks, to 1,056 KB: bank 2 is numbered from 12, in sectors of 16 KB.
    Case("nucleo-f767zi", 2, 1024 * 1024, (0, *range(2, 14))),
    # No loader: the application from the start. Pages of 4 KB in two banks, of 8 KB in one.
    Case("nucleo-l4r5zi", 2, 50 * 1024, tuple(range(13))),
    Case("nucleo-l4r5zi", 1, 50 * 1024, tuple(range(7))),
    Case("nucleo-h743zi", 0, 300 * 1024, (0, 1, 2)),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_right_sectors_of_every_chip(case: Case, tmp_path: Path) -> None:
    board = load_board(case.board)
    rom = RomBootloader(rom_chip(board.chip.product_id or 0, case.banks))
    image = application(board, case.size)
    build = write_build(tmp_path / "a", board, image, full=board.loader is not None)
    whole = full_image(board, image) if board.loader else image

    result = flash_rom(build, rom)
    assert result.outcome.via == "rom"
    assert rom.flash.read(board.flash.base, len(whole)) == whole
    assert tuple(rom.record.erased) == case.sectors
    assert result.outcome.erased == case.sectors
    assert result.outcome.bytes_written == written_bytes(whole)
    assert rom.started_at == board.application.start
    assert rom.record.offences == []
    assert rom.record.mass_erases == 0
    assert rom.record.written[-1][0] == board.flash.base

    rom.record.erased.clear()
    assert flash_rom(build, rom).nothing_to_do
    assert rom.record.erased == []


def test_only_the_sectors_that_differ(tmp_path: Path) -> None:
    board = load_board("nucleo-h743zi")
    rom = RomBootloader(rom_chip(0x450))
    image = application(board, 300 * 1024)
    flash_rom(write_build(tmp_path / "a", board, image, full=False), rom)
    rom.record.erased.clear()
    changed = bytearray(image[:-32])
    changed[140_000:140_100] = bytes(100)
    image = with_footer(board, bytes(changed))
    result = flash_rom(write_build(tmp_path / "b", board, image, full=False), rom)
    assert rom.record.erased == [1, 2]  # the weights, and the footer
    assert result.outcome.kept == (0,)
    assert rom.flash.read(board.flash.base, len(image)) == image


@pytest.fixture
def board() -> Board:
    return load_board("nucleo-f746zg")


@pytest.fixture
def build(tmp_path: Path, board: Board) -> Path:
    return write_build(tmp_path / "a", board, application(board, 20_000))


@pytest.mark.parametrize(
    "faults",
    [RomFaults(busy=3), RomFaults(nacks_second_sync=False)],
    ids=["busy", "second sync is half a command"],
)
def test_other_habits_of_roms(build: Path, board: Board, faults: RomFaults) -> None:
    rom = RomBootloader(rom_chip(0x449), faults=faults)
    assert flash_rom(build, rom, via=None).outcome.via == "rom"
    assert rom.started_at == board.application.start
    assert rom.record.offences == []


@pytest.mark.parametrize(
    ("faults", "code"),
    [(RomFaults(product_id=0x421), "D009"), (RomFaults(readout_protected=True), "D011")],
)
def test_what_is_refused(build: Path, faults: RomFaults, code: str) -> None:
    rom = RomBootloader(rom_chip(0x449), faults=faults)
    with pytest.raises(DeviceError) as caught:
        flash_rom(build, rom)
    assert caught.value.code == code
    assert rom.flash.operations == 0
    assert rom.record.offences == []


def test_a_power_cut_in_the_middle(build: Path, board: Board, tmp_path: Path) -> None:
    rom = RomBootloader(rom_chip(0x449))
    rom.flash.cut_power_at(300)
    with pytest.raises(DeviceError) as caught:
        flash_rom(build, rom)
    assert caught.value.code == "D001"
    rom.power_on()
    flash_rom(build, rom)
    assert rom.started_at == board.application.start


@pytest.mark.parametrize(
    "left",
    ["44BBFFFF", "44BB0000", "44BB000000", "44BB00000002", "31CE080000001A"],
)
def test_what_was_left_half_said_erases_nothing_else(build: Path, board: Board, left: str) -> None:
    """A host that was killed in the middle of an erase, of all things."""
    rom = RomBootloader(rom_chip(0x449))
    rom.write(b"\x7f" + bytes.fromhex(left))
    rom.read(0.0)
    flash_rom(build, rom, reset=False)
    assert rom.record.mass_erases == 0
    assert rom.record.erased == [0, 1]
    assert rom.started_at == board.application.start


@pytest.mark.parametrize("left", ["44BB", "44BBFF"])
def test_a_rom_that_was_left_waiting_for_the_number_of_sectors(build: Path, left: str) -> None:
    """It takes 0x7F for a part of the number and waits for 65,000 bytes: only a reset helps."""
    rom = RomBootloader(rom_chip(0x449))
    rom.write(b"\x7f" + bytes.fromhex(left))
    rom.read(0.0)
    with pytest.raises(DeviceError) as caught:
        flash_rom(build, rom, reset=False)
    assert caught.value.code == "D010"
    assert "reset" in caught.value.hint
    assert rom.record.erased == []
    flash_rom(build, rom)
    assert rom.record.erased == [0, 1]


def test_an_old_bootloader_with_the_other_erase_command() -> None:
    rom = RomBootloader(rom_chip(0x410))
    client = Client(Stages(rom))
    assert client.connect().erases_extended is False
    for left in ("43BC", "43BCFF", "43BC00", "43BC0001"):
        rom.write(bytes.fromhex(left))
        client.stages.recover()
    assert rom.record.erased == []
    client.erase(5, extended=False)
    assert rom.record.erased == [5]
    assert rom.record.mass_erases == 0
    assert rom.record.offences == []


def test_a_clean_line_is_read_once(build: Path, board: Board) -> None:
    """However often it was knocked at before: what is read twice takes twice as long."""
    rom = RomBootloader(rom_chip(0x449))
    flash_rom(build, rom, via=None)
    rom.record.commands.clear()
    flash_rom(build, rom, via=None)
    blocks = -(-(board.application.start - board.flash.base + 20_000) // 256)
    reads = rom.record.commands.count(0x11)
    assert blocks <= reads <= blocks + 4
