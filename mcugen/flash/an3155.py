"""AN3155, the protocol of the STM32's USART bootloader, and of mcugen's resident loader.

A command is its code and the code's complement; every stage is answered with ACK or NACK. What is
sent carries an XOR of its bytes, what is received carries nothing: so every answer that decides
something is asked for twice, and whoever lost the other's place finds it again (``stages``).

The commands that change protection are not here, and must never be.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from operator import xor
from typing import TypeVar

from mcugen.flash.stages import LineError, RefusedError, Stages

GET = 0x00
GET_ID = 0x02
READ = 0x11
GO = 0x21
WRITE = 0x31
ERASE = 0x43
EXTENDED_ERASE = 0x44
CRC = 0xA1
"""Of the resident loader only: CRC-32 of a range."""

BLOCK = 256
"""The most bytes that one Read or Write takes, and the alignment of what mcugen writes."""

T = TypeVar("T")


@dataclass(frozen=True)
class Bootloader:
    """Who answers, as Get tells."""

    version: int
    commands: frozenset[int]

    @property
    def is_resident(self) -> bool:
        """mcugen's loader; the ROM has no CRC command."""
        return CRC in self.commands

    @property
    def erases_extended(self) -> bool | None:
        """Whether sectors are erased with command 0x44 or 0x43; None where neither exists."""
        if EXTENDED_ERASE in self.commands:
            return True
        return False if ERASE in self.commands else None


class Client:
    """The host's end. Methods repeat what the line spoilt, a bounded number of times.

    They raise RefusedError when the bootloader says NACK however often it is asked, LineError when
    it does not answer however often, and DeviceError D002 when the whole line is too disturbed.
    """

    def __init__(self, stages: Stages) -> None:
        self.stages = stages

    def connect(self, *, knocked: bool = False) -> Bootloader:
        """Synchronises with a fresh bootloader, or one that was left in the middle of something.

        ``knocked``: that was done a moment ago, and nobody answered. Raises LineError when there is
        none.
        """
        if knocked or not self.stages.knock():
            try:
                self.stages.find_place()
            except LineError:
                if not self.stages.knock():
                    raise
        return self.get()

    def get(self) -> Bootloader:
        """Version and commands."""
        return self.agreed(self._get)

    def product_id(self) -> int:
        """Which chip this is, such as 0x449 for an STM32F74x."""
        return self.agreed(self._product_id)

    def read_surely(self, address: int, size: int) -> bytes:
        """Up to 256 bytes, read until two answers are the same."""
        return self.agreed(lambda: self._read(address, size))

    def holds(self, address: int, data: bytes, tries: int) -> bool:
        """Whether up to 256 bytes in memory are these; a no is asked for again, ``tries`` times.

        A line that was seen to lose or double bytes must say yes twice: what it shifted on the way
        out it can shift back on the way in, and nothing but the bytes themselves tells.
        """
        wanted = 2 if self.stages.disturbed else 1
        for _ in range(tries + wanted - 1):
            wanted -= self.repeat(lambda: self._read(address, len(data))) == data
            if wanted == 0:
                return True
        return False

    def holds_crc(self, address: int, size: int, crc: int, tries: int) -> bool:
        """Whether a range of memory has this CRC-32 (IEEE 802.3).

        A no is asked for again, ``tries`` times: a spoilt sum makes a no, never a yes. Resident
        loader only.
        """
        asked = (self.repeat(lambda: self._crc(address, size)) for _ in range(tries))
        return any(found == crc for found in asked)

    def write_once(self, address: int, data: bytes) -> None:
        """Programs up to 256 bytes; after an error nobody knows whether it happened."""
        self._command(WRITE)
        self.stages.send(WRITE, 2, _word(address))
        counted = bytes([len(data) - 1]) + data
        self.stages.send(WRITE, 3, counted + _checksum(counted))

    def erase(self, sector: int, *, extended: bool) -> None:
        """One sector or page, by its number."""
        code = EXTENDED_ERASE if extended else ERASE
        body = struct.pack(">HH", 0, sector) if extended else bytes([0, sector])

        def once() -> None:
            self._command(code)
            self.stages.send(code, 2, body + _checksum(body), self.stages.patience.erase_seconds)

        self.repeat(once)

    def go(self, address: int) -> None:
        """Starts the program whose vector table is at ``address``.

        A lost answer cannot be told from a program that started: then this returns too.
        """
        failure: LineError | RefusedError = LineError("never tried")
        for _ in range(self.stages.patience.attempts):
            try:
                self._command(GO)
                self.stages.send(GO, 2, _word(address))
                return
            except (LineError, RefusedError) as error:
                failure = error
            try:
                self.stages.recover()
            except LineError:
                return
        raise failure

    def repeat(self, action: Callable[[], T]) -> T:
        """What the action returns, once it goes through; only for what may happen twice."""
        failure: LineError | RefusedError = LineError("never tried")
        for _ in range(self.stages.patience.attempts):
            try:
                return action()
            except (LineError, RefusedError) as error:
                failure = error
                self.stages.recover()
        raise failure

    def agreed(self, ask: Callable[[], T]) -> T:
        """An answer that came twice in a row: answers carry no check sum."""
        answer = self.repeat(ask)
        for _ in range(self.stages.patience.attempts):
            again = self.repeat(ask)
            if again == answer:
                return answer
            answer = again
        raise LineError("the same question gets another answer every time")

    def _get(self) -> Bootloader:
        self._command(GET)
        count = self.stages.take(1)[0]
        body = self.stages.take(count + 1)
        self.stages.acknowledged(GET, 2)
        return Bootloader(body[0], frozenset(body[1:]))

    def _product_id(self) -> int:
        self._command(GET_ID)
        count = self.stages.take(1)[0]
        if count != 1:
            raise LineError(f"a product id of {count + 1} bytes")
        product: int = struct.unpack(">H", self.stages.take(2))[0]
        self.stages.acknowledged(GET_ID, 2)
        return product

    def _read(self, address: int, size: int) -> bytes:
        self._command(READ)
        self.stages.send(READ, 2, _word(address))
        self.stages.send(READ, 3, bytes([size - 1, 0xFF ^ (size - 1)]))
        data = self.stages.take(size)
        if self.stages.has_surplus:
            raise LineError("more bytes than asked for")
        return data

    def _crc(self, address: int, size: int) -> int:
        self._command(CRC)
        self.stages.send(CRC, 2, _word(address))
        self.stages.send(CRC, 3, _word(size))
        patience = self.stages.patience
        seconds = patience.answer_seconds + size / patience.crc_bytes_per_second
        self.stages.acknowledged(CRC, 4, seconds)
        crc: int = struct.unpack(">I", self.stages.take(4))[0]
        return crc

    def _command(self, code: int) -> None:
        self.stages.send(code, 1, bytes([code, 0xFF ^ code]))


def _word(value: int) -> bytes:
    packed = struct.pack(">I", value)
    return packed + _checksum(packed)


def _checksum(data: bytes) -> bytes:
    return bytes([reduce(xor, data)])
