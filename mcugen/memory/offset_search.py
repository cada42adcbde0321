"""Branch and bound over the buffers in the order of their offsets. Strong where many are alive."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mcugen.memory.problem import most_shared
from mcugen.memory.terrain import Placing, Terrain, stacked


class OffsetSearch:
    """Looks for placings that are better than ``best``, depth first.

    In some best solution no buffer can move down: moving one does not raise the peak, and the sum
    of offsets can shrink only so often. Listed by offset, each of its buffers lies on its floor,
    the lowest offset above all conflicting buffers listed before it where no wall is in its way.
    So it suffices to try as the
    next one each waiting buffer whose floor is not below the last offset, nor so high that a
    waiting buffer would fit entirely beneath it, for that one could move down there. These are the
    active schedules of Giffler and Thompson (1960), with bytes for time. Buffers at equal offsets
    could be listed in several orders; the one by ``rank`` (size times life, falling) is enough.
    """

    def __init__(self, terrain: Terrain, best: Placing, looks: int) -> None:
        self.terrain = terrain
        self.best = best
        self.looks = looks
        self.floor = [terrain.align(index, 0) for index in range(len(terrain.buffers))]
        self.offset = [0] * len(terrain.buffers)
        self.waiting = {index for index, size in enumerate(terrain.footprints) if size}
        area = [buffer.footprint * (buffer.end - buffer.start) for buffer in terrain.buffers]
        by_area = sorted(range(len(area)), key=lambda index: -area[index])
        self.rank = {index: rank for rank, index in enumerate(by_area)}

    @property
    def limit(self) -> int:
        """The highest peak that would be progress."""
        return self.best.peak - self.terrain.grain

    def run(self) -> tuple[Placing, bool]:
        """The best placing, and whether no other can have a lower peak.

        Gives up after about ``looks`` looks at waiting buffers.
        """
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
                    break
        return self.best, not choices or self.best.peak == self.terrain.bound

    def _keep(self) -> None:
        offsets = tuple(self.offset)
        self.best = Placing(offsets, self.terrain.peak(offsets), "search by offset")

    def _put(self, index: int) -> Mapping[int, int]:
        """Places a buffer on its floor; returns the floors that this raises as they were."""
        at = self.offset[index] = self.floor[index]
        self.waiting.remove(index)
        before: dict[int, int] = {}
        for other, gaps in self.terrain.neighbours[index].items():
            if other in self.waiting and self.floor[other] < at + gaps.up_to:
                before[other] = self.floor[other]
                self.floor[other] = self.terrain.align(other, at + gaps.up_to)
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

        They would be if they were disjoint; overlaps lower the stack by what they can save at most.
        """
        for crowd in self.terrain.crowds:
            present = crowd.members & self.waiting
            self.looks -= len(present)
            top = stacked((max(self.floor[i], base), self.terrain.footprints[i]) for i in present)
            if top > self.limit:
                pairs = [p for o, i, p in crowd.pairs if o in present and i in present]
                if top - most_shared(pairs) > self.limit:
                    return False
        return True
