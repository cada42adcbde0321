"""What the HTML report shows of RAM and flash."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mcugen.report.arena import Arena, step_name
from mcugen.report.flash_map import Piece, Sectors
from mcugen.report.words import Answer, address, kib, percentage

_PIECES = {
    "loader": "resident loader",
    "reserved": "kept for the loader",
    "code": "code",
    "weights": "weights",
    "footer": "footer",
    "free": "free",
}


@dataclass(frozen=True)
class BufferRow:
    """``lies_on`` are the tags of those whose rows, no longer needed, it is written over."""

    tag: str
    name: str
    kind: str
    place: str
    bytes: str
    alive: str
    lies_on: str


@dataclass(frozen=True)
class PieceView:
    """``share`` is its percentage of the largest sector."""

    kind: str
    share: float
    text: str


@dataclass(frozen=True)
class SectorRow:
    numbers: str
    address: str
    size: str
    pieces: tuple[PieceView, ...]


def arena_text(build: Answer, arena: Arena) -> str:
    binding = ", ".join(f"{step} ({step_name(build, step)})" for step in arena.binding)
    by_rows = any(step["rows"] for step in build["steps"])
    if arena.bytes > arena.lower_bound:
        met = f"The lower bound is {arena.lower_bound:,} bytes"
    elif by_rows:
        met = "No plan by rows that was looked for can be smaller: that is the lower bound"
    else:
        met = "No plan can be smaller: that is the lower bound"
    most = ". Most is alive at step" if by_rows else ", set by what must be alive at step"
    return (
        f"All tensors and scratch live in one arena of {arena.bytes:,} bytes, placed at compile "
        f"time. {met}{most} {binding}."
    )


def rows_text(arena: Arena) -> str:
    """How to read steps in which rows come and go; "" where there is none."""
    if not arena.moves:
        return ""
    return (
        "Where layers run by rows, time goes from call to call: a row is drawn from when it is "
        "written until it is read for the last time, and a line buffer is a window that slides. A "
        "layer in one call that lies on its input is drawn row by row, as its kernel goes."
    )


def buffer_rows(arena: Arena) -> Iterator[BufferRow]:
    under: dict[str, list[str]] = {}
    for later, earlier in arena.overtakings():
        under.setdefault(later.tag, []).append(earlier.tag)
    for buffer in arena.buffers:
        yield BufferRow(
            buffer.tag,
            buffer.name,
            buffer.kind,
            f"{buffer.offset:,} to {buffer.top:,}",
            f"{buffer.bytes:,}",
            buffer.alive,
            ", ".join(under.get(buffer.tag, ())),
        )


def sector_row(sectors: Sectors, largest: int) -> SectorRow:
    one = sectors.first == sectors.last
    return SectorRow(
        str(sectors.first) if one else f"{sectors.first} to {sectors.last}",
        address(sectors.address),
        f"{kib(sectors.bytes)}{'' if one else ' each'}",
        tuple(_piece(piece, largest) for piece in sectors.pieces),
    )


def _piece(piece: Piece, largest: int) -> PieceView:
    text = f"{_PIECES[piece.kind]} {piece.bytes:,}"
    return PieceView(piece.kind, percentage(piece.bytes, largest), text)


def totals(found: Sequence[Sectors]) -> Iterator[tuple[str, str, str]]:
    """Kind, its name and its bytes, in the order of the flash."""
    for kind, name in _PIECES.items():
        total = sum(
            piece.bytes * (sectors.last - sectors.first + 1)
            for sectors in found
            for piece in sectors.pieces
            if piece.kind == kind
        )
        if total:
            yield kind, name, f"{total:,}"
