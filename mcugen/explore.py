"""``mcugen explore``: what an arena of so many bytes costs in instructions.

From layer by layer down to the least, with the picture in RAM and with the picture in rows.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from mcugen.boards import load_board
from mcugen.compiler import Event, compile_graph, silent, source_of
from mcugen.kernels import Choice, Target, backends
from mcugen.memory.rows.frontier import Spot, frontier, mixed
from mcugen.schedule import Schedule
from mcugen.tflite import about, read_model

CHOICES: tuple[Choice, ...] = ("cmsis-nn", "fast")


@dataclass(frozen=True)
class Point:
    """A build: ``instructions`` are estimated, ``whole_instructions`` those of the same kernels
    layer by layer; ``fits`` says whether the board has the RAM.

    ``rows`` are the runs of layers that are made by rows, as (first, last, rows at a time).
    """

    input: str
    kernels: Choice
    arena_bytes: int
    instructions: int
    whole_instructions: int
    rows: tuple[tuple[int, int, int], ...]
    fits: bool
    command: str


@dataclass(frozen=True)
class Exploration:
    """Points by rising arena, those whose picture is in RAM first; none is better than another of
    its kind in both arena and instructions."""

    model: str
    board: str
    target: str
    arena_limit: int
    points: tuple[Point, ...]

    def as_json(self) -> dict[str, object]:
        return {**asdict(self), "status": "ok"}


def explore(
    model: Path, *, target: str, cmsis_nn: Path | None = None, on_event: Event = silent
) -> Exploration:
    """Every point can be built by its ``command``. Raises McugenError as ``build`` does."""
    board = load_board(target)
    graph = read_model(model)
    points: list[Point] = []
    least: dict[bool, int] = {}
    with about(model):
        for kernels in CHOICES:
            made_for = Target(board.chip.cpu, backends(cmsis_nn), kernels)
            schedule = compile_graph(graph, source_of(model), made_for).schedule
            for takes_rows in (False, True):
                on_event(f"{kernels} kernels, picture {'in rows' if takes_rows else 'in RAM'}")
                words = ["mcugen", "build", str(model), "--target", target]
                words += [] if kernels == "cmsis-nn" else ["--kernels", kernels]
                words += ["--stream-input"] if takes_rows else []
                spots = list(frontier(schedule, takes_rows=takes_rows))
                low = least.setdefault(takes_rows, spots[0].arena_bytes)
                if kernels == "fast":
                    spots += mixed(schedule, low, takes_rows=takes_rows)
                points += [
                    _point(schedule, kernels, words, spot, board.arena_limit) for spot in spots
                ]
    return Exploration(
        model=model.name,
        board=board.id,
        target=board.target,
        arena_limit=board.arena_limit,
        points=tuple(undominated(points)),
    )


def undominated(points: Sequence[Point]) -> Iterator[Point]:
    """By kind of input and rising arena, without those that another one of the kind beats."""
    for kind in dict.fromkeys(point.input for point in points):
        least: int | None = None
        own = [point for point in points if point.input == kind]
        for point in sorted(own, key=lambda one: (one.arena_bytes, one.instructions)):
            if least is None or point.instructions < least:
                least = point.instructions
                yield point


def _point(
    schedule: Schedule, kernels: Choice, words: Sequence[str], spot: Spot, limit: int
) -> Point:
    arena = [] if spot.budget is None else ["--arena", str(spot.budget)]
    return Point(
        input="rows" if "--stream-input" in words else "whole",
        kernels=kernels,
        arena_bytes=spot.arena_bytes,
        instructions=schedule.cost + spot.cost,
        whole_instructions=schedule.cost,
        rows=spot.runs,
        fits=spot.arena_bytes <= limit,
        command=shlex.join([*words, *arena]),
    )
