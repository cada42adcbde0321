"""The real loader on the virtual board, in this process: line faults and power cuts."""

from __future__ import annotations

from collections.abc import Callable
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
from mcugen.sim.line_faults import FaultyLine, LineFaults
from tests.flash.builds import PORT, write_build
from tests.flash.fakes import Clock
from tests.sim.loaded_boards import (
    fresh_flash,
    make_application,
    make_loader,
    running_version,
)

BOARDS = ("nucleo-f746zg", "nucleo-f767zi", "nucleo-f446re")
RATES = (1e-4, 1e-3, 3e-3)
SEEDS = 30


@dataclass
class BoardLine:
    """A virtual board as a line whose silence takes the time that it is waited for."""

    board: VirtualBoard | FaultyLine
    clock: Clock

    def write(self, data: bytes) -> None:
        self.board.write(data)

    def read(self, deadline_seconds: float) -> bytes:
        data = self.board.read(deadline_seconds)
        if not data:
            self.clock.sleep(max(0.0, deadline_seconds))
        return data

    def use_even_parity(self, even: bool) -> None:
        """A virtual board's USART does not see parity."""

    def close(self) -> None:
        """It stays as it is."""


@dataclass(frozen=True)
class Kit:
    """A board, its loader, two applications, and a build of the second."""

    board: Board
    loader: Image
    old: bytes
    new: bytes
    build: Path

    def boot(self, application: bytes) -> VirtualBoard:
        return VirtualBoard(
            self.board, None, flash=fresh_flash(self.board, self.loader, application)
        )

    def flash(self, board: VirtualBoard, faults: LineFaults | None = None) -> FlashResult:
        clock = Clock()
        line = BoardLine(FaultyLine(board, faults or LineFaults()), clock)
        machine = Surroundings(
            open_port=lambda path, baud: line,
            clock=clock,
            sleep=clock.sleep,
            find_ports=lambda: (PortInfo(PORT),),
            which=lambda name: None,
        )
        try:
            # The small application knows no HELLO, and restarts into the loader at any byte.
            return flash(self.build, port=PORT, via="loader", surroundings=machine)
        finally:
            assert clock.now < 300

    def holds(self, board: VirtualBoard, application: bytes) -> bool:
        return board.flash.read(self.board.application.start, len(application)) == application

    def loader_is_untouched(self, board: VirtualBoard) -> bool:
        return board.flash.read(self.board.flash.base, len(self.loader.bin)) == self.loader.bin


@pytest.fixture(scope="module")
def kits(tmp_path_factory: pytest.TempPathFactory, object_cache: Path) -> Callable[[str], Kit]:
    made: dict[str, Kit] = {}

    def make(name: str) -> Kit:
        if name not in made:
            root, board = tmp_path_factory.mktemp(name), load_board(name)
            old, new = (
                make_application(root / version, board, version, object_cache) for version in "AB"
            )
            made[name] = Kit(
                board,
                make_loader(root / "loader", board, object_cache),
                old,
                new,
                write_build(root / "build", board, new),
            )
        return made[name]

    return make


@pytest.mark.parametrize("name", BOARDS)
def test_flash_and_flash_again(kits: Callable[[str], Kit], name: str) -> None:
    kit = kits(name)
    board = kit.boot(b"")
    first = kit.flash(board)
    assert first.outcome.erased == (1,)
    assert first.outcome.started
    assert running_version(board) == "B"
    board.write(b"x")
    assert kit.flash(board).nothing_to_do
    assert running_version(board) == "B"
    assert kit.loader_is_untouched(board)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_faults_never_deceive(kits: Callable[[str], Kit], seed: int) -> None:
    kit = kits(BOARDS[0])
    board = kit.boot(kit.old if seed % 2 else b"")
    board.write(b"x")
    rate = RATES[seed % len(RATES)]
    try:
        kit.flash(board, LineFaults(drop=rate, dup=rate, flip=rate, seed=seed))
        verified = True
    except DeviceError:
        verified = False
    assert kit.loader_is_untouched(board)
    if verified:
        assert kit.holds(board, kit.new)
        assert running_version(board) == "B"
    board.power_on()
    board.write(b"x")
    kit.flash(board)
    assert running_version(board) == "B"


@pytest.mark.parametrize(
    ("name", "first", "every"),
    [*((BOARDS[0], first, 4) for first in (1, 2, 3, 4)), (BOARDS[1], 1, 17), (BOARDS[2], 1, 17)],
)
def test_a_power_cut_in_every_operation(
    kits: Callable[[str], Kit], name: str, first: int, every: int
) -> None:
    """The board comes up in its loader, and the next flash finishes the job; four tests share the
    operations of one board."""
    kit = kits(name)
    board = kit.boot(kit.old)
    board.write(b"x")
    kit.flash(board)
    operations = board.flash.operations
    assert operations > 100
    for cut in (*range(first, operations, every), operations):
        board = kit.boot(kit.old)
        board.write(b"x")
        board.flash.cut_power_at(cut, seed=cut)
        with pytest.raises(DeviceError):
            kit.flash(board)
        board.power_on()
        assert running_version(board) == "", cut
        kit.flash(board)
        assert running_version(board) == "B", cut
        assert kit.loader_is_untouched(board), cut
