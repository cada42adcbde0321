"""Somebody's own program as its ELF file has it: what stands at which address when ``main`` begins.

The start-up code is not run: initialised data is where the program reads it, and what start-up
clears is zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

from mcugen import files
from mcugen.errors import UsageError
from mcugen.image import Image, symbols_of

_HINT = "give the ELF file that the linker writes, before objcopy makes .bin or .hex of it"


@dataclass(frozen=True)
class Part:
    """A section of the program in memory; ``data`` is None where start-up clears it, or nobody."""

    name: str
    address: int
    size: int
    data: bytes | None = field(repr=False)
    is_code: bool = False

    @property
    def end(self) -> int:
        return self.address + self.size


@dataclass(frozen=True)
class Program:
    """``names`` has the symbols, and no bytes; ``sha256`` is that of the file."""

    path: Path
    sha256: str
    parts: tuple[Part, ...]
    names: Image

    def read(self, address: int, size: int) -> bytes | None:
        """Bytes that the file gives for these addresses; None where it does not give them all."""
        for part in self.parts:
            if part.data is not None and part.address <= address and address + size <= part.end:
                return part.data[address - part.address :][:size]
        return None


def read_program(path: Path) -> Program:
    """The program in a linked ELF file for Arm.

    Raises UsageError U001 where it cannot be read, U009 where it is something else.
    """
    try:
        content = files.read_bytes(path, files.BUILT_BYTES)
    except OSError as error:
        raise UsageError(
            "U001", f"cannot read the program: {error.strerror}", where=str(path)
        ) from error
    try:
        elf = ELFFile(BytesIO(content))
        _check_kind(elf, path)
        parts, names = _parts(elf), Image(path, b"", 0, (), symbols_of(elf))
    except UsageError:
        raise
    except Exception as error:  # whatever a damaged file makes pyelftools do
        what = "not an ELF file" if isinstance(error, ELFError) else "a damaged ELF file"
        raise UsageError("U009", f"{what}: {error}", where=str(path), hint=_HINT) from error
    return Program(path, sha256(content).hexdigest(), parts, names)


def _check_kind(elf: ELFFile, path: Path) -> None:
    machine, kind = elf["e_machine"], elf["e_type"]
    if machine != "EM_ARM" or elf.elfclass != 32 or not elf.little_endian:
        raise UsageError(
            "U009",
            f"the program is not for Arm's 32-bit cores: it is for {_plain(machine)}",
            where=str(path),
            hint="give the program that goes onto the board, not one for this machine",
        )
    if kind != "ET_EXEC":
        raise UsageError(
            "U009",
            "the file is not a linked program: it has no addresses yet",
            where=f"{path}, {_plain(kind)}",
            hint=_HINT,
        )


def _plain(constant: object) -> str:
    """A name of the ELF standard without its prefix, or a number that has none."""
    return str(constant).removeprefix("EM_").removeprefix("ET_")


def _parts(elf: ELFFile) -> tuple[Part, ...]:
    found = []
    for section in elf.iter_sections():
        if section["sh_flags"] & SH_FLAGS.SHF_ALLOC and section["sh_size"] > 0:
            data = None if section["sh_type"] == "SHT_NOBITS" else section.data()
            if data is not None and len(data) != section["sh_size"]:
                raise ValueError(f"section `{section.name}` goes beyond its end")
            is_code = bool(section["sh_flags"] & SH_FLAGS.SHF_EXECINSTR)
            found.append(Part(section.name, section["sh_addr"], section["sh_size"], data, is_code))
    return tuple(sorted(found, key=lambda part: part.address))
