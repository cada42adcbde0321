"""Checks a solution against its problem; shares no code with the solver, so it can disagree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import combinations

from mcugen.memory.problem import Buffer, Problem, Solution, lower_bound


def check(problem: Problem, solution: Solution) -> None:
    """Raises ValueError with every violation: the planner is wrong, which is a bug in mcugen."""
    found = validate(problem, solution)
    if found:
        raise ValueError("the memory plan is invalid:\n" + "\n".join(found))


def validate(problem: Problem, solution: Solution) -> tuple[str, ...]:
    """Everything that is wrong with a solution, one line each; empty if it is right.

    The offsets are judged only if there is exactly one for each buffer.
    """
    missing = tuple(_missing(problem, solution))
    if missing:
        return missing
    offsets = dict(solution.offsets)
    return (
        *_misplaced(problem, offsets),
        *_astride(problem, offsets),
        *_collisions(problem, offsets),
        *_wrong_figures(problem, solution, offsets),
    )


def _missing(problem: Problem, solution: Solution) -> Iterator[str]:
    known = {buffer.id for buffer in problem.buffers}
    given = Counter(buffer_id for buffer_id, _ in solution.offsets)
    for buffer_id in sorted(known - given.keys()):
        yield f"`{buffer_id}` has no offset"
    for buffer_id in sorted(given.keys() - known):
        yield f"`{buffer_id}` has an offset but is no buffer of the problem"
    for buffer_id, count in given.items():
        if count > 1:
            yield f"`{buffer_id}` has {count} offsets"


def _misplaced(problem: Problem, offsets: Mapping[str, int]) -> Iterator[str]:
    for buffer in problem.buffers:
        offset = offsets[buffer.id]
        if offset < 0:
            yield f"`{buffer.id}` has the negative offset {offset}"
        if offset % buffer.alignment:
            yield f"`{buffer.id}` at {offset} is not aligned to {buffer.alignment}"


def _astride(problem: Problem, offsets: Mapping[str, int]) -> Iterator[str]:
    """Each byte of a buffer must lie on the same side of every wall."""
    for buffer in problem.buffers:
        first, last = offsets[buffer.id], offsets[buffer.id] + buffer.footprint - 1
        for wall in problem.walls:
            if first <= last and (first < wall) != (last < wall):
                yield f"{_extent(buffer, offsets)} straddles the wall at {wall}"


def _collisions(problem: Problem, offsets: Mapping[str, int]) -> Iterator[str]:
    distances = {(overlap.output, overlap.input): overlap.distance for overlap in problem.overlaps}
    for one, two in combinations(problem.buffers, 2):
        steps = range(max(one.start, two.start), min(one.end, two.end))
        low = max(offsets[one.id], offsets[two.id])
        high = min(offsets[one.id] + one.footprint, offsets[two.id] + two.footprint)
        if not steps or low >= high:
            continue
        place = f"{_extent(one, offsets)} and {_extent(two, offsets)} in {_span(steps)}"
        contracts = [pair for pair in ((one.id, two.id), (two.id, one.id)) if pair in distances]
        if not contracts:
            yield f"{place} share {high - low} bytes"
        for output, source in contracts:
            apart = offsets[source] - offsets[output]
            if apart < distances[output, source]:
                yield (
                    f"{place} share {high - low} bytes: output `{output}` must start at least "
                    f"{distances[output, source]} bytes before input `{source}`, not {apart}"
                )


def _wrong_figures(
    problem: Problem, solution: Solution, offsets: Mapping[str, int]
) -> Iterator[str]:
    peak = max((offsets[buffer.id] + buffer.footprint for buffer in problem.buffers), default=0)
    if solution.peak != peak:
        yield f"the peak is {peak}, not {solution.peak}"
    bound = lower_bound(problem)
    if solution.lower_bound != bound:
        yield f"the lower bound is {bound}, not {solution.lower_bound}"
    if peak < bound:
        yield f"the peak {peak} is below the lower bound {bound}"


def _extent(buffer: Buffer, offsets: Mapping[str, int]) -> str:
    offset = offsets[buffer.id]
    return f"`{buffer.id}` [{offset}, {offset + buffer.footprint})"


def _span(steps: range) -> str:
    if len(steps) == 1:
        return f"step {steps[0]}"
    return f"steps {steps[0]} to {steps[-1]}"
