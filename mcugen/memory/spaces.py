"""The arena in several memories: spaces, one behind another in one range of offsets.

Where one ends and the next begins is a wall: no buffer may lie on both sides of it, for the two
memories need not be adjacent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

Walls = tuple[int, ...]
"""Offsets at which one space ends and the next begins, rising."""


@dataclass(frozen=True)
class Space:
    """``bytes`` of one memory that the arena may have; ``name`` tells it from others, "" where it
    is the only one. Raises ValueError where it has none."""

    name: str
    bytes: int

    def __post_init__(self) -> None:
        if self.bytes <= 0:
            raise ValueError(f"space `{self.name}` has {self.bytes} bytes")


def walls(spaces: Sequence[Space]) -> Walls:
    """The walls between spaces: none where there is one space, or where none was named."""
    return tuple(accumulate(space.bytes for space in spaces[:-1]))


def space_at(walls: Walls, offset: int) -> int:
    """The number of the space in which the byte at ``offset`` lies."""
    return sum(wall <= offset for wall in walls)


def lowest(walls: Walls, offset: int, size: int, alignment: int) -> int:
    """The lowest aligned offset that is not below ``offset`` and where ``size`` bytes lie in one
    space."""
    at = -(-offset // alignment) * alignment
    for wall in walls:
        if at < wall < at + size:
            at = -(-wall // alignment) * alignment
    return at


def highest(walls: Walls, offset: int, size: int, alignment: int) -> int:
    """The highest such offset that is not above ``offset``; negative where there is none."""
    at = offset // alignment * alignment
    for wall in reversed(walls):
        if at < wall < at + size:
            at = (wall - size) // alignment * alignment
    return at
