"""Boards by name or file: TOML descriptions -> frozen ``Board``."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from mcugen import resources
from mcugen.boards.board import (
    Accelerator,
    BankMode,
    Board,
    ExternalFlash,
    Flash,
    Pin,
    Pll,
    Region,
    Rom,
    Wiring,
)
from mcugen.boards.core import Core
from mcugen.boards.description import read_board
from mcugen.boards.names import alike, as_file, matching
from mcugen.boards.plain import core_named
from mcugen.errors import BoardError

__all__ = [
    "Accelerator",
    "BankMode",
    "Board",
    "Core",
    "ExternalFlash",
    "Flash",
    "Pin",
    "Pll",
    "Region",
    "Rom",
    "Wiring",
    "all_boards",
    "as_file",
    "board_file",
    "load_board",
    "load_board_of_build",
    "read_board",
]


def load_board(name: str) -> Board:
    """The board with this id or chip, the default board of this target, or what a file describes.

    Case and dashes do not matter; what ends in ``.toml`` or has a slash is a file. Raises
    BoardError B001, which suggests names and lists the known ones, B002 when a board file is
    malformed, or B003 for a core, which is no board.
    """
    path = as_file(name)
    if path is not None:
        return read_board(path, any_name=True)
    boards = all_boards()
    board = matching(name, boards)
    if board is None:
        raise _unknown(name, boards)
    return board


def load_board_of_build(folder: Path, name: str) -> Board:
    """The board that the build in ``folder`` is for, whose id its manifest says.

    A build for a board from a file has that file. Raises as ``load_board``.
    """
    described = folder / board_file(name)
    return read_board(described) if described.is_file() else load_board(name)


def board_file(board: str) -> str:
    """What the description of a board from a file is called in a build for it."""
    return f"{board}.toml"


def _unknown(name: str, boards: Sequence[Board]) -> BoardError:
    if (core := core_named(name)) is not None:
        return BoardError(
            "B003",
            f"`{name}` is a core and no board",
            hint=f"`mcugen build --target {core} --ram 256K --flash 1M` makes the library for it",
        )
    near = alike(name, boards)
    meant = f"did you mean {' or '.join(f'`{one}`' for one in near)}? " if near else ""
    targets = sorted({board.target for board in boards})
    return BoardError(
        "B001",
        f"no board, target or chip is called `{name}`",
        hint=f"{meant}targets: {', '.join(targets)}; boards: "
        f"{', '.join(board.id for board in boards)}; or a file: `-t ./board.toml`",
    )


@cache
def all_boards() -> tuple[Board, ...]:
    """Every board that comes with mcugen, by id. Raises BoardError B002."""
    paths = sorted((resources.firmware_dir() / "boards").glob("*.toml"))
    return tuple(read_board(path) for path in paths)
