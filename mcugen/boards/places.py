"""Where arena and weights go: memories that a user names, and what they have room for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from mcugen.boards.board import Board, ExternalFlash, Region
from mcugen.errors import BoardError, UsageError

ARENA, WEIGHTS = "arena", "weights"

NamedT = TypeVar("NamedT", Region, ExternalFlash)

_GRAIN = 32
"""What the arena's parts begin at a multiple of, and are: a line of the largest data cache."""


@dataclass(frozen=True)
class ArenaPlace:
    """``bytes`` for the arena from ``start`` on, in one memory or in several adjacent ones.

    ``behind_stack``: they begin behind mailbox and stack, in the memory that these begin.
    ``in_ram``: the application's RAM holds them.
    """

    name: str
    start: int
    bytes: int
    behind_stack: bool
    in_ram: bool

    @property
    def end(self) -> int:
        return self.start + self.bytes

    @property
    def symbol(self) -> str:
        """As a part of C names, and of sections."""
        return "".join(letter if letter.isalnum() else "_" for letter in self.name.lower())


@dataclass(frozen=True)
class Places:
    """``arena`` is empty where the arena lies with the firmware's variables, ``weights`` None where
    the weights lie with the code."""

    arena: tuple[ArenaPlace, ...] = ()
    weights: ExternalFlash | None = None

    def arena_limit(self, board: Board) -> int:
        """The largest arena, in bytes."""
        return sum(one.bytes for one in self.arena) if self.arena else board.arena_limit

    def weights_limit(self, board: Board) -> int:
        """How many bytes of weights there may be, if nothing else took room."""
        return (board.application_flash if self.weights is None else self.weights.region).size


NOWHERE_ELSE = Places()
"""Where all is as it is without being named."""


def find_places(board: Board, named: Mapping[str, Sequence[str]]) -> Places:
    """The places of ``named`` things, "arena" and "weights", by the memories' names in any case.

    Raises UsageError U006 for what has no place, and for a memory that is named twice; BoardError
    B004 for names that the board has no memory of, B003 for a memory that has no room.
    """
    for thing in named:
        if thing not in (ARENA, WEIGHTS):
            raise UsageError(
                "U006",
                f"`{thing}` cannot be placed",
                hint="`--place arena=MEMORY[,MEMORY]` or `--place weights=MEMORY`",
            )
    arena, weights = named.get(ARENA, ()), named.get(WEIGHTS, ())
    if len(weights) > 1:
        raise UsageError(
            "U006", "the weights go into one memory", hint=f"`--place weights={weights[0]}`"
        )
    return Places(
        arena=_arena_places(board, [_memory(board, name) for name in arena]),
        weights=_external(board, weights[0]) if weights else None,
    )


def _memory(board: Board, name: str) -> Region:
    return _named(name, board.memory, f"{board.name} has no memory `{name}` for the arena")


def _external(board: Board, name: str) -> ExternalFlash:
    what = f"{board.name} has no flash `{name}` outside the chip"
    return _named(name, board.externals, what)


def _named(name: str, known: Sequence[NamedT], what: str) -> NamedT:
    for one in known:
        if one.name.lower() == name.lower():
            return one
    names = ", ".join(f"{one.name} ({one.size // 1024:,} KB)" for one in known)
    raise BoardError("B004", what, hint=f"it has {names}" if names else "leave `--place` out")


def _arena_places(board: Board, memories: Sequence[Region]) -> tuple[ArenaPlace, ...]:
    for number, memory in enumerate(memories):
        if memory in memories[:number]:
            raise UsageError("U006", f"`{memory.name}` is named twice", hint="name it once")
    return tuple(_place(board, joined, memories) for joined in _joined(memories))


def _joined(memories: Sequence[Region]) -> Iterator[Region]:
    """Adjacent memories in the order of their addresses are one: no wall stands between them."""
    at = 0
    while at < len(memories):
        end = at + 1
        while end < len(memories) and memories[end - 1].end == memories[end].base:
            end += 1
        run = memories[at:end]
        yield Region("+".join(one.name for one in run), run[0].base, run[-1].end - run[0].base)
        at = end


def _place(board: Board, memory: Region, all_named: Sequence[Region]) -> ArenaPlace:
    ram = board.ram
    in_ram, behind_stack = memory.base in ram, ram.base in memory
    start, end = memory.base, memory.end
    if behind_stack:
        start += board.stack_top_bytes
        if not _is_free(board, end, all_named):
            end -= board.variables_bytes
    elif in_ram and not any(ram.base in one for one in all_named):
        start = max(start, ram.base + board.stack_top_bytes + board.variables_bytes)
    elif start == 0:
        start = _GRAIN  # no object of C lies at address 0
    start = -(-start // _GRAIN) * _GRAIN
    size = (end - start) // _GRAIN * _GRAIN
    if size <= 0:
        raise BoardError("B003", f"{memory.name} of {board.name} has no room for an arena")
    return ArenaPlace(memory.name, start, size, behind_stack, in_ram)


def _is_free(board: Board, address: int, named: Sequence[Region]) -> bool:
    """Whether RAM goes on there and can take the firmware's variables."""
    return address in board.ram and not any(address in memory for memory in named)
