"""Fast kernels within an arena: where it is too small, layers make do with less of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from mcugen.kernels.call import Call
from mcugen.memory.plan import Plan, plan
from mcugen.memory.rows.plan import Arena, RowPlan, plan_within
from mcugen.memory.spaces import Walls
from mcugen.schedule import Schedule, Step

_AT_ONCE = 3
"""Layers that make way together where none of them binds: plans take a second each."""


def plan_kernels(
    schedule: Schedule, arena: Arena, *, takes_rows: bool = False, walls: Walls = ()
) -> tuple[Schedule, Plan | RowPlan]:
    """A plan within ``arena`` bytes, or the least, and the schedule that it is of; no buffer lies
    across one of the ``walls``.

    Layers that bind where there is too little room get the next call that needs less, until there
    is enough; where none of them has another one, those with the most bytes alive do.
    """
    within = partial(plan_within, takes_rows=takes_rows, walls=walls)
    ways = [_ways(step) for step in schedule.steps]
    taken = [0] * len(ways)
    placed = within(schedule, arena)
    budget = placed.arena_bytes if arena == "least" else arena
    if arena == "least" and any(len(calls) > 1 for calls in ways):
        thrifty = _with(schedule, [calls[-1] for calls in ways])
        budget = min(budget, within(thrifty, arena).arena_bytes)
    if placed.arena_bytes <= budget:
        return schedule, placed
    alive = plan(schedule, walls).live
    by_need = sorted(range(len(ways)), key=lambda layer: -alive[layer])
    made = schedule
    while placed.arena_bytes > budget:
        open_to = [layer for layer in by_need if taken[layer] + 1 < len(ways[layer])]
        over = _over(placed, budget)
        for layer in [one for one in open_to if one in over] or open_to[:_AT_ONCE]:
            taken[layer] += 1
        if not open_to:
            break
        made = _with(schedule, [calls[way] for calls, way in zip(ways, taken, strict=True)])
        placed = within(made, budget)
    return made, placed


def _ways(step: Step) -> tuple[Call, ...]:
    """The call that was chosen, and dearer ones of less scratch, down to one that runs by rows."""
    ways = [step.call]
    for call in sorted(step.candidates, key=lambda call: call.cost):
        if ways[-1].rows is not None:
            break
        if call.rows is not None or call.scratch_bytes < ways[-1].scratch_bytes:
            ways.append(call)
    return tuple(ways)


def _with(schedule: Schedule, calls: Sequence[Call]) -> Schedule:
    steps = (replace(step, call=call) for step, call in zip(schedule.steps, calls, strict=True))
    return replace(schedule, steps=tuple(steps))


def _over(placed: Plan | RowPlan, budget: int) -> set[int]:
    """Layers of the steps in which more than ``budget`` bytes are alive."""
    if isinstance(placed, Plan):
        return {layer for layer, alive in enumerate(placed.live) if alive > budget}
    return {
        layer
        for section, alive in zip(placed.sections, placed.live, strict=True)
        if alive > budget
        for layer in section.layers
    }
