"""A buffer's name in the picture: where its shape has most room, and how it fits there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mcugen.report.arena import Buffer, Span
from mcugen.report.arena_axis import Tick

CHARACTER, LINE = 5.8, 12
"""The most that a character of a label takes in width, and a line in height."""

_MARGIN = 4
"""Between a label and the edges of its place, both together."""

_LOOKS = 12
"""Moments that are tried as the beginning, and as the end, of a name's place."""

_PLACES = (0.5, 0.25, 0.75)
"""Where in its room a name may stand."""


@dataclass(frozen=True)
class Rectangle:
    """In the coordinates of an SVG."""

    x: float
    y: float
    width: float
    height: float

    def meets(self, other: Rectangle) -> bool:
        return (
            self.x < other.x + other.width
            and other.x < self.x + self.width
            and self.y < other.y + other.height
            and other.y < self.y + self.height
        )


@dataclass(frozen=True)
class Label:
    """``lines`` are centred at ``x``, ``turned`` by a quarter where they only fit so."""

    lines: tuple[Tick, ...] = ()
    x: float = 0.0
    turned: bool = False


def label(buffer: Buffer, room: Rectangle, taken: list[Rectangle]) -> Label:
    """The name in lines across the room or in one up it, else the tag, else nothing; it meets none
    of the rectangles that are taken, and takes its own."""
    for lines in (
        (buffer.name,),
        _broken(buffer.name, int((room.width - _MARGIN) / CHARACTER)),
        (buffer.tag,),
    ):
        for turned in (False, True):
            if not _fits(lines, room, turned=turned):
                continue
            for share in _PLACES if buffer.kind == "line" else _PLACES[:1]:
                place = _place(lines, room, share, turned=turned)
                if not any(place.meets(other) for other in taken):
                    taken.append(place)
                    return _label(lines, place, turned=turned)
    return Label()


def label_room(buffer: Buffer) -> Span:
    """The largest rectangle, about, that the buffer fills all the time; of a line buffer all that
    it ever takes, since its rows are made up of little else than their coming and going."""
    if buffer.kind == "line":
        return buffer.extent
    begins = _some(sorted({span.start for span in buffer.spans}))
    ends = _some(sorted({span.end for span in buffer.spans}))
    rooms = [
        room
        for start in begins
        for end in ends
        if start < end
        for room in _filled(buffer.spans, start, end)
    ]
    return max(rooms, key=_size, default=buffer.spans[0])


def text_width(lines: Sequence[str]) -> float:
    """With a margin."""
    return max(len(line) for line in lines) * CHARACTER + _MARGIN


def middle(start: float, extent: float) -> float:
    return round(start + extent / 2, 2)


def apart(ticks: Sequence[Tick]) -> tuple[Tick, ...]:
    """Of texts at one axis those that have room; the first ones come first to it."""
    kept: list[Tick] = []
    for tick in ticks:
        if all(abs(tick.at - one.at) >= _between(tick, one) for one in kept):
            kept.append(tick)
    return tuple(sorted(kept, key=lambda tick: tick.at))


def _between(one: Tick, two: Tick) -> float:
    return (text_width((one.text,)) + text_width((two.text,))) / 2 + CHARACTER


def _fits(lines: Sequence[str], room: Rectangle, *, turned: bool) -> bool:
    if turned:
        return len(lines) == 1 and text_width(lines) <= room.height and room.width >= LINE
    return text_width(lines) <= room.width and len(lines) * LINE <= room.height + 2


def _place(lines: Sequence[str], room: Rectangle, share: float, *, turned: bool) -> Rectangle:
    """What the lines take of the room, around ``share`` of its width."""
    across, up = text_width(lines), float(len(lines) * LINE)
    width, height = (up, across) if turned else (across, up)
    left = room.x + min(max(0.0, room.width * share - width / 2), room.width - width)
    return Rectangle(left, room.y + (room.height - height) / 2, width, height)


def _label(lines: Sequence[str], place: Rectangle, *, turned: bool) -> Label:
    first = middle(place.y, place.height) - LINE * (len(lines) - 1) / 2
    ticks = (Tick(round(first + number * LINE, 2), line) for number, line in enumerate(lines))
    return Label(tuple(ticks), middle(place.x, place.width), turned)


def _broken(name: str, most: int) -> tuple[str, ...]:
    """A name in lines of at most ``most`` characters, where its parts are no longer than that."""
    lines = [""]
    for part in re.findall("[^_ ]*[_ ]?", name):
        if len(lines[-1] + part) > most:
            lines.append("")
        lines[-1] += part
    return tuple(line for line in lines if line)


def _some(moments: Sequence[int]) -> Sequence[int]:
    return moments[:: max(1, len(moments) // _LOOKS)]


def _filled(spans: Sequence[Span], start: int, end: int) -> Iterator[Span]:
    """Neighbouring bytes that are needed from ``start`` to ``end``."""
    low = high = 0
    for span in sorted(spans, key=lambda one: one.low):
        if span.start <= start and end <= span.end:
            if span.low != high:
                low = span.low
            high = span.high
            yield Span(low, high, start, end)


def _size(span: Span) -> int:
    return (span.high - span.low) * (span.end - span.start)
