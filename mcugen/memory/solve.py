"""Places buffers: greedy orders first, then an exact search, until the lower bound is met.

Every rule of the problem has one form. Of two buffers that are alive together, the upper one starts
at least a gap above the lower one's offset. The gap is the lower one's footprint; only from an
output up to an input that it may overlap can it be less: the contract's distance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from mcugen.memory.problem import (
    Buffer,
    Pair,
    Problem,
    Solution,
    live_bytes,
    most_shared,
    pairs_by_step,
)

LOOKS = 1_500_000
"""How many waiting buffers the search may look at before it settles for the best found so far.

That takes a second or two; a count, unlike a time limit, gives the same answer always.
"""


def solve(problem: Problem, looks: int = LOOKS) -> Solution:
    """Offsets with a peak as low as could be found; the same problem gives the same offsets always.

    ``looks`` bounds the search. The answer's ``method`` says what found it and, where the bound was
    not met, whether the search was complete: then the peak is proven minimal nevertheless.
    """
    terrain = _survey(problem)
    best = _greedy(terrain)
    if best.peak > terrain.bound:
        best = _Search(terrain, best, _crowds(problem), looks).run()
    ids = (buffer.id for buffer in problem.buffers)
    offsets = tuple(zip(ids, best.offsets, strict=True))
    return Solution(offsets, best.peak, terrain.bound, best.method)


class _Gaps(NamedTuple):
    """What two buffers must keep between their offsets, in bytes."""

    up_from: int
    """When the other one is the lower."""
    up_to: int
    """When the other one is the upper."""


@dataclass(frozen=True)
class _Terrain:
    """The problem by buffer index: ``neighbours[i][j]`` are the gaps of i to a j alive with it."""

    buffers: tuple[Buffer, ...]
    footprints: tuple[int, ...]
    neighbours: tuple[Mapping[int, _Gaps], ...]
    live: tuple[int, ...]
    bound: int


@dataclass(frozen=True)
class _Placing:
    """Offsets by buffer index."""

    offsets: tuple[int, ...]
    peak: int
    method: str


def _survey(problem: Problem) -> _Terrain:
    distances = {
        (pair.output.id, pair.input.id): pair.distance
        for pairs in pairs_by_step(problem).values()
        for pair in pairs
    }

    def gap(lower: Buffer, upper: Buffer) -> int:
        return min(lower.footprint, distances.get((lower.id, upper.id), lower.footprint))

    def together(a: Buffer, b: Buffer) -> bool:
        return a is not b and a.start < b.end and b.start < a.end and a.size > 0 and b.size > 0

    neighbours = tuple(
        {
            index: _Gaps(gap(other, buffer), gap(buffer, other))
            for index, other in enumerate(problem.buffers)
            if together(buffer, other)
        }
        for buffer in problem.buffers
    )
    footprints = tuple(buffer.footprint for buffer in problem.buffers)
    live = live_bytes(problem)
    return _Terrain(problem.buffers, footprints, neighbours, live, max(live, default=0))


def _greedy(terrain: _Terrain) -> _Placing:
    """The best of some orders, or the first that meets the bound."""
    best: _Placing | None = None
    for name, order in _orders(terrain):
        offsets = _place(terrain, order)
        peak = _peak(terrain, offsets)
        if best is None or peak < best.peak:
            best = _Placing(offsets, peak, f"greedy, {name}")
        if best.peak == terrain.bound:
            break
    assert best is not None
    return best


def _orders(terrain: _Terrain) -> Iterator[tuple[str, Sequence[int]]]:
    """Buffer indices in orders that do well; ties mostly go to the later one, so outputs lead."""
    size = terrain.footprints
    end = [buffer.end for buffer in terrain.buffers]
    life = [buffer.end - buffer.start for buffer in terrain.buffers]
    crowd = [max(terrain.live[buffer.start : buffer.end]) for buffer in terrain.buffers]
    area = [size[i] * life[i] for i in range(len(size))]
    all_ = range(len(size))
    yield "largest first", sorted(all_, key=lambda i: (-size[i], -end[i]))
    yield "last first", sorted(all_, key=lambda i: (-end[i], -size[i]))
    yield "first first", sorted(all_, key=lambda i: (end[i] - life[i], -size[i]))
    yield "largest size times life first", sorted(all_, key=lambda i: (-area[i], -end[i]))
    yield "longest life first", sorted(all_, key=lambda i: (-life[i], -size[i], -end[i]))
    yield "busiest step first", sorted(all_, key=lambda i: (-crowd[i], -size[i], -end[i]))


def _place(terrain: _Terrain, order: Sequence[int]) -> tuple[int, ...]:
    """Each buffer in its turn at the lowest offset that is free."""
    offsets: dict[int, int] = {}
    for index in order:
        offsets[index] = _lowest_free(terrain, index, offsets)
    return tuple(offsets[index] for index in range(len(order)))


def _lowest_free(terrain: _Terrain, index: int, offsets: Mapping[int, int]) -> int:
    """The lowest aligned offset outside all the open intervals that placed neighbours forbid."""
    forbidden = sorted(
        (offsets[other] - gaps.up_to, offsets[other] + gaps.up_from)
        for other, gaps in terrain.neighbours[index].items()
        if other in offsets
    )
    at = 0
    for low, high in forbidden:
        if low < at < high:
            at = _align(high, terrain.buffers[index].alignment)
    return at


@dataclass(frozen=True)
class _Crowd:
    """The buffers alive in one step, and its overlaps as (output index, input index, pair)."""

    members: frozenset[int]
    pairs: tuple[tuple[int, int, Pair], ...]


def _crowds(problem: Problem) -> tuple[_Crowd, ...]:
    """The steps that can bind: not those whose buffers are all in another step without overlaps."""
    where = {buffer.id: index for index, buffer in enumerate(problem.buffers)}
    pairs = pairs_by_step(problem)
    crowds = dict.fromkeys(
        _Crowd(
            frozenset(where[b.id] for b in problem.buffers if b.size and b.start <= step < b.end),
            tuple((where[p.output.id], where[p.input.id], p) for p in pairs.get(step, ())),
        )
        for step in range(problem.steps)
    )
    plain = [crowd.members for crowd in crowds if not crowd.pairs]
    return tuple(crowd for crowd in crowds if not any(crowd.members < other for other in plain))


class _Search:
    """Branch and bound, depth first, over the buffers in the order of their offsets.

    In some best solution no buffer can move down: moving one does not raise the peak, and the sum
    of offsets can shrink only so often. Listed by offset, each of its buffers lies on its floor,
    the lowest offset above all conflicting buffers listed before it. So it suffices to try as the
    next one each waiting buffer whose floor is not below the last offset, nor so high that a
    waiting buffer would fit entirely beneath it, for that one could move down there. These are the
    active schedules of Giffler and Thompson (1960), with bytes for time. Buffers at equal offsets
    could be listed in several orders; the one by ``rank`` (size times life, falling) is enough.
    """

    def __init__(
        self, terrain: _Terrain, best: _Placing, crowds: tuple[_Crowd, ...], looks: int
    ) -> None:
        self.terrain = terrain
        self.best = best
        self.crowds = crowds
        self.looks = looks
        self.grain = min(buffer.alignment for buffer in terrain.buffers)
        self.floor = [0] * len(terrain.buffers)
        self.offset = [0] * len(terrain.buffers)
        area = [buffer.footprint * (buffer.end - buffer.start) for buffer in terrain.buffers]
        by_area = sorted(range(len(area)), key=lambda index: -area[index])
        self.rank = {index: rank for rank, index in enumerate(by_area)}
        self.waiting = {index for index, size in enumerate(terrain.footprints) if size}

    @property
    def limit(self) -> int:
        """The highest peak that would be progress."""
        return self.best.peak - self.grain

    def run(self) -> _Placing:
        choices = [self._choices(None)]
        placed: list[tuple[int, Mapping[int, int]]] = []
        while choices and self.looks > 0:
            index = next(choices[-1], None)
            if index is None:
                choices.pop()
                if placed:
                    self._take_back(*placed.pop())
            elif self.floor[index] + self.terrain.footprints[index] <= self.limit:
                placed.append((index, self._put(index)))
                choices.append(self._choices(index))
                if not self.waiting:
                    self._keep()
                if self.best.peak == self.terrain.bound:
                    return self.best
        ending = "search stopped early" if choices else "proven minimal"
        return replace(self.best, method=f"{self.best.method}, {ending}")

    def _keep(self) -> None:
        offsets = tuple(self.offset)
        self.best = _Placing(offsets, _peak(self.terrain, offsets), "branch and bound")

    def _put(self, index: int) -> Mapping[int, int]:
        """Places a buffer on its floor; returns the floors that this raises as they were."""
        at = self.offset[index] = self.floor[index]
        self.waiting.remove(index)
        before: dict[int, int] = {}
        for other, gaps in self.terrain.neighbours[index].items():
            if other in self.waiting and self.floor[other] < at + gaps.up_to:
                before[other] = self.floor[other]
                self.floor[other] = _align(at + gaps.up_to, self.terrain.buffers[other].alignment)
        return before

    def _take_back(self, index: int, before: Mapping[int, int]) -> None:
        self.waiting.add(index)
        for other, floor in before.items():
            self.floor[other] = floor

    def _choices(self, last: int | None) -> Iterator[int]:
        """The buffers to try after ``last``, the most promising first; none if it is of no use."""
        self.looks -= len(self.waiting)
        base = 0 if last is None else self.offset[last]
        tops = [self.floor[i] + self.terrain.footprints[i] for i in self.waiting]
        ceiling = min(tops, default=0)
        if ceiling <= base or not self._has_room(base):
            return iter(())
        chosen = [i for i in self.waiting if base <= self.floor[i] < ceiling]
        if last is not None:
            chosen = [i for i in chosen if not self._listed_otherwise(last, i)]
        return iter(sorted(chosen, key=lambda i: (self.floor[i], self.rank[i])))

    def _listed_otherwise(self, last: int, index: int) -> bool:
        """The two would lie at the same offset, and the other order of them is tried as well."""
        same = self.floor[index] == self.offset[last] and index not in self.terrain.neighbours[last]
        return same and self.rank[index] < self.rank[last]

    def _has_room(self, base: int) -> bool:
        """Whether in every step the waiting buffers might be stacked below the limit.

        Stacked in the order of their floors they reach the lowest top, were they disjoint; overlaps
        lower it by no more than what they can save.
        """
        for crowd in self.crowds:
            present = crowd.members & self.waiting
            self.looks -= len(present)
            top = 0
            for floor, index in sorted((self.floor[i], i) for i in present):
                top = max(top, floor, base) + self.terrain.footprints[index]
            if top > self.limit:
                pairs = [p for o, i, p in crowd.pairs if o in self.waiting and i in self.waiting]
                if top - most_shared(pairs) > self.limit:
                    return False
        return True


def _peak(terrain: _Terrain, offsets: Sequence[int]) -> int:
    return max((at + size for at, size in zip(offsets, terrain.footprints, strict=True)), default=0)


def _align(offset: int, alignment: int) -> int:
    return -(-offset // alignment) * alignment
