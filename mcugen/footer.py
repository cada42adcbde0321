"""What an image in flash says about itself: the application's footer, the loader's info block.

Both are found through word 7 of a vector table, which the architecture reserves. Numbers are little
endian words; the C side is in ``firmware/loader/`` (``application.c``, ``startup.c``).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

POINTER_OFFSET = 4 * 7
"""Of word 7 in a vector table: the address of the footer or the info block."""

FOOTER_BYTES = 32
INFO_BYTES = 40

_FOOTER_MAGIC = 0x4647_434D  # "MCGF"
_INFO_MAGIC = 0x4C47_434D  # "MCGL"
_FORMAT = 1
_VECTORS_BYTES = 64  # of the processor's own vectors
_FOOTER = struct.Struct("<IIII16s")
_INFO = struct.Struct("<II28sI")

Reader = Callable[[int, int], bytes]
"""Bytes of a device's memory, by address and length."""


@dataclass(frozen=True)
class Footer:
    """``length`` bytes from the application's start to the footer, their CRC-32, and the first 16
    bytes of the model's SHA-256."""

    length: int
    crc32: int
    model: bytes

    def pack(self) -> bytes:
        return _FOOTER.pack(_FOOTER_MAGIC, _FORMAT, self.length, self.crc32, self.model)


@dataclass(frozen=True)
class LoaderInfo:
    """Which board a resident loader was built for, and whether it keeps the application to
    itself."""

    board: str
    no_read: bool = False

    def pack(self) -> bytes:
        return _INFO.pack(_INFO_MAGIC, _FORMAT, self.board.encode("ascii"), self.no_read)


def footer_for(content: bytes, model_sha256: str) -> Footer:
    """The footer of an application that consists of ``content``."""
    return Footer(len(content), zlib.crc32(content), bytes.fromhex(model_sha256)[:16])


def parse_footer(data: bytes) -> Footer | None:
    """The footer that these 32 bytes are; None for anything else."""
    if len(data) != FOOTER_BYTES:
        return None
    magic, version, length, crc32, model = _FOOTER.unpack(data)
    if (magic, version) != (_FOOTER_MAGIC, _FORMAT):
        return None
    return Footer(length, crc32, model)


def parse_info(data: bytes) -> LoaderInfo | None:
    """The info block that these 40 bytes are; None for anything else."""
    if len(data) != INFO_BYTES:
        return None
    magic, version, name, no_read = _INFO.unpack(data)
    text, zero, _ = name.partition(b"\0")
    if (magic, version) != (_INFO_MAGIC, _FORMAT) or not zero or not text.isascii():
        return None
    return LoaderInfo(text.decode("ascii"), bool(no_read))


def whole_footer(application: bytes, start: int) -> Footer | None:
    """The footer of an application that lies at ``start``; None unless it is whole.

    ``application`` may go on after the footer, as a dump of flash does.
    """
    pointer = _pointer(application)
    if pointer is None or not _possible(pointer, start, start + len(application)):
        return None
    length = pointer - start
    footer = parse_footer(application[length : length + FOOTER_BYTES])
    if footer is None or footer.length != length:
        return None
    return footer if zlib.crc32(application[:length]) == footer.crc32 else None


def read_info(read: Reader, start: int, end: int) -> LoaderInfo | None:
    """The info block of the loader in a device's flash from ``start`` to ``end``, or None."""
    pointer = _pointer(read(start, POINTER_OFFSET + 4))
    if pointer is None or pointer % 4 or not start <= pointer <= end - INFO_BYTES:
        return None
    return parse_info(read(pointer, INFO_BYTES))


def _pointer(vectors: bytes) -> int | None:
    if len(vectors) < POINTER_OFFSET + 4:
        return None
    return int.from_bytes(vectors[POINTER_OFFSET : POINTER_OFFSET + 4], "little")


def _possible(pointer: int, start: int, end: int) -> bool:
    return pointer % 4 == 0 and start + _VECTORS_BYTES <= pointer <= end - FOOTER_BYTES
