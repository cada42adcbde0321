"""What ``--target`` of a build means: a board, a file, or a core without a board."""

from __future__ import annotations

from mcugen.boards import as_file, load_board
from mcugen.boards.board import Board
from mcugen.boards.plain import CoreOptions, core_named, plain_core, refuse_core_options


def find_target(name: str, options: CoreOptions) -> tuple[Board, str | None]:
    """The board, and its description where it has no file yet.

    Raises as ``load_board``, and UsageError U006 for ``options`` that lack, are not allowed or do
    not suit the core.
    """
    core = None if as_file(name) is not None else core_named(name)
    if core is not None:
        made = plain_core(core, options)
        return made.board, made.text
    board = load_board(name)
    refuse_core_options(board.name, options)
    return board, None
