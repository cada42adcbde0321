"""Which board a name means: an id, a target, a chip or a file; and what somebody may have meant."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from mcugen.boards.board import Board

_LIKENESS = 0.6
_SUGGESTIONS = 3


def as_file(name: str) -> Path | None:
    """The board file that a name is the path of, None for the name of a board."""
    separators = {os.sep, os.altsep, "/"} - {None}
    is_path = name.endswith(".toml") or any(str(one) in name for one in separators)
    return Path(name) if is_path else None


def matching(name: str, boards: Iterable[Board]) -> Board | None:
    """The board with this id, this chip, or the default one of this target, however spelt."""
    wanted = _plain(name)
    if not wanted:
        return None
    for board in boards:
        chip = _plain(board.chip.part)
        names = {_plain(board.id), _plain(board.name), chip}
        # An order code such as STM32F746ZGT6 says package and temperatures, too.
        if wanted in names or (len(chip) > 6 and wanted.startswith(chip)):
            return board
    for board in boards:
        if board.default and wanted == _plain(board.target):
            return board
    return None


def alike(name: str, boards: Sequence[Board]) -> tuple[str, ...]:
    """Ids and targets that are nearly called that, or whose chip begins so; the nearest first."""
    wanted = _plain(name)
    known = {_plain(target): target for target in dict.fromkeys(one.target for one in boards)}
    known |= {_plain(board.chip.part): board.id for board in boards}
    known |= {_plain(board.id): board.id for board in boards}
    begun = [plain for plain in known if wanted and plain.startswith(wanted)]
    near = difflib.get_close_matches(wanted, known, _SUGGESTIONS, _LIKENESS)
    return tuple(dict.fromkeys(known[plain] for plain in (*begun, *near)))[:_SUGGESTIONS]


def _plain(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())
