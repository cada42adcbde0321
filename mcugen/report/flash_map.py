"""What lies in every erase sector of the flash."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mcugen.report.words import Answer

LOADER, RESERVED, FREE = "loader", "reserved", "free"
"""Kinds of pieces besides those of the image: see ``manifest.ImagePart``."""


@dataclass(frozen=True)
class Piece:
    """Bytes of one kind, from ``address`` on."""

    kind: str
    address: int
    bytes: int

    @property
    def end(self) -> int:
        return self.address + self.bytes


@dataclass(frozen=True)
class Sectors:
    """One sector, or neighbours of one size that hold nothing but the same kind.

    ``bytes`` is the size of each, ``pieces`` are those of the first.
    """

    first: int
    last: int
    address: int
    bytes: int
    pieces: tuple[Piece, ...]


def flash_map(build: Answer) -> tuple[Sectors, ...]:
    """Every byte of the flash, by sector, from the answer of ``build``."""
    regions, address = _regions(build), build["flash_base"]
    found: list[Sectors] = []
    for index, size in enumerate(build["sectors"]):
        pieces = tuple(_cut(regions, address, address + size))
        sector = Sectors(index, index, address, size, pieces)
        if found and _alike(found[-1], sector):
            found[-1] = Sectors(found[-1].first, index, found[-1].address, size, found[-1].pieces)
        else:
            found.append(sector)
        address += size
    return tuple(found)


def _regions(build: Answer) -> tuple[Piece, ...]:
    """The flash in order of its addresses, without gaps."""
    base, start = build["flash_base"], build["application_start"]
    loader = build["loader_bytes"] or 0
    image = [Piece(part["kind"], part["address"], part["bytes"]) for part in build["image_parts"]]
    used = image[-1].end
    return (
        Piece(LOADER, base, loader),
        Piece(RESERVED, base + loader, start - base - loader),
        *image,
        Piece(FREE, used, base + sum(build["sectors"]) - used),
    )


def _cut(regions: tuple[Piece, ...], start: int, end: int) -> Iterator[Piece]:
    for region in regions:
        low, high = max(region.address, start), min(region.end, end)
        if low < high:
            yield Piece(region.kind, low, high - low)


def _alike(a: Sectors, b: Sectors) -> bool:
    lone = len(a.pieces) == len(b.pieces) == 1
    return lone and a.bytes == b.bytes and a.pieces[0].kind == b.pieces[0].kind
