"""The page of ``explore``: its points as a picture and as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mcugen.report.explore import run_text
from mcugen.report.html import page_environment
from mcugen.report.words import Answer
from mcugen.report.write import write_whole

WIDTH, HEIGHT = 1040, 480
LEFT, RIGHT, TOP, BOTTOM = 74, 1010, 40, 426
_MOST_TICKS = 8


@dataclass(frozen=True)
class Dot:
    """A point of the picture; ``kind`` is "whole" or "rows", as the picture comes."""

    x: float
    y: float
    kind: str
    title: str


@dataclass(frozen=True)
class Mark:
    at: float
    text: str


@dataclass(frozen=True)
class Line:
    """The points of one kind and family of kernels, joined: coordinates as SVG has them."""

    kind: str
    points: str


@dataclass(frozen=True)
class PointRow:
    kind: str
    kernels: str
    arena: str
    instructions: str
    more: str
    rows: str
    command: tuple[str, ...]


@dataclass(frozen=True)
class ExplorePage:
    """Arena to the right, instructions up."""

    model: str
    board: str
    dots: tuple[Dot, ...]
    lines: tuple[Line, ...]
    arenas: tuple[Mark, ...]
    shares: tuple[Mark, ...]
    rows: tuple[PointRow, ...]


def explore_page(answer: Answer) -> ExplorePage:
    points = answer["points"]
    plot = _Plot(max(one["arena_bytes"] for one in points), max(map(_more, points)))
    kinds = dict.fromkeys((one["input"], one["kernels"]) for one in points)
    return ExplorePage(
        model=answer["model"],
        board=answer["board"],
        dots=tuple(_dot(plot, one) for one in points),
        lines=tuple(
            Line(
                kind,
                " ".join(
                    f"{plot.x(one['arena_bytes'])},{plot.y(_more(one))}"
                    for one in points
                    if (one["input"], one["kernels"]) == (kind, kernels)
                ),
            )
            for kind, kernels in kinds
        ),
        arenas=tuple(_arena_marks(plot)),
        shares=tuple(_share_marks(plot)),
        rows=tuple(map(_row, points)),
    )


def write_explore_page(answer: Answer, path: Path) -> None:
    """Raises UsageError U005 where the page cannot be written."""
    template = page_environment().get_template("explore.html.j2")
    write_whole(path, template.render(page=explore_page(answer)))


@dataclass(frozen=True)
class _Plot:
    """Where bytes of arena and shares of instructions are."""

    arena_bytes: int
    more: float

    def x(self, arena_bytes: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * arena_bytes / self.arena_bytes, 2)

    def y(self, more: float) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * more / max(self.more, 0.001), 2)


def _more(point: Answer) -> float:
    """The share of instructions beyond those of whole layers."""
    return float(point["instructions"] / point["whole_instructions"] - 1)


def _dot(plot: _Plot, point: Answer) -> Dot:
    title = (
        f"{point['arena_bytes']:,} bytes, {point['instructions']:,} instructions, "
        f"{point['kernels']} kernels: {point['command']}"
    )
    return Dot(plot.x(point["arena_bytes"]), plot.y(_more(point)), point["input"], title)


def _arena_marks(plot: _Plot) -> Iterator[Mark]:
    """Multiples of a power of two."""
    distance = 4
    while plot.arena_bytes // distance > _MOST_TICKS:
        distance *= 2
    for at in range(0, plot.arena_bytes + 1, distance):
        yield Mark(plot.x(at), f"{at:,}")


def _share_marks(plot: _Plot) -> Iterator[Mark]:
    for part in range(5):
        share = max(plot.more, 0.001) * part / 4
        yield Mark(plot.y(share), f"+{share:.2%}")


def _row(point: Answer) -> PointRow:
    runs: Sequence[Sequence[int]] = point["rows"]
    return PointRow(
        kind="in rows" if point["input"] == "rows" else "in RAM",
        kernels=point["kernels"],
        arena=f"{point['arena_bytes']:,}",
        instructions=f"{point['instructions']:,}",
        more=f"{_more(point):.2%}",
        rows=" ".join(map(run_text, runs)) or "none",
        command=tuple(point["command"].split(" ")),
    )
