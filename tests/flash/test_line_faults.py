"""A thousand flashes over lines that lose, double and spoil bytes.

Every one ends verified or in an error, within a time that follows from its patience; none reports
an image as good that is not there, and after each the next flash over a good line finishes the job.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mcugen.boards import Board, load_board
from mcugen.boards.board import SectorRun
from mcugen.errors import DeviceError
from mcugen.flash import install
from tests.flash.builds import Bench, application, chip_of, full_image, write_build
from tests.flash.fakes import Faults

FLASHES = 1000
CHUNKS = 10
RATES = (3e-5, 1e-4, 3e-4, 1e-3, 3e-3)
DEADLINE_SECONDS = 300.0
"""24 recoveries, each after at most one sector's erase deadline and with 1.5 seconds of its own,
then three rounds over less than 4 KB."""


@pytest.fixture(scope="module")
def board() -> Board:
    """A board with sectors so small that a flash takes no time."""
    board = load_board("nucleo-f746zg")
    flash = replace(board.flash, size=0x8000, layout=(SectorRun(16, 0x800),))
    start = board.flash.base + 0x1000
    return replace(board, flash=flash, application=replace(board.application, start=start))


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch, board: Board) -> None:
    monkeypatch.setattr(install, "load_board_of_build", lambda folder, name: board)


@pytest.fixture(scope="module")
def images(board: Board) -> tuple[bytes, bytes]:
    """Two applications with a sector in common."""
    old = application(board, 5000, seed=1)
    return old, application(board, 5000, seed=2)


@pytest.fixture(scope="module")
def build(
    tmp_path_factory: pytest.TempPathFactory, board: Board, images: tuple[bytes, bytes]
) -> Path:
    return write_build(tmp_path_factory.mktemp("faults"), board, images[1])


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_faults_never_deceive(
    chunk: int, board: Board, images: tuple[bytes, bytes], build: Path
) -> None:
    verified = 0
    for seed in range(chunk, FLASHES, CHUNKS):
        verified += flash_with_faults(seed, board, images, build)
    # Lines of the better kind get through, or the test would show nothing.
    assert FLASHES // CHUNKS // 3 < verified < FLASHES // CHUNKS


def flash_with_faults(seed: int, board: Board, images: tuple[bytes, bytes], build: Path) -> bool:
    """Whether the flash said that it succeeded."""
    old, new = images
    resident = seed % 3 != 0
    bench = Bench(chip_of(board), resident)
    bench.chip.programs_once = seed % 2 == 0
    bench.chip.place(board.flash.base, full_image(board, old))
    loader = bytes(bench.chip.memory[:0x800])
    faults = Faults(RATES[seed // CHUNKS % len(RATES)], seed)
    try:
        bench.flash(build, surroundings=bench.surroundings(faults=faults))
        verified = True
    except DeviceError:
        verified = False
    assert bench.clock.now < DEADLINE_SECONDS, seed
    if resident:
        assert bytes(bench.chip.memory[:0x800]) == loader, seed
    if verified:
        assert bench.chip.holds(board.application.start, new), seed
    bench.flash(build)
    assert bench.chip.holds(board.application.start, new), seed
    return verified
