"""Branch and bound over pairs: which buffer is the lower one. Strong for chains with overlaps.

Precedence constraint posting (Smith and Cheng, 1993), with bytes for time: every buffer has a
window of offsets below a given peak. Deciding a pair narrows the windows, narrow windows decide
other pairs, and the pair with the least freedom left is decided next. So a chain's tight spot is
settled before its easy parts are touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from mcugen.memory.problem import most_shared
from mcugen.memory.terrain import Terrain, stacked

OPEN, ONE_BELOW, TWO_BELOW = range(3)


class _Couple(NamedTuple):
    """Two buffers that are alive together, and the gaps from the lower to the upper."""

    one: int
    two: int
    one_below: int
    two_below: int


@dataclass(frozen=True)
class _State:
    """The lowest and highest offset of each buffer, and what is decided about each couple."""

    low: list[int]
    high: list[int]
    decided: bytearray

    def copy(self) -> _State:
        return _State(self.low.copy(), self.high.copy(), bytearray(self.decided))


@dataclass(frozen=True)
class Answer:
    """``offsets`` is None if nothing was found; ``certain`` is False if it was cut short."""

    offsets: tuple[int, ...] | None
    certain: bool


class PairSearch:
    """Looks for a placing below one peak after another."""

    def __init__(self, terrain: Terrain) -> None:
        self.terrain = terrain
        self.couples = tuple(
            _Couple(one, two, gaps.up_to, gaps.up_from)
            for one, neighbours in enumerate(terrain.neighbours)
            for two, gaps in neighbours.items()
            if one < two
        )
        self.couples_of: list[list[int]] = [[] for _ in terrain.buffers]
        for number, couple in enumerate(self.couples):
            self.couples_of[couple.one].append(number)
            self.couples_of[couple.two].append(number)
        self.savings = [most_shared(pair for *_, pair in crowd.pairs) for crowd in terrain.crowds]
        self.looks = 0

    def fit(self, peak: int, looks: int) -> Answer:
        """Offsets with at most this peak; gives up after about ``looks`` looks."""
        self.looks = looks
        everything = list(range(len(self.terrain.buffers)))
        start = self._start(peak)
        if any(low > high for low, high in zip(start.low, start.high, strict=True)):
            return Answer(None, True)
        stack = [(start, everything)]
        while stack and self.looks > 0:
            state, changed = stack.pop()
            touched = self._narrow(state, changed)
            if touched is None or not self._has_room(state, peak, touched):
                continue
            number = self._tightest(state)
            if number is None:
                return Answer(tuple(state.low), True)
            first, second = self._by_freedom(state, number)
            couple = self.couples[number]
            for way in (second, first):
                branch = state.copy()
                branch.decided[number] = way
                stack.append((branch, [couple.one, couple.two]))
        return Answer(None, not stack)

    def _start(self, peak: int) -> _State:
        terrain = self.terrain
        low = [terrain.align(index, 0) for index in range(len(terrain.buffers))]
        high = [terrain.align_down(i, peak - size) for i, size in enumerate(terrain.footprints)]
        return _State(low, high, bytearray(len(self.couples)))

    def _narrow(self, state: _State, changed: list[int]) -> set[int] | None:
        """Draws all conclusions from what changed; None if they contradict each other.

        Returns the buffers that were looked at, all those with a narrower window among them.
        """
        waiting = dict.fromkeys(changed)
        touched = set(changed)
        while waiting:
            index, _ = waiting.popitem()
            self.looks -= len(self.couples_of[index])
            for number in self.couples_of[index]:
                moved = self._conclude(state, number)
                if moved is None:
                    return None
                waiting.update(dict.fromkeys(moved))
                touched.update(moved)
        return touched

    def _conclude(self, state: _State, number: int) -> list[int] | None:
        """Buffers whose windows one couple narrows; None if there is no room for the two."""
        one, two, one_below, two_below = self.couples[number]
        low, high = state.low, state.high
        if state.decided[number] == OPEN:
            one_can = low[one] + one_below <= high[two]
            two_can = low[two] + two_below <= high[one]
            if one_can and two_can:
                return []
            state.decided[number] = ONE_BELOW if one_can else TWO_BELOW
        if state.decided[number] == ONE_BELOW:
            return self._raise(state, one, two, one_below)
        return self._raise(state, two, one, two_below)

    def _raise(self, state: _State, lower: int, upper: int, gap: int) -> list[int] | None:
        low, high = state.low, state.high
        moved = []
        if low[upper] < low[lower] + gap:
            low[upper] = self.terrain.align(upper, low[lower] + gap)
            moved.append(upper)
        if high[lower] > high[upper] - gap:
            high[lower] = self.terrain.align_down(lower, high[upper] - gap)
            moved.append(lower)
        return None if low[upper] > high[upper] or low[lower] > high[lower] else moved

    def _has_room(self, state: _State, peak: int, touched: set[int]) -> bool:
        """Whether each step's buffers can be stacked from the bottom up and from the top down."""
        sizes = self.terrain.footprints
        for crowd, saving in zip(self.terrain.crowds, self.savings, strict=True):
            if touched.isdisjoint(crowd.members):
                continue
            self.looks -= len(crowd.members)
            up = stacked((state.low[i], sizes[i]) for i in crowd.members)
            down = stacked((peak - state.high[i] - sizes[i], sizes[i]) for i in crowd.members)
            if max(up, down) - saving > peak:
                return False
        return True

    def _tightest(self, state: _State) -> int | None:
        """The couple to decide next: in conflict if all buffers lay at their lowest offsets."""
        tightest, least = None, 0
        low, high = state.low, state.high
        self.looks -= len(self.couples) // 8  # a glance each
        for number, (one, two, one_below, two_below) in enumerate(self.couples):
            if low[one] + one_below <= low[two] or low[two] + two_below <= low[one]:
                continue
            freedom = high[two] - low[one] - one_below + high[one] - low[two] - two_below
            if tightest is None or freedom < least:
                tightest, least = number, freedom
        return tightest

    def _by_freedom(self, state: _State, number: int) -> tuple[int, int]:
        """Both ways to decide a couple, the one that leaves more room first."""
        one, two, one_below, two_below = self.couples[number]
        one_room = state.high[two] - state.low[one] - one_below
        two_room = state.high[one] - state.low[two] - two_below
        return (ONE_BELOW, TWO_BELOW) if one_room >= two_room else (TWO_BELOW, ONE_BELOW)
