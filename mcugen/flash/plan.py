"""What to erase and to write so that flash holds an image: pure functions of bytes and sectors.

The first block of a program, with its vector table, is written after everything else was verified:
until then nothing takes what lies there for a program.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from mcugen.errors import FitError
from mcugen.flash.an3155 import BLOCK
from mcugen.flash.layout import Sector
from mcugen.image import ERASED


@dataclass(frozen=True)
class Block:
    """Up to 256 bytes of flash; what is written is always 256 of them, aligned."""

    address: int
    data: bytes = field(repr=False)

    @property
    def is_blank(self) -> bool:
        return self.data == ERASED * len(self.data)


@dataclass(frozen=True)
class Part:
    """What an image puts into one sector, from the sector's start."""

    sector: Sector
    data: bytes = field(repr=False)

    @property
    def is_blank(self) -> bool:
        return self.data == ERASED * len(self.data)

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The data in blocks; the last one may be shorter."""
        return tuple(
            Block(self.sector.address + offset, self.data[offset : offset + BLOCK])
            for offset in range(0, len(self.data), BLOCK)
        )


@dataclass(frozen=True)
class Plan:
    """Erase, write ``first``, verify, write ``last`` block by block, verify; ``kept`` stays."""

    erase: tuple[Sector, ...]
    kept: tuple[Sector, ...]
    first: tuple[Block, ...]
    last: tuple[Block, ...]

    @property
    def erase_bytes(self) -> int:
        return sum(sector.size for sector in self.erase)

    @property
    def write_bytes(self) -> int:
        return BLOCK * (len(self.first) + len(self.last))


def parts(image: bytes, start: int, sectors: Sequence[Sector]) -> tuple[Part, ...]:
    """The image by sectors. Raises FitError F002 where it begins or ends where no sector does."""
    end = start + len(image)
    touched = [sector for sector in sectors if sector.address < end and sector.end > start]
    if not touched or touched[0].address != start or touched[-1].end < end:
        raise FitError(
            "F002",
            "the image does not lie in the chip's flash",
            where=f"image 0x{start:08x} to 0x{end:08x}, flash 0x{sectors[0].address:08x} to"
            f" 0x{sectors[-1].end:08x}",
            hint="build it for the board that is connected",
        )
    return tuple(
        Part(sector, image[sector.address - start : sector.end - start]) for sector in touched
    )


def make_plan(parts: Sequence[Part], differing: Iterable[int], heads: Sequence[int]) -> Plan:
    """What to do so that the sectors with the numbers ``differing`` hold the image.

    ``heads`` are the addresses of the programs' first blocks, in the order in which they are
    written at the end.
    """
    numbers = frozenset(differing)
    changed = [part for part in parts if part.sector.number in numbers]
    blocks = [_padded(block) for part in changed for block in part.blocks if not block.is_blank]
    by_address = {block.address: block for block in blocks}
    return Plan(
        erase=tuple(part.sector for part in changed),
        kept=tuple(part.sector for part in parts if part.sector.number not in numbers),
        first=tuple(block for block in blocks if block.address not in heads),
        last=tuple(by_address[head] for head in heads if head in by_address),
    )


def ranges_without(parts: Sequence[Part], left_out: Sequence[Block]) -> tuple[Block, ...]:
    """The image in as few pieces as there are without the blocks of ``left_out``, to verify."""
    start = parts[0].sector.address
    image = b"".join(part.data for part in parts)
    found, position = [], 0
    for block in sorted(left_out, key=lambda block: block.address):
        offset = block.address - start
        if offset > position:
            found.append(Block(start + position, image[position:offset]))
        position = offset + BLOCK
    if position < len(image):
        found.append(Block(start + position, image[position:]))
    return tuple(found)


def _padded(block: Block) -> Block:
    return Block(block.address, block.data.ljust(BLOCK, ERASED))
