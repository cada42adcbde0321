"""The power goes away in every operation of a flash; the next flash always finishes the job."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mcugen.boards import Board, load_board
from mcugen.boards.board import SectorRun
from mcugen.errors import DeviceError
from mcugen.flash import install
from mcugen.footer import whole_footer
from tests.flash.builds import Bench, application, chip_of, full_image, write_build


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Board:
    """A board with small sectors."""
    board = load_board("nucleo-f746zg")
    flash = replace(board.flash, size=0x8000, layout=(SectorRun(16, 0x800),))
    start = board.flash.base + 0x1000
    board = replace(board, flash=flash, application=replace(board.application, start=start))
    monkeypatch.setattr(install, "load_board_of_build", lambda folder, name: board)
    return board


@pytest.mark.parametrize("resident", [True, False], ids=["loader", "rom"])
def test_a_power_cut_in_every_operation(board: Board, tmp_path: Path, resident: bool) -> None:
    old, new = (application(board, 9000, seed=seed) for seed in (1, 2))
    build = write_build(tmp_path / "b", board, new)
    start = board.application.start - board.flash.base
    whole = installed(board, old, resident)
    whole.flash(build)
    operations = len(whole.chip.log)
    assert operations >= 10
    for cut in range(1, operations + 1):
        bench = installed(board, old, resident)
        chip = bench.chip
        loader = bytes(chip.memory[:start])
        chip.cut_at = cut
        with pytest.raises(DeviceError):
            bench.flash(build)
        assert whole_footer(bytes(chip.memory[start:]), board.application.start) is None, cut
        if resident:
            assert bytes(chip.memory[:start]) == loader, cut

        chip.cut_at = None
        bench.flash(build)
        assert chip.holds(board.application.start, new), cut


def installed(board: Board, image: bytes, resident: bool) -> Bench:
    """A board with loader and application."""
    chip = chip_of(board)
    chip.place(board.flash.base, full_image(board, image))
    return Bench(chip, resident)
