"""Where to cut, how tall strips are, where everything lies: the fastest plan within an arena.

Best first (A*): a state is how many layers are done and where the tensors lie that are still
needed; the instructions that the rest will take at least are those of the best sections that would
fit the arena one by one, wherever tensors lie. So the first complete plan is the fastest of its
family: sections of at most ``LONGEST`` layers in strips of ``STRIPS`` rows or whole, each buffer at
the lowest or highest place that is free in one of a few orders.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import count

from mcugen.memory.rows.network import Network
from mcugen.memory.rows.place import Offer, Offsets, SectionPlacer
from mcugen.memory.rows.problem import ALIGNMENT, Key
from mcugen.memory.rows.sections import WHOLE, Section
from mcugen.memory.spaces import Walls, highest, lowest

STRIPS = (1, 2, 4, 8)
LONGEST = 16

LOOKS, THOROUGH_LOOKS = 4000, 120
"""Sections that a search places before it gives up; a count gives the same answer always."""


@dataclass(frozen=True)
class Found:
    """Sections in order, the offset of every buffer, the arena's size, and the instructions more
    than whole layers take, about."""

    sections: tuple[Section, ...]
    offsets: Mapping[Key, int]
    arena_bytes: int
    cost: int


@dataclass(frozen=True)
class _Taken:
    """The section that led to a state, and what it added to the arena."""

    before: _State
    section: Section
    placed: Offsets


@dataclass(frozen=True)
class _State:
    done: int
    cost: int
    offsets: Offsets
    """Of tensors that are still needed."""
    taken: _Taken | None = None


class RowSearch:
    """All sections of a network with what they take, and plans made of them; no buffer lies across
    one of the ``walls``."""

    def __init__(self, network: Network, walls: Walls = ()) -> None:
        self._network = network
        self._walls = walls
        self._placers = {
            section: SectionPlacer(network, section, walls) for section in _sections(network)
        }

    @cached_property
    def offers(self) -> tuple[Offer, ...]:
        return tuple(placer.offer for placer in self._placers.values())

    @property
    def floor(self) -> int:
        """Bytes that no plan of the family can do without: in any way to cut, some section is alive
        with so many at once."""
        layers = len(self._network.layers)
        least = [0, *[1 << 60] * layers]
        for offer in sorted(self.offers, key=lambda one: one.section.last):
            first, end = offer.section.first, offer.section.last + 1
            least[end] = min(least[end], max(least[first], offer.bound))
        return least[layers]

    def fastest(self, arena: int) -> Found | None:
        """The fastest plan in ``arena`` bytes; None where none was found."""
        found = self._best_first(arena, LOOKS, thorough=False)
        return found or self._best_first(arena, THOROUGH_LOOKS, thorough=True)

    def _best_first(self, arena: int, looks: int, *, thorough: bool) -> Found | None:
        fitting = [offer for offer in self.offers if offer.bound <= arena]
        rest = self._rest(fitting)
        if rest[0] is None:
            return None
        by_first: dict[int, list[Offer]] = {}
        for one in fitting:
            by_first.setdefault(one.section.first, []).append(one)
        order = count()
        queue: list[tuple[int, int, int, _State, Offer | None]] = []

        def push(state: _State, offer: Offer | None) -> None:
            done = state.done if offer is None else offer.section.last + 1
            ahead = rest[done]
            if ahead is not None:
                cost = state.cost + (0 if offer is None else offer.cost) + ahead
                heapq.heappush(queue, (cost, -done, next(order), state, offer))

        for start in self._starts(arena):
            push(start, None)
        seen: set[tuple[int, frozenset[tuple[Key, int]]]] = set()
        while queue and looks > 0:
            *_, state, offer = heapq.heappop(queue)
            if offer is not None:
                looks -= 1
                for reached in self._reach(state, offer, arena, thorough=thorough):
                    push(reached, None)
            elif state.done == len(self._network.layers):
                return self._found(state)
            elif (key := (state.done, frozenset(state.offsets.items()))) not in seen:
                seen.add(key)
                for onward in by_first.get(state.done, ()):
                    push(state, onward)
        return None

    def _rest(self, offers: list[Offer]) -> list[int | None]:
        """The least instructions from each layer on; None where nothing fits."""
        layers = len(self._network.layers)
        rest: list[int | None] = [*[None] * layers, 0]
        for offer in sorted(offers, key=lambda one: -one.section.first):
            behind, here = rest[offer.section.last + 1], rest[offer.section.first]
            if behind is not None and (here is None or behind + offer.cost < here):
                rest[offer.section.first] = behind + offer.cost
        return rest

    def _starts(self, arena: int) -> list[_State]:
        """The inputs at the bottom, or at the top, or nowhere yet where they come in rows."""
        if self._network.streamed:
            return [_State(0, 0, {})]
        low: dict[Key, int] = {}
        high: dict[Key, int] = {}
        at, top = 0, arena
        for tensor in self._network.inputs:
            size = self._input_bytes(tensor)
            at = lowest(self._walls, at, size, ALIGNMENT)
            top = highest(self._walls, top - size, size, ALIGNMENT)
            low["tensor", tensor], high["tensor", tensor] = at, top
            at += size
        return [_State(0, 0, low), _State(0, 0, high)] if top >= 0 else []

    def _reach(self, state: _State, offer: Offer, arena: int, *, thorough: bool) -> list[_State]:
        done = offer.section.last + 1
        reached = []
        for placed in self._placers[offer.section].placings(
            state.offsets, arena, thorough=thorough
        ):
            kept = {
                key: at
                for key, at in {**state.offsets, **placed}.items()
                if key[0] == "tensor" and self._network.last_reads[key[1]] >= done
            }
            cost = state.cost + offer.cost
            reached.append(_State(done, cost, kept, _Taken(state, offer.section, placed)))
        return reached

    def _found(self, state: _State) -> Found:
        sections: list[Section] = []
        offsets: dict[Key, int] = {}
        at, peak = state, 0
        while (taken := at.taken) is not None:
            sections.append(taken.section)
            offsets.update(taken.placed)
            peak = max(peak, self._placers[taken.section].top(taken.placed))
            at = taken.before
        offsets.update(at.offsets)
        for key, offset in at.offsets.items():
            peak = max(peak, offset + self._input_bytes(key[1]))
        return Found(tuple(reversed(sections)), offsets, peak, state.cost)

    def _input_bytes(self, tensor: int) -> int:
        return -(-self._network.bytes_of(tensor) // ALIGNMENT) * ALIGNMENT


def _sections(network: Network) -> list[Section]:
    sections = []
    for first in range(len(network.layers)):
        if first > 0 or not network.streamed:
            sections.append(Section(first, first, WHOLE))
        for last in range(first, min(first + LONGEST, len(network.layers))):
            if not network.by_rows(last) or (last > first and not network.fuses(last)):
                break
            height = network.pictures[network.layers[last].output].rows
            strips = [strip for strip in STRIPS if strip < height] or [1]
            sections += [Section(first, last, strip) for strip in strips]
    return sections
