"""``mcugen explore``: what an arena of so many bytes costs in instructions.

From layer by layer down to the least, with the picture in RAM and with the picture in rows.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

from mcugen.boards import load_board
from mcugen.boards.places import ARENA, find_places
from mcugen.compiler import compile_graph, source_of
from mcugen.kernels import Choice, Target, backends
from mcugen.memory.rows.frontier import Spot, frontier, mixed, mixed_budgets
from mcugen.memory.rows.plan import comes_in_rows
from mcugen.memory.spaces import Space, Walls, walls
from mcugen.schedule import Schedule
from mcugen.tflite import about, read_model
from mcugen.workers import Runner, here

CHOICES: tuple[Choice, ...] = ("cmsis-nn", "fast")

Progress = Callable[[str, int, int], None]
"""Told what is counted, how many of it are done, and how many there are."""


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


@dataclass(frozen=True)
class Search:
    """A unit of work: plans with a family of kernels, the picture in rows or in RAM.

    Without ``budget`` all from the least arena to that of whole layers; with it the one within so
    many bytes in which slower kernels of the family may take the place of fast ones. No buffer lies
    across one of the ``walls``.
    """

    kernels: Choice
    takes_rows: bool
    walls: Walls
    budget: int | None = None


Schedules = Mapping[Choice, Schedule]
_Found = dict[Search, tuple[Spot, ...]]


def explore(
    model: Path,
    *,
    target: str,
    cmsis_nn: Path | None = None,
    arena_in: Sequence[str] = (),
    runner: Runner = here,
    on_progress: Progress = lambda what, done, total: None,
) -> Exploration:
    """Every point can be built by its ``command``.

    ``arena_in`` are memories of the board, by name, that the arena is to lie in. ``runner`` says
    who looks for plans; what they find is the same. Raises McugenError as ``build`` does.
    """
    board = load_board(target)
    placed = find_places(board, {ARENA: arena_in})
    limit = placed.arena_limit(board)
    between = walls([Space(one.symbol, one.bytes) for one in placed.arena])
    graph = read_model(model)
    schedules: dict[Choice, Schedule] = {}
    with about(model):
        for kernels in CHOICES:
            made_for = Target(board.chip.cpu, backends(cmsis_nn), kernels)
            schedules[kernels] = compile_graph(graph, source_of(model), made_for).schedule
        found = _all_spots(schedules, between, runner, on_progress)
    words = ["mcugen", "build", str(model), "--target", target]
    words += ["--arena-in", ",".join(arena_in)] if arena_in else []
    points = [
        _point(schedules[search.kernels], search, words, spot, limit)
        for search, spots in found.items()
        for spot in spots
    ]
    return Exploration(
        model=model.name,
        board=board.id,
        target=board.target,
        arena_limit=limit,
        points=tuple(undominated(points)),
    )


def _all_spots(
    schedules: Schedules, between: Walls, runner: Runner, on_progress: Progress
) -> _Found:
    """First what the families of kernels do by themselves; then, no smaller than the least of
    those, arenas in which fast kernels make way."""
    inputs = (False, True) if comes_in_rows(schedules["cmsis-nn"]) else (False,)
    ways = [Search(kernels, rows, between) for kernels, rows in product(CHOICES, inputs)]
    found = _spots(schedules, ways, runner, "plans", on_progress)
    within = []
    for rows in inputs:
        least = found[Search("cmsis-nn", rows, between)][0].arena_bytes
        budgets = dict.fromkeys(mixed_budgets(schedules["fast"], least, between))
        within += [Search("fast", rows, between, budget) for budget in budgets]
    return found | _spots(schedules, within, runner, "plans of mixed kernels", on_progress)


def _spots(
    schedules: Schedules,
    searches: Sequence[Search],
    runner: Runner,
    what: str,
    on_progress: Progress,
) -> _Found:
    """In the order of ``searches``, whatever the order in which they end."""
    found: _Found = {}
    on_progress(what, 0, len(searches))
    with closing(runner(search_plans, schedules, searches, lambda search: search)) as running:
        for search, spots in running:
            found[search] = spots
            on_progress(what, len(found), len(searches))
    return {search: found[search] for search in searches}


def search_plans(schedules: Schedules, search: Search) -> tuple[Search, tuple[Spot, ...]]:
    """Runs in a worker."""
    schedule = schedules[search.kernels]
    if search.budget is None:
        return search, frontier(schedule, takes_rows=search.takes_rows, walls=search.walls)
    spot = mixed(schedule, search.budget, takes_rows=search.takes_rows, walls=search.walls)
    return search, () if spot is None else (spot,)


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
    schedule: Schedule, search: Search, words: Sequence[str], spot: Spot, limit: int
) -> Point:
    kernels = [] if search.kernels == "cmsis-nn" else ["--kernels", search.kernels]
    rows = ["--stream-input"] if search.takes_rows else []
    arena = [] if spot.budget is None else ["--arena", str(spot.budget)]
    return Point(
        input="rows" if search.takes_rows else "whole",
        kernels=search.kernels,
        arena_bytes=spot.arena_bytes,
        instructions=schedule.cost + spot.cost,
        whole_instructions=schedule.cost,
        rows=spot.runs,
        fits=spot.arena_bytes <= limit,
        command=shlex.join([*words, *kernels, *rows, *arena]),
    )
