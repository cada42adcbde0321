"""Sectors of a chip's flash, as its bootloader numbers them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Sector:
    """The smallest piece of flash that can be erased. ``end`` is the first address behind it."""

    number: int
    address: int
    size: int

    @property
    def end(self) -> int:
        return self.address + self.size


def sectors(base: int, sizes: Iterable[int]) -> tuple[Sector, ...]:
    """Sectors of these sizes in order of their addresses, numbered from 0, through both banks."""
    found = []
    for number, size in enumerate(sizes):
        found.append(Sector(number, base, size))
        base += size
    return tuple(found)
