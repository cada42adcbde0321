"""The small network onto the virtual board, over a pseudo-terminal, as with a board on a cable."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from mcugen.boards import Board, load_board
from mcugen.errors import DeviceError
from mcugen.flash import flash
from mcugen.flash.port import SerialPort
from mcugen.protocol.session import Session
from mcugen.sim.board import VirtualBoard
from mcugen.sim.flash_memory import FlashMemory
from mcugen.sim.rom import RomBootloader
from mcugen.sim.rom_chips import rom_chip
from mcugen.sim.serial_server import Device, SerialServer
from tests.flash.builds import with_footer, write_build
from tests.lines import SmallBuild, build_small


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, object_cache: Path) -> SmallBuild:
    return build_small(tmp_path_factory.mktemp("end_to_end"), object_cache)


@pytest.fixture(scope="module")
def board(small: SmallBuild) -> Board:
    return load_board(small.manifest.board)


@contextmanager
def served(device: Device) -> Iterator[str]:
    """The device's port while the block lasts."""
    with SerialServer(device, None) as server:
        thread = threading.Thread(target=server.serve, daemon=True)
        thread.start()
        try:
            yield server.path
        finally:
            server.stop()
            thread.join()


@dataclass
class Cable:
    """A board whose flash holds the loader alone."""

    board: Board
    small: SmallBuild

    def __post_init__(self) -> None:
        self.flash = FlashMemory(self.board.flash)
        full = (self.small.folder / "firmware-full.bin").read_bytes()
        room = self.board.application.start - self.board.flash.base
        self.flash.put(self.board.flash.base, full[:room])

    def device(self) -> VirtualBoard:
        return VirtualBoard(self.board, None, flash=self.flash, least_wait_seconds=0.0)

    def holds(self, image: bytes) -> bool:
        return self.flash.read(self.board.application.start, len(image)) == image


@pytest.fixture
def cable(board: Board, small: SmallBuild) -> Cable:
    return Cable(board, small)


def model_at(path: str) -> str:
    with SerialPort(path) as port:
        return Session(port).hello().model


def test_flash_run_and_flash_again(cable: Cable, small: SmallBuild, tmp_path: Path) -> None:
    image = (small.folder / "firmware.bin").read_bytes()
    loader = cable.flash.read(cable.board.flash.base, 8192)
    with served(cable.device()) as path:
        first = flash(small.folder, port=path)
        assert first.outcome.via == "loader"
        assert cable.holds(image)
        assert model_at(path) == "small_mobilenet"

        operations = cable.flash.operations
        second = flash(small.folder, port=path)
        assert second.outcome.via == "firmware"
        assert second.nothing_to_do
        assert cable.flash.operations == operations
        assert model_at(path) == "small_mobilenet"

        # One more constant at the end: other weights, and a footer further back.
        changed = with_footer(cable.board, image[:-32] + bytes(range(64)))
        third = flash(write_build(tmp_path / "changed", cable.board, changed), port=path)
        assert third.outcome.via == "firmware"
        assert third.outcome.erased
        assert cable.holds(changed)
        assert model_at(path) == "small_mobilenet"
    assert cable.flash.read(cable.board.flash.base, 8192) == loader
    assert 0 not in cable.flash.erased


def test_a_power_cut_and_the_next_flash(cable: Cable, small: SmallBuild) -> None:
    image = (small.folder / "firmware.bin").read_bytes()
    with served(cable.device()) as path:
        cable.flash.cut_power_at(cable.flash.operations + 500)
        with pytest.raises(DeviceError):
            flash(small.folder, port=path)
        assert not cable.holds(image)
        result = flash(small.folder, port=path)
        assert result.outcome.via == "loader"
        assert cable.holds(image)
        assert model_at(path) == "small_mobilenet"


def test_an_application_that_is_another_boards(
    cable: Cable, small: SmallBuild, tmp_path: Path
) -> None:
    other = load_board("stm32f746g-disco")
    image = (small.folder / "firmware.bin").read_bytes()
    with served(cable.device()) as path:
        flash(small.folder, port=path)
        with pytest.raises(DeviceError) as caught:
            flash(write_build(tmp_path / "other", other, image), port=path)
        assert caught.value.code == "D009"
        assert model_at(path) == "small_mobilenet", "it was left running"
    assert cable.holds(image)


def test_rom_over_the_port(small: SmallBuild, board: Board) -> None:
    rom = RomBootloader(rom_chip(board.chip.product_id or 0))
    full = (small.folder / "firmware-full.bin").read_bytes()
    with served(rom) as path:
        assert flash(small.folder, port=path).outcome.via == "rom"
    assert rom.flash.read(board.flash.base, len(full)) == full
    assert rom.record.offences == []
