"""Places the buffers: greedily, then by exact searches, until the lower bound is met."""

from __future__ import annotations

from dataclasses import replace

from mcugen.memory.greedy import place_greedily
from mcugen.memory.offset_search import OffsetSearch
from mcugen.memory.pair_search import PairSearch
from mcugen.memory.problem import Problem, Solution
from mcugen.memory.terrain import Placing, Terrain, survey

LOOKS = 1_000_000
"""How often a search may look at a buffer or pair before it settles for the best found so far.

That takes a few seconds; a count, unlike a time limit, gives the same answer always.
"""


def solve(problem: Problem, looks: int = LOOKS) -> Solution:
    """Offsets with a peak as low as could be found; the same problem gives the same offsets always.

    ``looks`` bounds the search. The answer's ``method`` says what found it and, where the bound was
    not met, whether the search was complete: then the peak is proven minimal nevertheless.
    """
    terrain = survey(problem)
    best = place_greedily(terrain)
    if best.peak > terrain.bound:
        best = _search(terrain, best, looks)
    ids = (buffer.id for buffer in problem.buffers)
    offsets = tuple(zip(ids, best.offsets, strict=True))
    return Solution(offsets, best.peak, terrain.bound, best.method)


def _search(terrain: Terrain, best: Placing, looks: int) -> Placing:
    """By offset first, for that is quick where it works at all; then by pairs."""
    best, proven = OffsetSearch(terrain, best, looks // 2).run()
    if not proven:
        best, proven = _bisect(terrain, best, looks // 8)
    if best.peak == terrain.bound:
        return best
    ending = "proven minimal" if proven else "search stopped early"
    return replace(best, method=f"{best.method}, {ending}")


def _bisect(terrain: Terrain, best: Placing, looks: int) -> tuple[Placing, bool]:
    """Tries the bound, then peaks between what failed and what is known to work.

    ``looks`` bounds each try. Returns the best placing and whether no other can have a lower peak.
    """
    search = PairSearch(terrain)
    lowest, target, proven = terrain.bound, terrain.bound, True
    while lowest < best.peak:
        answer = search.fit(target, looks)
        if answer.offsets is None:
            lowest = target + terrain.grain
            proven = proven and answer.certain
        else:
            best = Placing(answer.offsets, terrain.peak(answer.offsets), "search by pairs")
        target = (lowest + best.peak) // 2 // terrain.grain * terrain.grain
    return best, proven
