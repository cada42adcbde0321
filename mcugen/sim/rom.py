"""A chip in ROM bootloader mode: AN3155 to the letter, with flash memory behind it.

A chip that was not told its baud rate by 0x7F hears nothing; every stage of a command is answered
with ACK or NACK; a check sum that is wrong ends the command. It records what the host asked for,
and what no host should ask for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from functools import reduce
from operator import xor

from mcugen.image import ERASED
from mcugen.sim.flash_memory import FlashMemory, PowerCut
from mcugen.sim.rom_chips import RomChip

_SYNC, _ACK, _NACK, _BUSY = 0x7F, 0x79, 0x1F, 0x76
_GET, _GET_VERSION, _GET_ID, _READ, _GO, _WRITE = 0x00, 0x01, 0x02, 0x11, 0x21, 0x31
_ERASE, _EXTENDED_ERASE = 0x43, 0x44
_ON_PROTECTION = bytes.fromhex("63738292")
"""Write protect, unprotect, readout protect, unprotect: listed by Get as every chip does, and never
carried out here."""

_MASS, _BANK_1, _BANK_2, _SPECIAL = 0xFFFF, 0xFFFE, 0xFFFD, 0xFFF0

Talk = Generator[None, int, None]
"""Takes the bytes from the host one by one."""


@dataclass(frozen=True)
class RomFaults:
    """``busy`` is how often BUSY comes before the answer to an erase or a write;
    ``nacks_second_sync``: whether 0x7F to a chip that is synchronised gets a NACK at once, or is
    taken for the first half of a command."""

    product_id: int | None = None
    readout_protected: bool = False
    slow_erase_seconds: float = 0.0
    busy: int = 0
    nacks_second_sync: bool = True


@dataclass
class Record:
    """What the host asked for, in order. ``offences`` is what a good host never does."""

    commands: list[int] = field(default_factory=list)
    erased: list[int] = field(default_factory=list)
    mass_erases: int = 0
    written: list[tuple[int, int]] = field(default_factory=list)
    offences: list[str] = field(default_factory=list)


class RomBootloader:
    """A port to the chip. ``record`` says what was asked, ``flash`` holds the outcome, and
    ``started_at`` is the address that Go started: from then on the chip is silent until ``reset``,
    unless it ``stays``, as if somebody reset it at once.
    """

    def __init__(
        self,
        chip: RomChip,
        flash: FlashMemory | None = None,
        faults: RomFaults | None = None,
        *,
        stays: bool = False,
    ) -> None:
        self.chip = chip
        self.flash = FlashMemory(chip.flash) if flash is None else flash
        self.record = Record()
        self.started_at: int | None = None
        self.powered = True
        self._stays = stays
        self._faults = faults or RomFaults()
        self._outgoing = bytearray()
        self._silent_until = 0.0
        self._handlers: dict[int, Callable[[], Talk]] = {
            _GET: self._get,
            _GET_VERSION: self._get_version,
            _GET_ID: self._get_id,
            _READ: self._read_memory,
            _GO: self._go,
            _WRITE: self._write_memory,
            (_EXTENDED_ERASE if chip.extended else _ERASE): (
                self._extended_erase if chip.extended else self._erase
            ),
        }
        self.reset()

    @property
    def idle(self) -> bool:
        """Whether nothing comes until a byte goes in."""
        return not self._outgoing

    def write(self, data: bytes) -> None:
        for byte in data:
            if self.powered and self.started_at is None:
                self._take(byte)

    def read(self, deadline_seconds: float) -> bytes:
        """What the chip says; while it erases slowly, only after that."""
        wait = self._silent_until - time.monotonic()
        if wait > 0:
            time.sleep(min(wait, deadline_seconds))
            if wait > deadline_seconds:
                return b""
        data = bytes(self._outgoing)
        self._outgoing.clear()
        return data

    def interrupt(self) -> None:
        """Nothing is ever under way here."""

    def reset(self) -> None:
        """Into the bootloader again, as BOOT0 says."""
        self.started_at = None
        self._talk = self._converse()
        next(self._talk)

    def power_on(self) -> None:
        self.powered = True
        self.flash.power_on()
        self.reset()

    def _take(self, byte: int) -> None:
        try:
            self._talk.send(byte)
        except PowerCut:
            self.powered = False
        if self.started_at is not None and self._stays:
            self.reset()

    def _converse(self) -> Talk:
        while (yield) != _SYNC:
            pass
        self._send(_ACK)
        while True:
            code = yield
            if code == _SYNC and self._faults.nacks_second_sync:
                self._send(_NACK)
                continue
            if code ^ (yield) == 0xFF:
                yield from self._command(code)
            else:
                self._send(_NACK)

    def _command(self, code: int) -> Talk:
        self.record.commands.append(code)
        if code in _ON_PROTECTION:
            self.record.offences.append(f"command 0x{code:02x}")
        handler = self._handlers.get(code)
        needs_access = code not in (_GET, _GET_VERSION, _GET_ID)
        if handler is None or (needs_access and self._faults.readout_protected):
            self._send(_NACK)
            return
        self._send(_ACK)
        yield from handler()

    def _get(self) -> Talk:
        commands = (*sorted(self._handlers), *_ON_PROTECTION)
        self._send(len(commands), self.chip.version, *commands, _ACK)
        yield from ()

    def _get_version(self) -> Talk:
        self._send(self.chip.version, 0, 0, _ACK)
        yield from ()

    def _get_id(self) -> Talk:
        product = self._faults.product_id
        self._send(1, *(product or self.chip.product_id).to_bytes(2, "big"), _ACK)
        yield from ()

    def _read_memory(self) -> Talk:
        address = yield from self._address(lambda address: bool(self._memory(address, 1)))
        if address is None:
            return
        count = yield
        data = self._memory(address, count + 1)
        if count ^ (yield) != 0xFF or not data:
            self._send(_NACK)
            return
        self._send(_ACK, *data)

    def _go(self) -> Talk:
        address = yield from self._address(lambda address: address in self.flash.region)
        if address is not None:
            self.started_at = address

    def _write_memory(self) -> Talk:
        address = yield from self._address(self._may_write)
        if address is None:
            return
        data = yield from self._summed(lambda received: received[0] + 2)
        if data is None or not self._program(address, data[1:]):
            self._send(_NACK)
            return
        self._done()

    def _erase(self) -> Talk:
        """Single bytes; FF 00 means all."""
        count = yield
        if count == 0xFF:
            if (yield) == 0:
                self._erase_sectors(range(len(self.flash.sector_sizes)), mass=True)
            else:
                self._send(_NACK)
            return
        data = yield from self._summed(lambda _: count + 2, bytes([count]))
        self._erase_named(data and tuple(data[1:]))

    def _extended_erase(self) -> Talk:
        data = yield from self._summed(_extended_length)
        count = -1 if data is None else int.from_bytes(data[:2], "big")
        if data is None or count < _SPECIAL:
            pairs = (data or b"")[2:]
            numbers = zip(pairs[::2], pairs[1::2], strict=True)
            self._erase_named(data and tuple(high << 8 | low for high, low in numbers))
            return
        total, first = len(self.flash.sector_sizes), self.chip.bank_sectors
        sectors = {
            _MASS: range(total),
            _BANK_1: range(first),
            _BANK_2: range(first, total) if first else range(0),
        }.get(count, range(0))
        self._erase_sectors(sectors, mass=True)

    def _erase_named(self, sectors: tuple[int, ...] | bytes | None) -> None:
        if not sectors or max(sectors) >= len(self.flash.sector_sizes):
            self._send(_NACK)
            return
        self._erase_sectors(sectors)

    def _erase_sectors(
        self, sectors: range | tuple[int, ...] | bytes, *, mass: bool = False
    ) -> None:
        """A protected sector is passed over, and nothing is said about it."""
        if not sectors:
            self._send(_NACK)
            return
        self.record.mass_erases += mass
        for sector in sectors:
            self.record.erased.append(sector)
            if sector not in self.flash.write_protected:
                self.flash.erase(sector)
        self._silent_until = time.monotonic() + self._faults.slow_erase_seconds
        self._done()

    def _program(self, address: int, data: bytes) -> bool:
        unit = self.chip.flash.program_bytes
        self.record.written.append((address, len(data)))
        if address + len(data) > self.flash.region.end or len(data) % max(unit, 4):
            self.record.offences.append(f"{len(data)} bytes to 0x{address:08x}")
            return False
        if self.flash.sector_at(address) in self.flash.write_protected:
            return True
        for offset in range(0, len(data), unit):
            piece = data[offset : offset + unit]
            before = self.flash.read(address + offset, unit)
            if self.chip.has_ecc and before != ERASED * unit:
                self.record.offences.append(f"0x{address + offset:08x} is programmed twice")
                return False
            self.flash.program(address + offset, piece)
        return True

    def _may_write(self, address: int) -> bool:
        is_good = (
            address in self.flash.region and address % max(4, self.chip.flash.program_bytes) == 0
        )
        if not is_good:
            self.record.offences.append(f"a write to 0x{address:08x}")
        return is_good

    def _memory(self, address: int, size: int) -> bytes:
        """What is there to be read; nothing where that is not all readable."""
        region = self.flash.region
        if address in region:
            return self.flash.read(address, size) if address + size <= region.end else b""
        for base, data in self.chip.fixed.items():
            if base <= address and address + size <= base + len(data):
                return data[address - base :][:size]
        return b""

    def _address(self, is_good: Callable[[int], bool]) -> Generator[None, int, int | None]:
        """Four bytes and their sum, and the answer to them."""
        data = yield from self._summed(lambda _: 4)
        address = int.from_bytes(data or b"", "big")
        if data is None or not is_good(address):
            self._send(_NACK)
            return None
        self._send(_ACK)
        return address

    def _summed(
        self, length: Callable[[bytes], int], received: bytes = b""
    ) -> Generator[None, int, bytes | None]:
        """As many bytes as the first ones say, and one more that makes their exclusive or 0."""
        data = bytearray(received)
        data.append((yield))
        while len(data) < length(bytes(data)):
            data.append((yield))
        check = yield
        return bytes(data) if reduce(xor, data, check) == 0 else None

    def _done(self) -> None:
        self._send(*[_BUSY] * self._faults.busy, _ACK)

    def _send(self, *values: int) -> None:
        self._outgoing += bytes(values)


def _extended_length(received: bytes) -> int:
    if len(received) < 2:
        return 2
    count = int.from_bytes(received[:2], "big")
    return 2 if count >= _SPECIAL else 2 + 2 * (count + 1)
