"""How near two buffers may lie to each other, from the lives of their rows."""

from __future__ import annotations

from collections.abc import Mapping

from mcugen.memory.rows.problem import Contract, Key, Life, RowBuffer, RowProblem

Interval = tuple[int, int]
"""An open interval of bytes."""

Gaps = Mapping[tuple[int, int], tuple[Interval, ...]]
"""For buffers i and j, by index: the differences offset(i) - offset(j) that are forbidden."""


def gaps(problem: RowProblem) -> Gaps:
    """Disjoint intervals, rising, for each ordered pair of buffers that are in each other's way."""
    buffers = problem.buffers
    contracts: dict[tuple[Key, Key], Contract] = {
        (one.output, one.input): one for one in problem.contracts
    }
    found: dict[tuple[int, int], tuple[Interval, ...]] = {}
    spans = [(buffer.start, buffer.end) for buffer in buffers]
    for i, one in enumerate(buffers):
        for j in range(i + 1, len(buffers)):
            two = buffers[j]
            if spans[i][0] >= spans[j][1] or spans[j][0] >= spans[i][1]:
                continue
            contract = contracts.get((one.key, two.key))
            mirrored = contracts.get((two.key, one.key))
            if mirrored is not None:
                forbidden = _mirror(_forbidden(two, one, mirrored))
            else:
                forbidden = _forbidden(one, two, contract)
            if forbidden:
                found[i, j] = forbidden
                found[j, i] = _mirror(forbidden)
    return found


def _mirror(intervals: tuple[Interval, ...]) -> tuple[Interval, ...]:
    return tuple((-high, -low) for low, high in reversed(intervals))


def _forbidden(one: RowBuffer, two: RowBuffer, contract: Contract | None) -> tuple[Interval, ...]:
    """The differences offset(one) - offset(two) at which bytes that are alive together would be
    shared; with a contract ``one`` is its output."""
    intervals = []
    for mine in one.stretches:
        for yours in two.stretches:
            if _meet(mine.lives, yours.lives, None if contract is None else contract.event):
                intervals.append((yours.low - mine.high, yours.high - mine.low))
    if contract is not None:
        intervals.append((-contract.distance, two.bytes))
    return _united(intervals)


def _meet(mine: tuple[Life, ...], yours: tuple[Life, ...], but: int | None) -> bool:
    """Whether two stretches are ever alive together, event ``but`` apart."""
    i = j = 0
    while i < len(mine) and j < len(yours):
        start = max(mine[i][0], yours[j][0])
        end = min(mine[i][1], yours[j][1])
        if start < end and (but is None or (start, end) != (but, but + 1)):
            return True
        if mine[i][1] <= yours[j][1]:
            i += 1
        else:
            j += 1
    return False


def _united(intervals: list[Interval]) -> tuple[Interval, ...]:
    united: list[Interval] = []
    for low, high in sorted(intervals):
        if united and low < united[-1][1]:
            united[-1] = (united[-1][0], max(united[-1][1], high))
        else:
            united.append((low, high))
    return tuple(united)
