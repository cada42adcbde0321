"""The fastest plans from layer by layer down to the least arena."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mcugen.memory.plan import plan
from mcugen.memory.rows.mixed import plan_kernels
from mcugen.memory.rows.network import network
from mcugen.memory.rows.plan import least, runs
from mcugen.memory.rows.problem import ALIGNMENT
from mcugen.memory.rows.search import Found, RowSearch
from mcugen.memory.rows.sections import WHOLE
from mcugen.memory.spaces import Walls
from mcugen.schedule import Schedule

STEPS = 12
"""Budgets that are tried between the least arena and that of whole layers."""

MIXED_STEPS = 6
"""The same where kernels change, too: each takes a second or two."""

_GRAIN = 64
"""Bytes within which the smallest arena of a plan's speed is looked for."""


@dataclass(frozen=True)
class Spot:
    """A plan: ``cost`` are its instructions beyond those of whole layers, about. ``runs`` are
    (first layer, last layer, rows at a time), ``budget`` is the arena to ask for; None for whole
    layers."""

    arena_bytes: int
    cost: int
    runs: tuple[tuple[int, int, int], ...]
    budget: int | None


def frontier(
    schedule: Schedule, *, takes_rows: bool = False, walls: Walls = ()
) -> tuple[Spot, ...]:
    """By rising arena and falling cost; the last one runs layer by layer.

    ``takes_rows``: the input comes in rows. No buffer lies across one of the ``walls``.
    """
    whole = plan(schedule, walls).arena_bytes
    net = network(schedule)
    if takes_rows and net.can_stream:
        net = replace(net, streamed=True)
    search = RowSearch(net, walls)
    spots = [Spot(whole, 0, (), budget=None)]
    found = least(search, whole)
    if found is not None:
        spots.append(_spot(found))
        for budget in _budgets(found.arena_bytes, whole, STEPS)[1:]:
            faster = search.fastest(budget)
            if faster is not None:
                spots.append(_spot(_smallest(search, faster, found.arena_bytes)))
    return _undominated(spots)


def mixed_budgets(schedule: Schedule, least_bytes: int, walls: Walls = ()) -> list[int]:
    """What to ask ``mixed`` for: from ``least_bytes`` to the arena of whole layers."""
    return _budgets(least_bytes, plan(schedule, walls).arena_bytes, MIXED_STEPS)


def mixed(
    schedule: Schedule, budget: int, *, takes_rows: bool = False, walls: Walls = ()
) -> Spot | None:
    """A plan within ``budget`` bytes in which other kernels take the place of some that only run
    whole layers; None where there is none."""
    made, placed = plan_kernels(schedule, budget, takes_rows=takes_rows, walls=walls)
    if placed.arena_bytes > budget:
        return None
    cost = made.cost + placed.extra_cost - schedule.cost
    found = ((one.first, one.last, one.strip) for one in runs(placed))
    return Spot(placed.arena_bytes, cost, tuple(found), budget)


def _budgets(low: int, high: int, steps: int) -> list[int]:
    """From ``low`` to below ``high``, each larger by the same share."""
    ratio = (max(low, high) / low) ** (1 / steps)
    return [int(low * ratio**step) // ALIGNMENT * ALIGNMENT for step in range(steps)]


def _smallest(search: RowSearch, found: Found, low: int) -> Found:
    """As fast in the smallest arena that is found by halves."""
    best = found
    while best.arena_bytes - low > _GRAIN:
        target = (low + best.arena_bytes) // 2 // ALIGNMENT * ALIGNMENT
        other = search.fastest(target)
        if other is not None and other.cost <= found.cost:
            best = other
        else:
            low = target
    return best


def _spot(found: Found) -> Spot:
    made = ((one.first, one.last, one.strip) for one in found.sections if one.strip != WHOLE)
    return Spot(found.arena_bytes, found.cost, tuple(made), found.arena_bytes)


def _undominated(spots: list[Spot]) -> tuple[Spot, ...]:
    kept: list[Spot] = []
    for spot in sorted(spots, key=lambda one: (one.arena_bytes, one.cost)):
        if not kept or spot.cost < kept[-1].cost:
            kept.append(spot)
    return tuple(kept)
