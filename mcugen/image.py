"""Image: a linked firmware as the bytes that go into flash, and the names in it."""

from __future__ import annotations

import bisect
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from mcugen import files
from mcugen.errors import UsageError

ERASED = b"\xff"
"""What flash holds where nothing was programmed; fills the gaps between segments."""


@dataclass(frozen=True)
class Segment:
    """Bytes that the program needs at ``address``; stored in flash at ``load_address``."""

    address: int
    load_address: int
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class Symbol:
    """A function or object; ``size`` is 0 for a mere label."""

    name: str
    address: int
    size: int
    is_function: bool


@dataclass(frozen=True)
class Image:
    """``bin`` starts at ``load_address`` and is what is flashed, byte for byte.

    ``external`` are bytes for flash outside the chip, which ``bin`` does not hold.
    """

    elf: Path
    bin: bytes = field(repr=False)
    load_address: int
    segments: tuple[Segment, ...]
    symbols: Mapping[str, Symbol] = field(repr=False)
    external: tuple[Segment, ...] = ()

    def symbol(self, name: str) -> Symbol:
        """The symbol of this name. Raises UsageError U003."""
        symbol = self.symbols.get(name)
        if symbol is None:
            raise UsageError("U003", f"the firmware has no symbol `{name}`", where=str(self.elf))
        return symbol

    def address_of(self, name: str) -> int:
        """The address of a symbol, without the Thumb bit. Raises UsageError U003."""
        return self.symbol(name).address

    def symbol_at(self, address: int) -> Symbol | None:
        """The function or object that holds the address."""
        index = bisect.bisect_right(self._starts, address) - 1
        if index < 0:
            return None
        symbol = self._sized[index]
        return symbol if address < symbol.address + symbol.size else None

    def describe(self, address: int) -> str:
        """An address as ``name+0x12``, or as a number where no symbol holds it."""
        symbol = self.symbol_at(address)
        if symbol is None:
            return f"0x{address:08x}"
        offset = address - symbol.address
        return f"{symbol.name}+0x{offset:x}" if offset else symbol.name

    @cached_property
    def _sized(self) -> list[Symbol]:
        sized = [symbol for symbol in self.symbols.values() if symbol.size]
        return sorted(sized, key=lambda symbol: (symbol.address, symbol.name))

    @cached_property
    def _starts(self) -> list[int]:
        return [symbol.address for symbol in self._sized]


def read_image(elf_path: Path, bin_path: Path | None = None) -> Image:
    """The image in a linked ELF file.

    With ``bin_path`` its ``bin`` holds the bytes of that file, which must be those of the ELF
    file. Raises UsageError U001 or U003, and U004 where the two differ.
    """
    try:
        with files.open_file(elf_path, files.BUILT_BYTES) as stream:
            elf = ELFFile(stream)
            segments, symbols = _segments(elf), symbols_of(elf)
        flashed = None if bin_path is None else files.read_bytes(bin_path, files.BUILT_BYTES)
    except OSError as error:
        raise UsageError(
            "U001", f"cannot read the firmware: {error.strerror}", where=str(error.filename)
        ) from error
    except (ELFError, ValueError, KeyError) as error:
        raise UsageError("U003", f"not an ELF file: {error}", where=str(elf_path)) from error
    if not segments:
        raise UsageError("U003", "the firmware holds no bytes to flash", where=str(elf_path))
    inside, external = _divided(segments, symbols)
    flat = _flatten(inside)
    if flashed is not None and flashed != flat:
        raise UsageError("U004", f"{bin_path} does not hold the bytes of {elf_path.name}")
    return Image(elf_path, flat, inside[0].load_address, inside, symbols, external)


def _segments(elf: ELFFile) -> tuple[Segment, ...]:
    found = [
        Segment(part["p_vaddr"], part["p_paddr"], part.data())
        for part in elf.iter_segments("PT_LOAD")
        if part["p_filesz"] > 0
    ]
    return tuple(sorted(found, key=lambda segment: segment.load_address))


def _divided(
    segments: tuple[Segment, ...], symbols: Mapping[str, Symbol]
) -> tuple[tuple[Segment, ...], tuple[Segment, ...]]:
    """What lies in the chip's flash and what outside it, where the link script has such a part."""
    bounds = symbols.get("_external_start"), symbols.get("_external_end")
    start, end = (0 if bound is None else bound.address for bound in bounds)
    outside = [segment for segment in segments if start <= segment.load_address < end]
    inside = [segment for segment in segments if segment not in outside]
    return tuple(inside), tuple(outside)


def symbols_of(elf: ELFFile) -> Mapping[str, Symbol]:
    """All functions, objects and labels by name; none where they were stripped."""
    table = elf.get_section_by_name(".symtab")
    if not isinstance(table, SymbolTableSection):
        return MappingProxyType({})
    found = {}
    for entry in table.iter_symbols():
        kind = entry["st_info"]["type"]
        if entry.name and not entry.name.startswith("$") and kind != "STT_FILE":
            is_function = kind == "STT_FUNC"
            address = entry["st_value"] & ~1 if is_function else entry["st_value"]
            found[entry.name] = Symbol(entry.name, address, entry["st_size"], is_function)
    return MappingProxyType(found)


def _flatten(segments: tuple[Segment, ...]) -> bytes:
    start = segments[0].load_address
    flat = bytearray()
    for segment in segments:
        gap = segment.load_address - start - len(flat)
        flat += ERASED * gap + segment.data
    return bytes(flat)
