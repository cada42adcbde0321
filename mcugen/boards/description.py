"""Strict reading of board descriptions (``firmware/boards/*.toml``).

A key that is missing, unknown, of another type or at odds with the rest is an error, so that a
description cannot silently mean something else.
"""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from mcugen import files, resources
from mcugen.boards.board import CONTROLLERS, PORTS, Accelerator, Board, Pin, Pll
from mcugen.boards.core import FIRMWARE_CORES
from mcugen.boards.plain import PlainCore
from mcugen.errors import BoardError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_SCHEMA = 1
_LARGEST_FILE = 65_536
_ID = re.compile("[a-z0-9][a-z0-9_-]*")
_ID_MAX = 31
"""What the loader's info block has room for, with a zero after it."""
_PRESCALERS = (1, 2, 4, 8, 16)
_MOST_LINES = 256


def read_board(path: Path, *, any_name: bool = False) -> Board:
    """The board that a file describes, which is called as the board is unless it may have any name.

    A file that names a ``core`` describes that alone. Raises BoardError B002 naming file and key.
    """
    try:
        table = tomllib.loads(files.read_text(path, _LARGEST_FILE))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise BoardError("B002", f"not a TOML file: {error}", where=str(path)) from error
    try:
        if "core" in table:
            core: PlainCore = _build(PlainCore, table, "")
            return core.board
        board: Board = _build(Board, table, "")
        _check(board, board.id if any_name else path.stem)
    except _Malformed as error:
        raise BoardError("B002", str(error), where=str(path)) from None
    return board


class _Malformed(Exception):  # noqa: N818 - the error that users see is BoardError
    """What is wrong with a description, in one line."""


def _build(kind: type[Any], table: Mapping[str, Any], path: str) -> Any:
    """A dataclass from a table, field by field as its annotations say."""
    hints = get_type_hints(kind)
    known = [field.name for field in fields(kind)]
    for key in table:
        if key not in known:
            raise _Malformed(f"unknown key `{path}{key}`, known here: {', '.join(known)}")
    values = {}
    for field in fields(kind):
        if field.name in table:
            values[field.name] = _convert(hints[field.name], table[field.name], path + field.name)
        elif type(None) not in get_args(hints[field.name]):
            raise _Malformed(f"key `{path}{field.name}` is missing")
    return kind(**values)


def _convert(hint: Any, value: Any, path: str) -> Any:
    if get_origin(hint) is UnionType:
        return _convert(get_args(hint)[0], value, path)
    if get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise _Malformed(f"`{path}` must be a list")
        kind = get_args(hint)[0]
        return tuple(_convert(kind, item, f"{path}[{i}]") for i, item in enumerate(value))
    if isinstance(hint, type) and is_dataclass(hint):
        if not isinstance(value, dict):
            raise _Malformed(f"`{path}` must be a table")
        return _build(hint, value, f"{path}.")
    if type(value) is not hint or (hint is int and value < 0):
        raise _Malformed(f"`{path}` must be {_TYPE_NAMES[hint]}, not {value!r}")
    return value


_TYPE_NAMES: Mapping[type, str] = {int: "a whole number", str: "a text", bool: "true or false"}


def _check(board: Board, stem: str) -> None:
    for wrong, problem in _contradictions(board, stem):
        if wrong:
            raise _Malformed(problem)


def _contradictions(board: Board, stem: str) -> list[tuple[bool, str]]:
    names = [region.name for region in board.memory]
    known = set(board.application.ram) <= set(names)
    pll = board.clock.pll
    return [
        (board.schema != _SCHEMA, f"`schema` is {board.schema}, this mcugen reads {_SCHEMA}"),
        (board.id != stem, f"`id` is `{board.id}`, but the file is called `{stem}.toml`"),
        (not _ID.fullmatch(board.id), "`id` must be small letters, digits, - and _"),
        (len(board.id) > _ID_MAX, f"`id` is longer than {_ID_MAX} characters"),
        *(
            (True, f"`{name}` is no file among mcugen's firmware sources")
            for name in (*board.firmware_sources, *board.loader_sources, *_external_sources(board))
            if not (resources.firmware_dir() / name).is_file()
        ),
        (
            board.chip.core not in FIRMWARE_CORES,
            f"`chip.core` must be one of {', '.join(FIRMWARE_CORES)}",
        ),
        *(() if pll is None else _pll_contradictions(pll, board.clock.hz)),
        (not _adds_up(board), "the sectors of `flash` do not add up to `size`"),
        *_accelerator_contradictions(board.flash.accelerator),
        (board.loader is not None and board.chip.product_id is None, "a loader needs `product_id`"),
        (not _loader_fits(board), "there is no room for a loader before `application.start`"),
        (not _starts_a_sector(board), "`application.start` is not the start of a flash sector"),
        (not board.application.ram or not known, "`application.ram` must name memories"),
        (known and not _adjacent(board), "`application.ram` memories are not adjacent"),
        (board.application.stack_bytes % 8 != 0, "`application.stack_bytes` must divide by 8"),
        *_memory_contradictions(board),
        *((pin.port not in PORTS, f"`{pin.port}` is no port") for pin in _pins(board)),
        *((pin.pin > 15, f"{pin.name} is no pin") for pin in _pins(board)),
    ]


def _external_sources(board: Board) -> tuple[str, ...]:
    return tuple(source for flash in board.externals for source in flash.sources)


def _memory_contradictions(board: Board) -> list[tuple[bool, str]]:
    everything = (*board.memory, *(flash.region for flash in board.externals))
    names = [one.name.lower() for one in everything]
    return [
        (len(set(names)) < len(names), "two memories have the same name"),
        *(
            (one.base < other.end and other.base < one.end, f"{one.name} and {other.name} overlap")
            for one, other in itertools.combinations(everything, 2)
        ),
        *(
            ("{file}" not in flash.program, f"`program` of {flash.name} does not name `{{file}}`")
            for flash in board.externals
        ),
        *(
            (
                flash.controller not in CONTROLLERS,
                f"`controller` of {flash.name} must be one of {', '.join(CONTROLLERS)}",
            )
            for flash in board.externals
        ),
        *(
            (flash.size & (flash.size - 1) != 0, f"`size` of {flash.name} is no power of two")
            for flash in board.externals
        ),
    ]


def _pll_contradictions(pll: Pll, hz: int) -> list[tuple[bool, str]]:
    return [
        (pll.m == 0 or pll.p not in (2, 4, 6, 8), "`clock.pll` divides by nothing that exists"),
        (pll.source_hz * pll.n != hz * pll.m * pll.p, "`clock.hz` is not what `clock.pll` makes"),
        (
            not {pll.apb1_divider, pll.apb2_divider} <= set(_PRESCALERS),
            f"the bus dividers must be among {', '.join(map(str, _PRESCALERS))}",
        ),
    ]


def _accelerator_contradictions(found: Accelerator | None) -> list[tuple[bool, str]]:
    if found is None:
        return []
    sizes, lines = (found.read_bytes, found.line_bytes), (found.code_lines, found.data_lines)
    return [
        (
            any(size.bit_count() != 1 for size in sizes) or found.read_bytes > found.line_bytes,
            "`flash.accelerator` must have lines of one read or several, in powers of two",
        ),
        (
            not all(0 < count <= _MOST_LINES for count in lines),
            f"a cache of `flash.accelerator` must have 1 to {_MOST_LINES} lines",
        ),
    ]


def _pins(board: Board) -> tuple[Pin, ...]:
    wiring = board.console.wiring
    others = (pin for flash in board.externals for pin in flash.pins)
    return (*(() if wiring is None else (wiring.tx, wiring.rx)), *others)


def _layouts(board: Board) -> tuple[tuple[int, ...], ...]:
    """Sector sizes in every bank mode."""
    mode = board.flash.other_mode
    return (board.flash.sectors, *(() if mode is None else (mode.sectors,)))


def _adds_up(board: Board) -> bool:
    return all(sum(sectors) == board.flash.size for sectors in _layouts(board))


def _loader_fits(board: Board) -> bool:
    before = board.application.start - board.flash.base
    return board.loader is None or before >= board.loader_flash.size


def _starts_a_sector(board: Board) -> bool:
    offset = board.application.start - board.flash.base
    return all(offset in (0, *itertools.accumulate(sectors)) for sectors in _layouts(board))


def _adjacent(board: Board) -> bool:
    parts = [
        region for name in board.application.ram for region in board.memory if region.name == name
    ]
    return all(a.end == b.base for a, b in itertools.pairwise(parts))
