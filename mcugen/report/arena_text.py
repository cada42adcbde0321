"""The arena's picture, and bars, for a terminal: characters without colour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from mcugen.report.arena import Arena, Buffer, Step

_ROWS = 12
_COLUMNS = 66
"""Characters of the picture itself, at most; addresses stand to the left of it."""

_WIDEST_STEP = 6
_FEWEST_SLICES = 2
"""Columns of a step in which rows come and go, at least."""

_ROWS_A_LABEL = 4
_STEPS_A_LABEL = 5
_BAR = 24


@dataclass(frozen=True)
class Glyphs:
    """Tensors of neighbouring layers look different; ``used`` and ``free`` are those of a bar."""

    input: str
    tensors: tuple[str, str]
    scratch: str
    wall: str
    floor: str
    used: str
    free: str


BLOCKS = Glyphs("█", ("▒", "▓"), "░", "│", "─", "█", "░")
ASCII = Glyphs("%", ("=", "#"), ":", "|", "-", "#", ".")


def glyphs_for(encoding: str | None) -> Glyphs:
    """Block characters, or plain ASCII where the encoding, if there is one, lacks them."""
    wanted = (BLOCKS.input, *BLOCKS.tensors, BLOCKS.scratch, BLOCKS.wall, BLOCKS.floor)
    try:
        "".join(wanted).encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return BLOCKS


def bar(share: float, glyphs: Glyphs) -> str:
    """A bar that ``share``, between 0 and 1, of is full; something used shows."""
    full = min(_BAR, max(round(_BAR * share), 1 if share else 0))
    return glyphs.used * full + glyphs.free * (_BAR - full)


def draw_arena(arena: Arena, glyphs: Glyphs, screen: int) -> Iterator[str]:
    """The picture, highest address first, then the steps and which of them bind.

    A character shows the buffer that needs most of its bytes; a step in which rows come and go has
    several columns, one after the other in time. What does not fit into ``screen`` characters of
    width is left out column by column, evenly.
    """
    margin = max(len(f"{arena.bytes:,}"), len("binds"))
    columns = max(1, min(_COLUMNS, screen - margin - len(f" {glyphs.wall}")))
    slices = _slices(arena, columns)
    shown = slices[:: -(-len(slices) // columns)]
    width = min(_WIDEST_STEP, columns // len(shown))
    edges = [arena.bytes * row // _ROWS for row in range(_ROWS, -1, -1)]
    rows = [[_at(arena, one, low, high) for one in shown] for high, low in pairwise(edges)]
    tagged: set[str] = set()
    for index, row in enumerate(rows):
        label = f"{edges[index]:,}" if index % _ROWS_A_LABEL == 0 else ""
        cells = "".join(_runs(row, width, glyphs, tagged))
        yield f"{label:>{margin}} {glyphs.wall}{cells}".rstrip()
    yield f"{0:>{margin}} {glyphs.wall}{glyphs.floor * width * len(shown)}"
    yield f"{'step':>{margin}}  {_ruler(shown, width)}".rstrip()
    yield f"{'binds':>{margin}}  {_marks(arena, slices, shown, width)}".rstrip()


@dataclass(frozen=True)
class _Slice:
    """A column: moments [``start``, ``end``) of a step."""

    step: int
    start: int
    end: int


def _slices(arena: Arena, columns: int) -> list[_Slice]:
    """A column a step; where rows come and go one for each layer, at least two, and more of them
    as far as there is room."""
    weights = [max(_FEWEST_SLICES, step.layers) for step in arena.steps if step.moments > 1]
    still = len(arena.steps) - len(weights)
    share = max(1, (columns - still) // sum(weights)) if weights else 1
    return [
        _Slice(number, start, end)
        for number, step in enumerate(arena.steps)
        for start, end in pairwise(_edges(step, share))
    ]


def _edges(step: Step, share: int) -> list[int]:
    parts = min(step.moments, max(_FEWEST_SLICES, step.layers) * share)
    return [step.start + step.moments * part // parts for part in range(parts + 1)]


def _at(arena: Arena, one: _Slice, low: int, high: int) -> Buffer | None:
    """Of buffers that share the bytes, the one written last."""
    alive = [
        (needed, buffer)
        for buffer in arena.buffers
        if (needed := buffer.bytes_between(low, high, one.start, one.end))
    ]
    most = max(alive, key=lambda found: (found[0], found[1].start), default=(0, None))
    return most[1]


def _runs(row: list[Buffer | None], width: int, glyphs: Glyphs, tagged: set[str]) -> Iterator[str]:
    """Characters of a row; a tensor has its tag where it is met first."""
    at = 0
    while at < len(row):
        buffer = row[at]
        length = next((n for n, one in enumerate(row[at:]) if one != buffer), len(row) - at)
        at += length
        yield _run(buffer, length * width, glyphs, tagged)


def _run(buffer: Buffer | None, width: int, glyphs: Glyphs, tagged: set[str]) -> str:
    if buffer is None:
        return " " * width
    if buffer.is_scratch:
        return glyphs.scratch * width
    fill = glyphs.input if buffer.layer is None else glyphs.tensors[buffer.layer % 2]
    if buffer.tag in tagged or len(buffer.tag) >= width:
        return fill * width
    tagged.add(buffer.tag)
    return buffer.tag.center(width, fill)


def _ruler(shown: Sequence[_Slice], width: int) -> str:
    """Numbers of steps, as many as have room."""
    line, before = "", -1
    for place, one in enumerate(shown):
        at, first = place * width, one.step != before
        before = one.step
        fits = len(line) <= at and at + len(str(one.step)) <= len(shown) * width
        if first and one.step % _STEPS_A_LABEL == 0 and fits:
            line = line.ljust(at) + f"{one.step} "
    return line


def _marks(arena: Arena, slices: Sequence[_Slice], shown: Sequence[_Slice], width: int) -> str:
    """Under every column with a step that binds, or that stands for one."""
    stride = -(-len(slices) // len(shown))
    groups = (slices[at : at + stride] for at in range(0, len(slices), stride))
    return "".join(
        ("^" if any(one.step in arena.binding for one in group) else " ") * width
        for group in groups
    )
