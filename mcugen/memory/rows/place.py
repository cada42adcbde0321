"""Places what a section adds to an arena in which the tensors before it have their places."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations, product

from mcugen.memory.rows.gaps import Interval, gaps
from mcugen.memory.rows.network import ARRIVAL, Network
from mcugen.memory.rows.problem import ALIGNMENT, Key, row_problem
from mcugen.memory.rows.sections import Event, Move, Section, expand
from mcugen.memory.spaces import Walls, highest

_PART_COST, _MOVE_COST, _BYTES_AN_INSTRUCTION = 500, 150, 1.4
"""Instructions around a call on a strip, and of a move besides its bytes; measured."""

_PERMUTED, _SHUFFLED = 4, 100
"""Buffers of a section that a thorough search places in every order, and how many random orders of
all of them it tries besides."""


@dataclass(frozen=True)
class Offer:
    """A section with what it takes: ``bound`` bytes of arena at least, ``cost`` instructions more
    than its layers in one call each."""

    section: Section
    bound: int
    cost: int


Offsets = Mapping[Key, int]


class SectionPlacer:
    """One section's buffers, none across one of the ``walls``; ``fixed`` are those whose places
    were decided before."""

    def __init__(self, network: Network, section: Section, walls: Walls = ()) -> None:
        events = expand(network, section)
        problem = row_problem(network, events, section.layers)
        self.offer = Offer(section, problem.bound, _cost(network, section, events))
        self._problem = problem
        self._walls = walls
        self._near: dict[Key, list[tuple[Key, tuple[Interval, ...]]]] | None = None
        self._sizes = {buffer.key: buffer.footprint for buffer in problem.buffers}
        self._output: Key = ("tensor", network.layers[section.last].output)
        self._added = [
            buffer.key
            for buffer in sorted(problem.buffers, key=lambda one: (-one.footprint, one.key))
            if buffer.key[0] == "scratch" or network.births[buffer.key[1]] >= section.first
        ]

    def top(self, placed: Offsets) -> int:
        """The end of what was placed."""
        return max(offset + self._sizes[key] for key, offset in placed.items())

    def placings(
        self, fixed: Offsets, arena: int, *, thorough: bool = False
    ) -> Iterator[dict[Key, int]]:
        """Offsets of the section's own buffers below ``arena`` bytes; each output offset once.

        Of each buffer the lowest and the highest free place is tried, in a few orders, or in all
        orders of the ``_PERMUTED`` largest ones.
        """
        seen: set[int] = set()
        for order in self._all_orders() if thorough else self._orders():
            for ways in self._ways(order, thorough=thorough):
                placed = self._place(order, ways, fixed, arena)
                if placed is not None and placed[self._output] not in seen:
                    seen.add(placed[self._output])
                    yield placed

    def _ways(self, order: Sequence[Key], *, thorough: bool) -> Iterator[dict[Key, bool]]:
        """Which buffers go to the lowest place: the output and all others each on their own, or
        any of the first ones."""
        if not thorough:
            for low, rest_low in product((True, False), repeat=2):
                yield {key: (low if key == self._output else rest_low) for key in order}
            return
        free = order[: _PERMUTED + 1]
        for lows in product((True, False), repeat=len(free)):
            yield {**dict.fromkeys(order, True), **dict(zip(free, lows, strict=True))}

    def _all_orders(self) -> Iterator[Sequence[Key]]:
        largest, rest = self._added[:_PERMUTED], self._added[_PERMUTED:]
        for order in permutations(largest):
            yield (*order, *rest)
            if rest:
                yield (*rest, *order)
        if rest:
            chance = random.Random(0)
            for _ in range(_SHUFFLED):
                yield tuple(chance.sample(self._added, len(self._added)))

    def _orders(self) -> Iterable[Sequence[Key]]:
        others = [key for key in self._added if key != self._output]
        orders = [
            [self._output, *others],
            [*others, self._output],
            [*reversed(others), self._output],
            sorted(self._added, key=lambda key: (key[0], key[1])),
        ]
        return dict.fromkeys(map(tuple, orders))

    def _place(
        self, order: Sequence[Key], low: Mapping[Key, bool], fixed: Offsets, arena: int
    ) -> dict[Key, int] | None:
        placed: dict[Key, int] = {}
        for key in order:
            size = self._sizes[key]
            taken = sorted(
                (
                    *(
                        (offset + begin, offset + end)
                        for other, intervals in self._neighbours(key)
                        if (offset := placed.get(other, fixed.get(other, -1))) >= 0
                        for begin, end in intervals
                    ),
                    *((wall - size, wall) for wall in self._walls),
                )
            )
            last = highest(self._walls, arena - size, size, ALIGNMENT)
            at = _lowest(taken) if low[key] else _highest(taken, last)
            if not 0 <= at <= last:
                return None
            placed[key] = at
        return placed

    def _neighbours(self, key: Key) -> list[tuple[Key, tuple[Interval, ...]]]:
        if self._near is None:
            keys = [buffer.key for buffer in self._problem.buffers]
            self._near = {one: [] for one in keys}
            for (one, two), forbidden in gaps(self._problem).items():
                self._near[keys[one]].append((keys[two], forbidden))
        return self._near[key]


def _lowest(taken: Sequence[Interval]) -> int:
    """The lowest offset, from 0 up, that lies in none of the sorted open intervals."""
    at = 0
    for begin, end in taken:
        if begin < at < end:
            at = -(-end // ALIGNMENT) * ALIGNMENT
    return at


def _highest(taken: Sequence[Interval], highest: int) -> int:
    """The highest offset, from ``highest`` down; negative where there is none."""
    at = highest
    for begin, end in sorted(taken, key=lambda one: -one[1]):
        if begin < at < end:
            at = begin // ALIGNMENT * ALIGNMENT
    return at


def _cost(network: Network, section: Section, events: Sequence[Event]) -> int:
    """Instructions that strips take more than whole layers, about."""
    if len(events) == 1:
        return 0
    cost = 0
    for event in events:
        if isinstance(event, Move):
            row_bytes = network.pictures[event.tensor].row_bytes
            cost += _MOVE_COST + int(event.count * row_bytes / _BYTES_AN_INSTRUCTION)
        else:
            contract = None if event.layer == ARRIVAL else network.layers[event.layer].contract
            cost += _PART_COST + (0 if contract is None else contract.call_cost)
    for layer in section.layers:
        contract = network.layers[layer].contract
        assert contract is not None
        cost -= contract.call_cost
    return cost
