"""Buffers whose rows live and die one by one, and how near to each other two of them may lie.

Events are points in time; offsets are bytes from the arena's start.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from mcugen.memory.rows.network import ARRIVAL, Network
from mcugen.memory.rows.sections import Event, Move, Part, Rows

ALIGNMENT = 4
"""Of a buffer, in bytes."""

Life = tuple[int, int]
"""A half-open interval of events."""

Key = tuple[str, int]
"""("tensor", id) or ("scratch", layer)."""


@dataclass(frozen=True)
class Stretch:
    """Bytes [``low``, ``high``) of a buffer that are alive in the same intervals of events."""

    low: int
    high: int
    lives: tuple[Life, ...]


@dataclass(frozen=True)
class RowBuffer:
    """What has one offset: a tensor, a line buffer, or the scratch of a layer."""

    key: Key
    bytes: int
    stretches: tuple[Stretch, ...]

    @property
    def footprint(self) -> int:
        return -(-self.bytes // ALIGNMENT) * ALIGNMENT

    @property
    def start(self) -> int:
        return min(life[0] for stretch in self.stretches for life in stretch.lives)

    @property
    def end(self) -> int:
        return max(life[1] for stretch in self.stretches for life in stretch.lives)


@dataclass(frozen=True)
class Contract:
    """A kernel's promise for the call in ``event``: it may write on rows of the input that die in
    it, if the output's buffer starts at most ``highest`` bytes above the input's. No more than
    ``shared`` bytes can be both."""

    output: Key
    input: Key
    event: int
    highest: int
    shared: int


@dataclass(frozen=True)
class RowProblem:
    """``live`` are the bytes that are alive in each event, contracts used as far as they go."""

    buffers: tuple[RowBuffer, ...]
    contracts: tuple[Contract, ...]
    live: tuple[int, ...]

    @property
    def bound(self) -> int:
        """Bytes that no placing of these buffers can do without."""
        return max(self.live, default=0)


@dataclass
class _Slots:
    """The rows of a buffer as its slots see them."""

    row_bytes: int
    open: dict[int, list[int]] = field(default_factory=dict)
    closed: dict[int, list[Life]] = field(default_factory=dict)

    def write(self, slots: range, event: int) -> None:
        for slot in slots:
            self._close(slot)
            self.open[slot] = [event, event + 1]

    def read(self, slots: range, event: int) -> None:
        for slot in slots:
            self.open[slot][1] = event + 1

    def stretches(self) -> tuple[Stretch, ...]:
        """Neighbouring rows with the same lives made one."""
        for slot in tuple(self.open):
            self._close(slot)
        rows = [(slot, tuple(lives)) for slot, lives in sorted(self.closed.items())]
        ends = [
            0,
            *(
                place
                for place, (one, two) in enumerate(pairwise(rows), 1)
                if one[1] != two[1] or one[0] + 1 != two[0]
            ),
            len(rows),
        ]
        size = self.row_bytes
        return tuple(
            Stretch(rows[begin][0] * size, (rows[end - 1][0] + 1) * size, rows[begin][1])
            for begin, end in pairwise(ends)
        )

    def _close(self, slot: int) -> None:
        if slot in self.open:
            start, end = self.open.pop(slot)
            lives = self.closed.setdefault(slot, [])
            if lives and lives[-1][1] == start:
                start = lives.pop()[0]
            lives.append((start, end))


def row_problem(network: Network, events: Sequence[Event], layers: range) -> RowProblem:
    """The buffers of ``events``, which run ``layers``: what was made before them is alive from the
    first event, what is read after them beyond the last.

    ``layers`` is all of them for the whole problem, and those of a section for its bound.
    """
    slots = {tensor: _Slots(picture.row_bytes) for tensor, picture in network.pictures.items()}
    used = [
        tensor
        for tensor in network.pictures
        if network.births[tensor] < layers.stop and network.last_reads[tensor] >= layers.start
    ]
    for tensor in used:
        if network.births[tensor] < layers.start:
            slots[tensor].write(range(network.pictures[tensor].rows), 0)
    scratch: dict[int, list[Life]] = {}
    for at, event in enumerate(events):
        _happen(slots, event, at)
        if isinstance(event, Part) and _scratch_bytes(network, event.layer):
            scratch.setdefault(event.layer, []).append((at, at + 1))
    for tensor in used:
        if network.last_reads[tensor] >= layers.stop:
            slots[tensor].read(range(network.pictures[tensor].rows), len(events))
    buffers = tuple(_buffers(network, {tensor: slots[tensor] for tensor in used}, scratch))
    contracts = tuple(_contracts(network, events))
    return RowProblem(buffers, contracts, _live(buffers, contracts, len(events)))


def _scratch_bytes(network: Network, layer: int) -> int:
    return 0 if layer == ARRIVAL else network.layers[layer].scratch_bytes


def _happen(slots: Mapping[int, _Slots], event: Event, at: int) -> None:
    if isinstance(event, Move):
        line = slots[event.tensor]
        line.read(range(event.slot, event.slot + event.count), at)
        line.write(range(event.count), at)
        return
    for rows in event.inputs:
        slots[rows.tensor].read(_slots_of(rows), at)
    slots[event.output.tensor].write(_slots_of(event.output), at)


def _slots_of(rows: Rows) -> range:
    return range(rows.slot, rows.slot + rows.count)


def _buffers(
    network: Network, slots: Mapping[int, _Slots], scratch: Mapping[int, list[Life]]
) -> Iterator[RowBuffer]:
    for tensor, one in slots.items():
        stretches = one.stretches()
        yield RowBuffer(("tensor", tensor), max(s.high for s in stretches), stretches)
    for layer, lives in sorted(scratch.items()):
        size = network.layers[layer].scratch_bytes
        joined = _joined(lives)
        yield RowBuffer(("scratch", layer), size, (Stretch(0, size, joined),))


def _joined(lives: Sequence[Life]) -> tuple[Life, ...]:
    joined: list[Life] = []
    for start, end in lives:
        if joined and joined[-1][1] == start:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return tuple(joined)


def _contracts(network: Network, events: Sequence[Event]) -> Iterator[Contract]:
    for at, event in enumerate(events):
        if isinstance(event, Move):
            continue
        written = event.output
        row_bytes = network.pictures[written.tensor].row_bytes
        for rows in event.inputs:
            distance = network.distance(event.layer, rows.tensor, written.first, written.count)
            if distance is not None:
                size = network.pictures[rows.tensor].row_bytes
                yield Contract(
                    output=("tensor", written.tensor),
                    input=("tensor", rows.tensor),
                    event=at,
                    highest=rows.slot * size - written.slot * row_bytes - distance,
                    shared=min(rows.count * size, written.count * row_bytes - max(0, distance)),
                )


def _live(
    buffers: Sequence[RowBuffer], contracts: Sequence[Contract], events: int
) -> tuple[int, ...]:
    """An upper bound of what contracts save counts as saved."""
    change = [0] * (events + 2)
    dying: dict[tuple[Key, int], int] = defaultdict(int)
    for buffer in buffers:
        for stretch in buffer.stretches:
            for start, end in stretch.lives:
                change[start] += stretch.high - stretch.low
                change[end] -= stretch.high - stretch.low
                dying[buffer.key, end - 1] += stretch.high - stretch.low
    live, total = [], 0
    for step in change[:events]:
        total += step
        live.append(total)
    for contract in contracts:
        live[contract.event] -= max(0, min(contract.shared, dying[contract.input, contract.event]))
    return tuple(live)
