"""How near two buffers may lie to each other, from the lives of their rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from mcugen.memory.rows.problem import Key, Life, RowBuffer, RowProblem

Interval = tuple[int, int]
"""An open interval of bytes."""

Gaps = Mapping[tuple[int, int], tuple[Interval, ...]]
"""For buffers i and j, by index: the differences offset(i) - offset(j) that are forbidden."""


def gaps(problem: RowProblem) -> Gaps:
    """Disjoint intervals, rising, for each ordered pair of buffers that are in each other's way."""
    buffers = problem.buffers
    contracts: dict[tuple[Key, Key], dict[int, int]] = defaultdict(dict)
    for promise in problem.contracts:
        contracts[promise.output, promise.input][promise.event] = promise.highest
    found: dict[tuple[int, int], tuple[Interval, ...]] = {}
    spans = [(buffer.start, buffer.end) for buffer in buffers]
    for i, one in enumerate(buffers):
        for j in range(i + 1, len(buffers)):
            two = buffers[j]
            if spans[i][0] >= spans[j][1] or spans[j][0] >= spans[i][1]:
                continue
            if (two.key, one.key) in contracts:
                forbidden = _mirror(_forbidden(two, one, contracts[two.key, one.key]))
            else:
                forbidden = _forbidden(one, two, contracts.get((one.key, two.key), {}))
            if forbidden:
                found[i, j] = forbidden
                found[j, i] = _mirror(forbidden)
    return found


def _mirror(intervals: tuple[Interval, ...]) -> tuple[Interval, ...]:
    return tuple((-high, -low) for low, high in reversed(intervals))


def _forbidden(one: RowBuffer, two: RowBuffer, promised: Mapping[int, int]) -> tuple[Interval, ...]:
    """The differences offset(one) - offset(two) at which bytes that are alive together would be
    shared; ``promised`` are the highest that are allowed in the events in which ``one`` is written
    on what dies of ``two``."""
    intervals = []
    for mine in one.stretches:
        for yours in two.stretches:
            low, high = yours.low - mine.high, yours.high - mine.low
            for event in _meetings(mine.lives, yours.lives):
                lowest = low if event is None else max(low, promised.get(event, low))
                if lowest < high:
                    intervals.append((lowest, high))
                if event is None:
                    break
    return _united(intervals)


def _meetings(mine: tuple[Life, ...], yours: tuple[Life, ...]) -> Iterator[int | None]:
    """When two stretches are alive together: the events in which mine is born and yours dies, and
    None at last if they are at any other time."""
    i = j = 0
    while i < len(mine) and j < len(yours):
        start, end = max(mine[i][0], yours[j][0]), min(mine[i][1], yours[j][1])
        if start < end:
            if (start, end) == (mine[i][0], yours[j][1]) and end == start + 1:
                yield start
            else:
                yield None
                return
        if mine[i][1] <= yours[j][1]:
            i += 1
        else:
            j += 1


def _united(intervals: list[Interval]) -> tuple[Interval, ...]:
    united: list[Interval] = []
    for low, high in sorted(intervals):
        if united and low < united[-1][1]:
            united[-1] = (united[-1][0], max(united[-1][1], high))
        else:
            united.append((low, high))
    return tuple(united)
