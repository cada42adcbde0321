"""The arena as a picture: time across, from step to step, and addresses up.

This is its geometry, in moments and bytes, as the plan has it; ``arena_svg.py`` and
``arena_text.py`` draw it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, combinations, pairwise

from mcugen.report.words import Answer, plural

_NAMES = {"tensor": "{}", "line": "rows of {}", "scratch": "scratch of {}"}


@dataclass(frozen=True)
class Span:
    """A rectangle of the picture: addresses [``low``, ``high``), moments [``start``, ``end``)."""

    low: int
    high: int
    start: int
    end: int

    def bytes_between(self, low: int, high: int, start: int, end: int) -> int:
        """Bytes with an address in [``low``, ``high``), each for every moment in [``start``,
        ``end``)."""
        across = max(0, min(self.end, end) - max(self.start, start))
        return across * max(0, min(self.high, high) - max(self.low, low))


@dataclass(frozen=True)
class Buffer:
    """Steps [``start``, ``end``), bytes [``offset``, ``top``), and in ``spans`` what of them is
    needed when: rows that are read no more, and those that are not yet there, leave room.

    ``tag`` stands for it where its name is too long: the number of the layer that writes it, with
    an s in front for that layer's scratch, and "in" for the model's input. ``kind`` is "tensor",
    "line" for a window on some of its rows, or "scratch".
    """

    tag: str
    name: str
    kind: str
    layer: int | None
    offset: int
    bytes: int
    start: int
    end: int
    spans: tuple[Span, ...]

    @property
    def is_scratch(self) -> bool:
        return self.kind == "scratch"

    @property
    def top(self) -> int:
        return self.offset + self.bytes

    @property
    def extent(self) -> Span:
        """All that it ever takes."""
        start, end = (span.start for span in self.spans), (span.end for span in self.spans)
        return Span(self.offset, self.top, min(start), max(end))

    @property
    def alive(self) -> str:
        """Its steps as people read them: 4, or 2 to 3."""
        last = self.end - 1
        return str(last) if self.start == last else f"{self.start} to {last}"

    def bytes_between(self, low: int, high: int, start: int, end: int) -> int:
        """How many of its bytes have an address in [``low``, ``high``), each for every moment in
        [``start``, ``end``)."""
        return sum(span.bytes_between(low, high, start, end) for span in self.spans)


@dataclass(frozen=True)
class Step:
    """Layers ``first`` to ``last``, ``rows`` at a time or whole, in ``moments`` from ``start``."""

    first: int
    last: int
    rows: int
    start: int
    moments: int

    @property
    def end(self) -> int:
        return self.start + self.moments

    @property
    def layers(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True)
class Arena:
    """``bytes`` is its size, the peak of the plan; ``binding`` are the steps with most bytes
    alive. No plan can do with less than ``lower_bound``; by rows, none that was looked for.
    ``walls`` are where one memory ends, and the name of the one that begins."""

    buffers: tuple[Buffer, ...]
    steps: tuple[Step, ...]
    bytes: int
    lower_bound: int
    binding: tuple[int, ...]
    walls: tuple[tuple[int, str], ...] = ()

    @property
    def moves(self) -> bool:
        """Whether within a step rows come and go."""
        return any(step.moments > 1 for step in self.steps)

    def overtakings(self) -> Iterator[tuple[Buffer, Buffer]]:
        """The later and the earlier one of two that are alive in the same step and share addresses:
        one is written where rows of the other are no longer needed."""
        made = [buffer for buffer in self.buffers if not buffer.is_scratch]
        for one, two in combinations(made, 2):
            low, high = max(one.offset, two.offset), min(one.top, two.top)
            if low < high and max(one.start, two.start) < min(one.end, two.end):
                earlier, later = sorted((one, two), key=lambda buffer: buffer.spans[0].start)
                yield later, earlier


def arena_of(build: Answer) -> Arena:
    """The arena in the answer of ``build``, which is the manifest's, with all that it holds at the
    end of a moment."""
    most = max((step["live_bytes"] for step in build["steps"]), default=0)
    return Arena(
        buffers=tuple(_buffer(one) for one in build["buffers"] if one["spans"]),
        steps=tuple(_steps(build)),
        bytes=build["arena_bytes"],
        lower_bound=build["arena_lower_bound"],
        binding=tuple(
            number for number, step in enumerate(build["steps"]) if step["live_bytes"] == most
        ),
        walls=tuple(
            (one["offset"], one["memory"]) for one in build.get("arena", ()) if one["offset"]
        ),
    )


def step_name(build: Answer, number: int) -> str:
    """The layer of a step, or the first and the last one, and how many rows at a time."""
    step, layers = build["steps"][number], build["layers"]
    first, last = layers[step["first"]]["name"], layers[step["last"]]["name"]
    if not step["rows"]:
        return str(first)
    names = first if first == last else f"{first} to {last}"
    return f"{names}, {plural(step['rows'], 'row')} at a time"


def _steps(build: Answer) -> Iterator[Step]:
    ends = accumulate((step["moments"] for step in build["steps"]), initial=0)
    for step, (start, end) in zip(build["steps"], pairwise(ends), strict=True):
        yield Step(step["first"], step["last"], step["rows"], start, end - start)


def _buffer(one: Answer) -> Buffer:
    kind, layer = one["kind"], one["layer"]
    return Buffer(
        tag="in" if layer is None else f"{'s' if kind == 'scratch' else ''}{layer}",
        name=_NAMES[one["kind"]].format(one["name"]),
        kind=kind,
        layer=layer,
        offset=one["offset"],
        bytes=one["bytes"],
        start=one["start"],
        end=one["end"],
        spans=tuple(Span(*span) for span in one["spans"]),
    )
