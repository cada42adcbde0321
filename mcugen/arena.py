"""The arena as C sees it: one array, or one for each memory that it lies in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mcugen.memory.plan import ALIGNMENT, Plan
from mcugen.memory.problem import Buffer
from mcugen.memory.rows.plan import RowPlan
from mcugen.memory.spaces import Space, space_at, walls
from mcugen.schedule import Schedule

_GRAIN = 32
"""No array begins at more than a multiple of it: a line of the largest data cache."""


@dataclass(frozen=True)
class ArenaPart:
    """A C array: ``bytes`` of the plan from its ``offset`` on. ``space`` is the memory's name, ""
    where the arena has one array."""

    symbol: str
    space: str
    offset: int
    bytes: int


@dataclass(frozen=True)
class ArenaRoom:
    """The C arrays that the arena is. They are as large as the largest arena of the libraries that
    share them, of which ``owner`` defines them."""

    owner: str
    parts: tuple[ArenaPart, ...]
    shared: bool = False

    @property
    def bytes(self) -> int:
        return sum(part.bytes for part in self.parts)

    def part_at(self, offset: int) -> ArenaPart:
        """The array that holds the plan's byte at ``offset``."""
        return max(
            (part for part in self.parts if part.offset <= offset), key=lambda part: part.offset
        )

    def pointer(self, offset: int, further: str = "") -> str:
        """A C expression for the address of the plan's byte at ``offset``, or of one ``further``
        in the same buffer."""
        part = self.part_at(offset)
        return f"&{part.symbol}[{offset - part.offset}{further}]"

    def at(self, offset: str) -> str:
        """The same of an offset that only the program knows."""
        if len(self.parts) > 1:
            return f"arena_at({offset})"
        return f"&{self.parts[0].symbol}[{offset}]"


def arena_room(
    owner: str, schedule: Schedule, plan: Plan | RowPlan, spaces: Sequence[Space]
) -> ArenaRoom:
    """One array where no space has a name; otherwise one for each space that the plan uses, as
    large as it uses it."""
    if not any(space.name for space in spaces):
        return ArenaRoom(owner, (ArenaPart(f"{owner}_arena", "", 0, plan.arena_bytes),))
    starts = (0, *walls(spaces))
    tops = list(starts)
    for buffer in _placed(schedule, plan):
        offset = plan.offset(buffer)
        number = space_at(starts[1:], offset)
        tops[number] = max(tops[number], offset + -(-buffer.size // ALIGNMENT) * ALIGNMENT)
    parts = (
        ArenaPart(f"{owner}_arena_{space.name}", space.name, start, top - start)
        for space, start, top in zip(spaces, starts, tops, strict=True)
    )
    return ArenaRoom(owner, tuple(part for part in parts if part.bytes))


def shared_room(rooms: Sequence[ArenaRoom]) -> ArenaRoom:
    """One room for libraries that do not run at once; the first one has it."""
    owner = rooms[0].owner
    largest: dict[int, ArenaPart] = {}
    for room in rooms:
        for part in room.parts:
            known = largest.get(part.offset)
            if known is None or known.bytes < part.bytes:
                symbol = f"{owner}{part.symbol.removeprefix(room.owner)}"
                largest[part.offset] = replace(part, symbol=symbol)
    return ArenaRoom(owner, tuple(largest[offset] for offset in sorted(largest)), shared=True)


def spaces_left(spaces: Sequence[Space], rooms: Sequence[ArenaRoom]) -> tuple[Space, ...]:
    """What the arenas of other libraries leave of each space, where these lie apart."""
    left = []
    for space in spaces:
        own = [
            -(-part.bytes // _GRAIN) * _GRAIN
            for room in rooms
            for part in room.parts
            if part.space == space.name
        ]
        if space.bytes > sum(own):
            left.append(replace(space, bytes=space.bytes - sum(own)))
    return tuple(left)


def _placed(schedule: Schedule, plan: Plan | RowPlan) -> Iterator[Buffer]:
    """All that the plan places."""
    for tensor_id in (*schedule.inputs, *(step.output for step in schedule.steps)):
        yield plan.tensor(tensor_id)
    for step in schedule.steps:
        scratch = plan.scratch(step)
        if scratch is not None:
            yield scratch
