"""Rectangles that touch as one shape: its area and its outline as paths of an SVG."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from mcugen.report.arena import Span

Place = Callable[[int], float]
"""Where a moment or an address is in the picture."""

Edge = tuple[int, int, int]
"""At a place of one axis from one to another of the other axis."""


def area(spans: Iterable[Span], x: Place, y: Place) -> str:
    """A rectangle after the other."""
    return "".join(
        f"M{_text(x(one.start))} {_text(y(one.high))}H{_text(x(one.end))}"
        f"V{_text(y(one.low))}H{_text(x(one.start))}Z"
        for one in spans
    )


def outline(spans: Sequence[Span], x: Place, y: Place) -> str:
    """The edges that are no two rectangles' own; rectangles must not meet."""
    flat = [edge for one in spans for edge in _both(one.low, one.high, one.start, one.end)]
    upright = [edge for one in spans for edge in _both(one.start, one.end, one.low, one.high)]
    return "".join(
        [
            f"M{_text(x(begin))} {_text(y(at))}H{_text(x(end))}"
            for at, begin, end in sorted(_open(flat))
        ]
        + [
            f"M{_text(x(at))} {_text(y(begin))}V{_text(y(end))}"
            for at, begin, end in sorted(_open(upright))
        ]
    )


def _both(first: int, second: int, begin: int, end: int) -> Iterator[tuple[Edge, int]]:
    """Opposite edges, which run in opposite directions."""
    yield (first, begin, end), 1
    yield (second, begin, end), -1


def _open(edges: Iterable[tuple[Edge, int]]) -> Iterator[Edge]:
    """What is left where edges in opposite directions cancel each other."""
    changes: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for (at, begin, end), direction in edges:
        changes[at][begin] += direction
        changes[at][end] -= direction
    for at, by_place in changes.items():
        total, since = 0, 0
        for place in sorted(by_place):
            before, total = total, total + by_place[place]
            if before != total:
                if before:
                    yield at, since, place
                since = place


def _text(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
