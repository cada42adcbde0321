"""The fastest plans from layer by layer down to the least arena."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mcugen.memory.plan import plan
from mcugen.memory.rows.network import network
from mcugen.memory.rows.plan import least
from mcugen.memory.rows.problem import ALIGNMENT
from mcugen.memory.rows.search import Found, RowSearch
from mcugen.memory.rows.sections import WHOLE
from mcugen.schedule import Schedule

STEPS = 12
"""Budgets that are tried between the least arena and that of whole layers."""

_GRAIN = 64
"""Bytes within which the smallest arena of a plan's speed is looked for."""


@dataclass(frozen=True)
class Spot:
    """A plan: ``cost`` are its instructions beyond those of whole layers, about."""

    arena_bytes: int
    cost: int
    runs: tuple[tuple[int, int, int], ...]
    """(first layer, last layer, rows at a time)."""
    is_whole: bool = False


def frontier(schedule: Schedule, *, takes_rows: bool = False) -> tuple[Spot, ...]:
    """By rising arena and falling cost; the last one runs layer by layer.

    ``takes_rows``: the input comes in rows.
    """
    whole = plan(schedule).arena_bytes
    net = network(schedule)
    if takes_rows and net.can_stream:
        net = replace(net, streamed=True)
    search = RowSearch(net)
    spots = [Spot(whole, 0, (), is_whole=True)]
    found = least(search, whole)
    if found is not None:
        spots.append(_spot(found))
        ratio = (whole / found.arena_bytes) ** (1 / STEPS)
        for step in range(1, STEPS):
            budget = int(found.arena_bytes * ratio**step) // ALIGNMENT * ALIGNMENT
            faster = search.fastest(budget)
            if faster is not None:
                spots.append(_spot(_smallest(search, faster, found.arena_bytes)))
    return _undominated(spots)


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
    runs = tuple((one.first, one.last, one.strip) for one in found.sections if one.strip != WHOLE)
    return Spot(found.arena_bytes, found.cost, runs)


def _undominated(spots: list[Spot]) -> tuple[Spot, ...]:
    kept: list[Spot] = []
    for spot in sorted(spots, key=lambda one: (one.arena_bytes, one.cost)):
        if not kept or spot.cost < kept[-1].cost:
            kept.append(spot)
    return tuple(kept)
