"""The arena's picture as rectangles, lines and texts in the coordinates of an SVG."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from mcugen.report.arena import Arena, Buffer, Span, Step
from mcugen.report.arena_axis import Axis, Tick
from mcugen.report.arena_label import (
    CHARACTER,
    Label,
    Rectangle,
    apart,
    label,
    label_room,
    middle,
    text_width,
)
from mcugen.report.arena_outline import area, outline
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


WIDE = Frame(1040, 496, 74, 1026, 40, 426)
NARROW = Frame(328, 416, 54, 322, 40, 346)
"""For a telephone: as wide as there is room for beside the margins, so that it is not scaled."""

_THINNEST = 1.5
"""Of a buffer with so few bytes that it would not be seen."""

_MOST_TICKS = 7


@dataclass(frozen=True)
class Box:
    """A buffer: ``kind`` is "input", "even", "odd" (the layer's number) or "scratch", ``order`` its
    place in the list of buffers.

    ``area`` and ``outline`` are paths where its rows come and go, "" where it is a rectangle.
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
    area: str
    outline: str
    label: tuple[Tick, ...]
    label_x: float
    turned: bool


@dataclass(frozen=True)
class Extent:
    """A piece of an axis."""

    x: float
    width: float

    @property
    def middle(self) -> float:
        return middle(self.x, self.width)


@dataclass(frozen=True)
class Figure:
    """All that the template draws. ``runs`` says of steps by rows which layers they run,
    ``dividers`` are where steps begin and end in which rows move. ``bound`` is None where the peak
    is the lower bound.
    """

    frame: Frame
    boxes: tuple[Box, ...]
    addresses: tuple[Tick, ...]
    steps: tuple[Tick, ...]
    runs: tuple[Tick, ...]
    dividers: tuple[float, ...]
    binding: tuple[Extent, ...]
    binds: tuple[Tick, ...]
    peak_text: str
    bound: Tick | None
    walls: tuple[Tick, ...]


def figure(arena: Arena, frame: Frame = WIDE) -> Figure:
    """The arena to scale, address 0 at the bottom."""
    plot = _Plot(arena, frame)
    met = arena.bytes == arena.lower_bound
    bound = Tick(plot.y(arena.lower_bound), f"lower bound {arena.lower_bound:,}")
    return Figure(
        frame=frame,
        boxes=tuple(_boxes(plot)),
        addresses=tuple(Tick(plot.y(at), f"{at:,}") for at in _ticks(arena.bytes)),
        steps=_step_ticks(plot),
        runs=tuple(_run_ticks(plot)),
        dividers=tuple(_dividers(plot)),
        binding=tuple(plot.step(step) for step in arena.binding),
        binds=apart([Tick(plot.step(step).middle, "binds") for step in arena.binding]),
        peak_text=f"peak {arena.bytes:,} bytes{', the lower bound' if met else ''}",
        bound=None if met else bound,
        walls=tuple(Tick(plot.y(at), f"{name} from {at:,} on") for at, name in arena.walls),
    )


def describe(buffer: Buffer) -> str:
    """A buffer in words."""
    steps = "step" if buffer.end - buffer.start == 1 else "steps"
    where = f"{buffer.offset:,} to {buffer.top:,}"
    size = plural(buffer.bytes, "byte")
    by_rows = ", row by row" if len(buffer.spans) > 1 else ""
    return f"{buffer.name}: {size} at {where}, alive in {steps} {buffer.alive}{by_rows}"


def _large_first(arena: Arena) -> list[int]:
    """Places of the buffers, so that one that shares bytes with a larger one is drawn over it."""
    sizes = [buffer.bytes * (buffer.end - buffer.start) for buffer in arena.buffers]
    return sorted(range(len(sizes)), key=lambda order: -sizes[order])


@dataclass(frozen=True)
class _Plot:
    """Where moments and addresses are in a frame."""

    arena: Arena
    frame: Frame

    @cached_property
    def axis(self) -> Axis:
        return Axis(self.arena.steps, self.frame.right - self.frame.left)

    def x(self, moment: int) -> float:
        return self.frame.left + self.axis.at(moment)

    def rectangle(self, span: Span) -> Rectangle:
        """At least ``_THINNEST`` high."""
        left, bottom = self.x(span.start), self.y(span.low)
        height = max(bottom - self.y(span.high), _THINNEST)
        return Rectangle(left, bottom - height, self.x(span.end) - left, height)

    def step(self, number: int) -> Extent:
        left = self.frame.left + self.axis.edges[number]
        return Extent(round(left, 2), round(self.axis.widths[number], 2))

    def y(self, address: int) -> float:
        height = self.frame.bottom - self.frame.top
        return round(self.frame.bottom - height * address / max(self.arena.bytes, 1), 2)


def _boxes(plot: _Plot) -> Iterator[Box]:
    """Names do not lie on each other."""
    taken: list[Rectangle] = []
    for order in _large_first(plot.arena):
        buffer = plot.arena.buffers[order]
        yield _box(plot, order, label(buffer, plot.rectangle(label_room(buffer)), taken))


def _box(plot: _Plot, order: int, name: Label) -> Box:
    buffer = plot.arena.buffers[order]
    whole = plot.rectangle(buffer.extent)
    moves = len(buffer.spans) > 1 and whole.height > _THINNEST
    return Box(
        order=order,
        kind=_kind(buffer),
        title=describe(buffer),
        x=round(whole.x, 2),
        y=round(whole.y, 2),
        width=round(whole.width, 2),
        height=round(whole.height, 2),
        area=area(buffer.spans, plot.x, plot.y) if moves else "",
        outline=outline(buffer.spans, plot.x, plot.y) if moves else "",
        label=name.lines,
        label_x=name.x,
        turned=name.turned,
    )


def _kind(buffer: Buffer) -> str:
    if buffer.is_scratch:
        return "scratch"
    return "input" if buffer.layer is None else ("even", "odd")[buffer.layer % 2]


def _ticks(size: int) -> Iterator[int]:
    """Multiples of a power of two, which addresses are read in."""
    distance = 4
    while size // distance > _MOST_TICKS:
        distance *= 2
    yield from range(0, size + 1, distance)


def _step_ticks(plot: _Plot) -> tuple[Tick, ...]:
    """Of all steps in which rows move, and of others where there is room."""
    steps, least = plot.arena.steps, 3.5 * CHARACTER
    narrowest = min(plot.axis.widths)
    every = next((n for n in (1, 2, 5, 10, 20, 50, 100) if n * narrowest >= least), len(steps))
    by_need = sorted(range(len(steps)), key=lambda number: steps[number].moments == 1)
    return apart(
        [
            Tick(plot.step(number).middle, str(number))
            for number in by_need
            if steps[number].moments > 1 or number % every == 0
        ]
    )


def _run_ticks(plot: _Plot) -> Iterator[Tick]:
    """Which layers a step by rows runs, in as many words as there is room for."""
    for number, step in enumerate(plot.arena.steps):
        place = plot.step(number)
        for text in _run_texts(step):
            if text_width((text,)) <= place.width:
                yield Tick(place.middle, text)
                break


def _run_texts(step: Step) -> tuple[str, ...]:
    if step.moments == 1:
        return ()
    if not step.rows:
        return ("in one call", "one call")
    layers = f"{step.first} to {step.last}" if step.layers > 1 else str(step.first)
    word = "layers" if step.layers > 1 else "layer"
    rows = plural(step.rows, "row")
    return f"{word} {layers}, {rows} at a time", f"{layers} by {rows}", f"by {rows}"


def _dividers(plot: _Plot) -> Iterator[float]:
    moving = [number for number, step in enumerate(plot.arena.steps) if step.moments > 1]
    for number in sorted({edge for step in moving for edge in (step, step + 1)}):
        yield round(plot.frame.left + plot.axis.edges[number], 2)
