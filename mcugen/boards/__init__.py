"""Boards by name: TOML descriptions in ``firmware/boards`` -> frozen ``Board``."""

from __future__ import annotations

from functools import cache

from mcugen import resources
from mcugen.boards.board import BankMode, Board, Flash, Pin, Pll, Region, Rom, Wiring
from mcugen.boards.description import read_board
from mcugen.errors import BoardError

__all__ = [
    "BankMode",
    "Board",
    "Flash",
    "Pin",
    "Pll",
    "Region",
    "Rom",
    "Wiring",
    "all_boards",
    "load_board",
    "read_board",
]


def load_board(name: str) -> Board:
    """The board with this id, or the default board of this target.

    Raises BoardError B001, which lists the known names, or B002 when a board file is malformed.
    """
    boards = all_boards()
    for board in boards:
        if name == board.id or (board.default and name == board.target):
            return board
    targets = sorted({board.target for board in boards})
    raise BoardError(
        "B001",
        f"no board or target is called `{name}`",
        hint=f"targets: {', '.join(targets)}; boards: {', '.join(board.id for board in boards)}",
    )


@cache
def all_boards() -> tuple[Board, ...]:
    """Every board that comes with mcugen, by id. Raises BoardError B002."""
    paths = sorted((resources.firmware_dir() / "boards").glob("*.toml"))
    return tuple(read_board(path) for path in paths)
