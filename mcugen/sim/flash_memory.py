"""Flash memory: what it holds, how it may change, and what a power cut leaves of a change.

Erasing a sector sets all its bits, programming can only clear some. Each erased sector and each
programmed word is one operation; operations are numbered from 1, so that a test can cut the power
at every single one.
"""

from __future__ import annotations

import ctypes
import mmap
import random
from pathlib import Path

from mcugen import files
from mcugen.boards import Region
from mcugen.boards.board import Flash
from mcugen.errors import UsageError
from mcugen.image import ERASED


class PowerCut(Exception):  # noqa: N818 - what happens, and no error of anybody's
    """The power went away in the middle of a flash operation."""


class FlashMemory:
    """The flash of a chip, erased or as ``path`` keeps it; the file then follows every change.

    ``operations`` counts, ``erased`` lists the erased sectors in order, ``programmed`` holds the
    sectors that something was programmed in. Erasing or programming a sector in
    ``write_protected`` is refused by who controls the memory. Raises UsageError U001 when the file
    cannot be read and written, U006 when it is larger than the flash.
    """

    def __init__(self, layout: Flash, path: Path | None = None) -> None:
        self.layout = layout
        self.region = Region("flash", layout.base, layout.size)
        self.sector_sizes = layout.sectors
        self.operations = 0
        self.erased: list[int] = []
        self.programmed: set[int] = set()
        self.write_protected: frozenset[int] = frozenset()
        self._cut_at: int | None = None
        self._seed = 0
        self._memory = mmap.mmap(-1, layout.size) if path is None else _map_file(path, layout.size)
        if path is None:
            self._memory[:] = ERASED * layout.size
        self.buffer = (ctypes.c_ubyte * layout.size).from_buffer(self._memory)
        """The bytes themselves, for a processor to run from."""

    @property
    def powered(self) -> bool:
        """False once a planned power cut has come, until ``power_on``."""
        return self._cut_at is None or self.operations < self._cut_at

    def cut_power_at(self, operation: int, seed: int = 0) -> None:
        """The operation with this number, counted from the first ever, will be left half done."""
        self._cut_at, self._seed = operation, seed

    def power_on(self) -> None:
        """Power is back; a cut that has come is over."""
        if not self.powered:
            self._cut_at = None

    def read(self, address: int, size: int) -> bytes:
        offset = address - self.layout.base
        return self._memory[offset : offset + size]

    def put(self, address: int, data: bytes) -> None:
        """Bytes from outside, as a programmer at the factory puts them; no operation."""
        offset = address - self.layout.base
        self._memory[offset : offset + len(data)] = data

    def contents(self) -> bytes:
        return self._memory[:]

    def sector(self, index: int) -> Region:
        """Where a sector lies. Raises IndexError when there is none of this number."""
        sizes = self.sector_sizes
        return Region(f"sector {index}", self.layout.base + sum(sizes[:index]), sizes[index])

    def sector_at(self, address: int) -> int:
        """The number of the sector that holds the address."""
        offset = address - self.layout.base
        for index, size in enumerate(self.sector_sizes):
            if offset < size:
                return index
            offset -= size
        raise IndexError(f"0x{address:08x} lies behind the flash")

    def erase(self, sector: int) -> None:
        """All bits of a sector become 1. Raises PowerCut when only some did."""
        where = self.sector(sector)
        is_cut = self._begin()
        self.erased.append(sector)
        whole = ERASED * where.size
        self.put(where.base, self._half_erased(where) if is_cut else whole)
        self._end(is_cut)

    def program(self, address: int, data: bytes) -> None:
        """Clears the bits that are 0 in ``data``. Raises PowerCut when only some were."""
        is_cut = self._begin()
        self.programmed.add(self.sector_at(address))
        spared = self._chance().randbytes(len(data)) if is_cut else bytes(len(data))
        before = self.read(address, len(data))
        self.put(
            address,
            bytes(old & (new | kept) for old, new, kept in zip(before, data, spared, strict=True)),
        )
        self._end(is_cut)

    def _begin(self) -> bool:
        """Counts an operation; True for the one that the power cut hits."""
        if not self.powered:
            raise PowerCut(f"operation {self._cut_at}")
        self.operations += 1
        return self.operations == self._cut_at

    def _end(self, is_cut: bool) -> None:
        if is_cut:
            raise PowerCut(f"operation {self.operations}")

    def _chance(self) -> random.Random:
        return random.Random(f"{self._seed} {self.operations}")

    def _half_erased(self, where: Region) -> bytes:
        """Some bytes are erased already, some read as anything, some are as they were."""
        chance = self._chance()
        first, second = sorted(chance.randrange(where.size + 1) for _ in range(2))
        before = self.read(where.base, where.size)
        return ERASED * first + chance.randbytes(second - first) + before[second:]


def _map_file(path: Path, size: int) -> mmap.mmap:
    """The file as memory, made or lengthened with erased bytes."""
    try:
        path.touch()
        files.open_file(path, files.BUILT_BYTES).close()  # no device, no pipe
        with path.open("r+b") as stream:
            held = stream.seek(0, 2)
            if held > size:
                raise UsageError(
                    "U006",
                    f"the file holds {held:,} bytes, the flash {size:,}",
                    where=str(path),
                    hint="name the file of a board of this kind, or a new one",
                )
            stream.write(ERASED * (size - held))
            stream.flush()
            return mmap.mmap(stream.fileno(), size)
    except OSError as error:
        raise UsageError(
            "U001", f"cannot keep flash memory in a file: {error.strerror}", where=str(path)
        ) from error
