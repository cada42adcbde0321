"""The problem as the searches see it: buffers by index, and the gaps they must keep.

Every rule has one form. Of two buffers that are alive together, the upper one starts at least a gap
above the lower one's offset. The gap is the lower one's footprint; only from an output up to an
input that it may overlap can it be less: the contract's distance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mcugen.memory.problem import Buffer, Pair, Problem, live_bytes, lower_bound, pairs_by_step
from mcugen.memory.spaces import Walls, highest, lowest


class Gaps(NamedTuple):
    """What two buffers must keep between their offsets, in bytes."""

    up_from: int
    """When the other one is the lower."""
    up_to: int
    """When the other one is the upper."""


@dataclass(frozen=True)
class Crowd:
    """The buffers alive in one step, and its overlaps as (output index, input index, pair)."""

    members: frozenset[int]
    pairs: tuple[tuple[int, int, Pair], ...]


@dataclass(frozen=True)
class Terrain:
    """``neighbours[i][j]`` are the gaps of buffer i to a buffer j that is alive with it.

    ``live`` are the bytes that must be alive in each step, ``bound`` is the problem's lower bound.
    """

    buffers: tuple[Buffer, ...]
    footprints: tuple[int, ...]
    neighbours: tuple[Mapping[int, Gaps], ...]
    crowds: tuple[Crowd, ...]
    live: tuple[int, ...]
    bound: int
    grain: int
    """Peaks are multiples of it, in bytes."""
    walls: Walls = ()

    def peak(self, offsets: Sequence[int]) -> int:
        tops = (at + size for at, size in zip(offsets, self.footprints, strict=True))
        return max(tops, default=0)

    def align(self, index: int, offset: int) -> int:
        """The lowest offset for buffer ``index`` that is not below ``offset``."""
        return lowest(self.walls, offset, self.footprints[index], self.buffers[index].alignment)

    def align_down(self, index: int, offset: int) -> int:
        """The highest offset for it that is not above ``offset``; negative where there is none."""
        return highest(self.walls, offset, self.footprints[index], self.buffers[index].alignment)


@dataclass(frozen=True)
class Placing:
    """Offsets by buffer index."""

    offsets: tuple[int, ...]
    peak: int
    method: str


def survey(problem: Problem) -> Terrain:
    buffers = problem.buffers
    distances = {
        (pair.output.id, pair.input.id): pair.distance
        for pairs in pairs_by_step(problem).values()
        for pair in pairs
    }

    def gap(lower: Buffer, upper: Buffer) -> int:
        return min(lower.footprint, distances.get((lower.id, upper.id), lower.footprint))

    neighbours = tuple(
        {
            index: Gaps(gap(other, buffer), gap(buffer, other))
            for index, other in enumerate(buffers)
            if _conflict(buffer, other)
        }
        for buffer in buffers
    )
    return Terrain(
        buffers=buffers,
        footprints=tuple(buffer.footprint for buffer in buffers),
        neighbours=neighbours,
        crowds=_crowds(problem),
        live=live_bytes(problem),
        bound=lower_bound(problem),
        grain=min((buffer.alignment for buffer in buffers), default=1),
        walls=problem.walls,
    )


def stacked(buffers: Iterable[tuple[int, int]]) -> int:
    """The lowest top that disjoint buffers of (lowest offset, footprint) can reach together."""
    top = 0
    for floor, size in sorted(buffers):
        top = max(top, floor) + size
    return top


def _conflict(one: Buffer, two: Buffer) -> bool:
    together = one.start < two.end and two.start < one.end
    return together and one is not two and one.size > 0 and two.size > 0


def _crowds(problem: Problem) -> tuple[Crowd, ...]:
    """The steps that can bind: not those whose buffers are all in another step without overlaps."""
    where = {buffer.id: index for index, buffer in enumerate(problem.buffers)}
    pairs = pairs_by_step(problem)
    crowds = dict.fromkeys(
        Crowd(
            frozenset(where[b.id] for b in problem.buffers if b.size and b.start <= step < b.end),
            tuple((where[p.output.id], where[p.input.id], p) for p in pairs.get(step, ())),
        )
        for step in range(problem.steps)
    )
    plain = [crowd.members for crowd in crowds if not crowd.pairs]
    return tuple(crowd for crowd in crowds if not any(crowd.members < other for other in plain))
