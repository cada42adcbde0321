"""The arena's picture as rectangles, lines and texts in the coordinates of an SVG."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mcugen.report.arena import Arena, Buffer
from mcugen.report.words import plural


@dataclass(frozen=True)
class Frame:
    """A picture's size and the place of the plot within it."""

    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int


WIDE = Frame(1040, 480, 74, 1026, 40, 426)
NARROW = Frame(328, 400, 54, 322, 40, 346)
"""For a telephone: as wide as there is room for beside the margins, so that it is not scaled."""

_CHARACTER, _LINE = 5.8, 12
"""The most that a character of a label takes in width, and a line in height."""

_MARGIN = 4
"""Between a label and the edges of its box, both together."""

_THINNEST = 1.5
"""Of a buffer with so few bytes that it would not be seen."""

_MOST_TICKS = 7


@dataclass(frozen=True)
class Tick:
    """A text at a place of an axis."""

    at: float
    text: str


@dataclass(frozen=True)
class Box:
    """A buffer: ``kind`` is "input", "even", "odd" (the layer's number) or "scratch", ``order`` its
    place in the list of buffers.

    ``label`` has lines that are centred in it, ``turned`` by a quarter where they only fit so; it
    is () where nothing fits.
    """

    order: int
    kind: str
    title: str
    x: float
    y: float
    width: float
    height: float
    label: tuple[Tick, ...]
    turned: bool

    @property
    def middle(self) -> tuple[float, float]:
        return _middle(self.x, self.width), _middle(self.y, self.height)


@dataclass(frozen=True)
class Figure:
    """All that the template draws. ``bound`` is None where the peak is the lower bound."""

    frame: Frame
    column: float
    boxes: tuple[Box, ...]
    addresses: tuple[Tick, ...]
    steps: tuple[Tick, ...]
    binding: tuple[float, ...]
    peak_text: str
    bound: Tick | None


def figure(arena: Arena, frame: Frame = WIDE) -> Figure:
    """The arena to scale, address 0 at the bottom."""
    plot = _Plot(arena, frame)
    met = arena.bytes == arena.lower_bound
    bound = Tick(plot.y(arena.lower_bound), f"lower bound {arena.lower_bound:,}")
    return Figure(
        frame=frame,
        column=round(plot.column, 2),
        boxes=tuple(_box(plot, order) for order in _large_first(arena)),
        addresses=tuple(Tick(plot.y(at), f"{at:,}") for at in _ticks(arena.bytes)),
        steps=tuple(_step_ticks(plot)),
        binding=tuple(round(plot.x(step), 2) for step in arena.binding),
        peak_text=f"peak {arena.bytes:,} bytes{', the lower bound' if met else ''}",
        bound=None if met else bound,
    )


def describe(buffer: Buffer) -> str:
    """A buffer in words."""
    steps = "step" if buffer.end - buffer.start == 1 else "steps"
    where = f"{buffer.offset:,} to {buffer.top:,}"
    size = plural(buffer.bytes, "byte")
    return f"{buffer.name}: {size} at {where}, alive in {steps} {buffer.alive}"


def _large_first(arena: Arena) -> list[int]:
    """Places of the buffers, so that one that shares bytes with a larger one is drawn over it."""
    sizes = [buffer.bytes * (buffer.end - buffer.start) for buffer in arena.buffers]
    return sorted(range(len(sizes)), key=lambda order: -sizes[order])


@dataclass(frozen=True)
class _Plot:
    """Where steps and addresses are in a frame."""

    arena: Arena
    frame: Frame

    @property
    def column(self) -> float:
        return (self.frame.right - self.frame.left) / self.arena.steps

    def x(self, step: float) -> float:
        return self.frame.left + step * self.column

    def y(self, address: int) -> float:
        height = self.frame.bottom - self.frame.top
        return round(self.frame.bottom - height * address / max(self.arena.bytes, 1), 2)


def _box(plot: _Plot, order: int) -> Box:
    buffer = plot.arena.buffers[order]
    top, bottom = plot.y(buffer.top), plot.y(buffer.offset)
    height = max(bottom - top, _THINNEST)
    width = (buffer.end - buffer.start) * plot.column
    lines, turned = _label(buffer, width, height)
    first = _middle(bottom - height, height) - _LINE * (len(lines) - 1) / 2
    return Box(
        order=order,
        kind=_kind(buffer),
        title=describe(buffer),
        x=round(plot.x(buffer.start), 2),
        y=round(bottom - height, 2),
        width=round(width, 2),
        height=round(height, 2),
        label=tuple(
            Tick(round(first + number * _LINE, 2), line) for number, line in enumerate(lines)
        ),
        turned=turned,
    )


def _kind(buffer: Buffer) -> str:
    if buffer.is_scratch:
        return "scratch"
    return "input" if buffer.layer is None else ("even", "odd")[buffer.layer % 2]


def _label(buffer: Buffer, width: float, height: float) -> tuple[tuple[str, ...], bool]:
    """The name in lines across the box or in one up it, else the tag, else nothing."""
    for lines in (
        (buffer.name,),
        _broken(buffer.name, int((width - _MARGIN) / _CHARACTER)),
        (buffer.tag,),
    ):
        if _extent(lines) <= width and len(lines) * _LINE <= height + 2:
            return lines, False
        if len(lines) == 1 and _extent(lines) <= height and width >= _LINE:
            return lines, True
    return (), False


def _extent(lines: tuple[str, ...]) -> float:
    return max(len(line) for line in lines) * _CHARACTER + _MARGIN


def _broken(name: str, most: int) -> tuple[str, ...]:
    """A name in lines of at most ``most`` characters, where its parts are no longer than that."""
    lines = [""]
    for part in re.findall("[^_ ]*[_ ]?", name):
        if len(lines[-1] + part) > most:
            lines.append("")
        lines[-1] += part
    return tuple(line for line in lines if line)


def _middle(start: float, extent: float) -> float:
    return round(start + extent / 2, 2)


def _ticks(size: int) -> Iterator[int]:
    """Multiples of a power of two, which addresses are read in."""
    distance = 4
    while size // distance > _MOST_TICKS:
        distance *= 2
    yield from range(0, size + 1, distance)


def _step_ticks(plot: _Plot) -> Iterator[Tick]:
    steps, least = plot.arena.steps, 3.5 * _CHARACTER
    every = next(n for n in (1, 2, 5, 10, 20, 50, 100, steps) if n * plot.column >= least)
    for step in range(0, steps, every):
        yield Tick(round(plot.x(step + 0.5), 2), str(step))
