"""The power goes away at every single flash operation, and the board is never lost.

`mcugen flash` against the resident loader on the virtual board, in one process.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import pytest

from mcugen.boards import Board, load_board
from mcugen.errors import DeviceError
from mcugen.flash import FlashResult, flash
from mcugen.flash.discover import PortInfo
from mcugen.flash.job import Surroundings
from mcugen.image import Image
from mcugen.sim.board import VirtualBoard
from mcugen.sim.flash_memory import FlashMemory
from tests.flash.builds import write_build
from tests.sim.loaded_boards import fresh_flash, make_application, make_loader, running_version

PORT = "virtual"
SECTOR_ERASES = 1
BLANK = 0xFFFF_FFFF


@dataclass(frozen=True)
class InProcess:
    """The virtual board as a line: parity is nothing it knows."""

    board: VirtualBoard

    def write(self, data: bytes) -> None:
        self.board.write(data)

    def read(self, deadline_seconds: float) -> bytes:
        return self.board.read(deadline_seconds)

    def use_even_parity(self, even: bool) -> None:
        pass

    def close(self) -> None:
        pass


@dataclass(frozen=True)
class Bench:
    """A board's loader, the application on it, and the build of a new one."""

    board: Board
    loader: Image
    old: bytes
    new: bytes
    build: Path

    def flash(self) -> FlashMemory:
        return fresh_flash(self.board, self.loader, self.old)

    def power_up(self, flash_memory: FlashMemory) -> VirtualBoard:
        return VirtualBoard(self.board, None, flash=flash_memory)

    def update(self, virtual: VirtualBoard) -> FlashResult:
        surroundings = Surroundings(
            open_port=lambda *_: InProcess(virtual),
            find_ports=lambda: (PortInfo(PORT),),
            which=lambda _: None,
        )
        return flash(self.build, port=PORT, surroundings=surroundings)


@pytest.fixture(scope="module", params=["nucleo-f746zg", "nucleo-f446re"])
def bench(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, object_cache: Path
) -> Bench:
    board, root = load_board(request.param), tmp_path_factory.mktemp("power-cut")
    old, new = (
        make_application(root / version, board, version, object_cache) for version in ("A", "B")
    )
    loader = make_loader(root / "loader", board, object_cache)
    return Bench(board, loader, old, new, write_build(root / "build", board, new))


def test_an_update_without_a_power_cut(bench: Bench) -> None:
    virtual = bench.power_up(bench.flash())
    assert running_version(virtual) == "A"
    bench.update(virtual)
    assert running_version(virtual) == "B"
    words = struct.unpack(f"<{len(bench.new) // 4}I", bench.new)
    assert virtual.flash.erased == [1]
    assert virtual.flash.operations == SECTOR_ERASES + sum(word != BLANK for word in words)


def test_power_cut_at_every_operation(bench: Bench) -> None:
    """The loader or a whole application comes up, and the next update succeeds."""
    whole = bench.flash()
    bench.update(bench.power_up(whole))
    for operation in range(1, whole.operations + 1):
        memory = bench.flash()
        sector_0 = memory.read(bench.board.flash.base, bench.board.flash.sectors[0])
        memory.cut_power_at(operation, seed=operation)
        virtual = bench.power_up(memory)
        with pytest.raises(DeviceError):
            bench.update(virtual)
        assert not virtual.powered, f"operation {operation} was never reached"
        assert_comes_back(bench, virtual)
        assert memory.read(bench.board.flash.base, len(sector_0)) == sector_0


@pytest.mark.parametrize("seed", range(10))
def test_power_cut_while_erasing(bench: Bench, seed: int) -> None:
    """Whatever half an erase leaves of the sector; and then again while it is mended."""
    virtual = bench.power_up(bench.flash())
    for again in range(3):
        virtual.flash.cut_power_at(virtual.flash.operations + 1, seed=seed * 3 + again)
        with pytest.raises(DeviceError):
            bench.update(virtual)
        virtual.power_on()
    assert_comes_back(bench, virtual)


def assert_comes_back(bench: Bench, virtual: VirtualBoard) -> None:
    """The application that runs, if one does, is one that is there from its first byte to its
    last."""
    virtual.power_on()
    version = running_version(virtual)
    start = bench.board.application.start
    whole = {
        name
        for name, image in (("A", bench.old), ("B", bench.new))
        if virtual.flash.read(start, len(image)) == image
    }
    assert version == "".join(whole)
    bench.update(virtual)
    assert running_version(virtual) == "B"
    assert virtual.flash.read(start, len(bench.new)) == bench.new
