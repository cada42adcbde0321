"""The flash controller of STM32F4 and STM32F7 (RM0390, RM0385, RM0410: section 3).

Time is not modelled: an operation is done at once, and BSY stays for some reads of SR after it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from mcugen.sim.flash_memory import FlashMemory
from mcugen.sim.peripherals import Bus

_BASE = 0x4002_3C00
_KEYS = (0x4567_0123, 0xCDEF_89AB)

_EOP, _WRPERR, _PGAERR, _PGPERR = 1 << 0, 1 << 4, 1 << 5, 1 << 6
_SEQUENCE_ERROR = 1 << 7
"""ERSERR of the F7, PGSERR of the F4: CR is not set up for what the program does."""
_ERRORS = 0xF2
_BSY = 1 << 16

_PG, _SER, _MER = 1 << 0, 1 << 1, 1 << 2
_STRT, _EOPIE, _LOCK = 1 << 16, 1 << 24, 1 << 31
_CR_MASK = _PG | _SER | _MER | 0x1F << 3 | 3 << 8 | _EOPIE | 1 << 25
_PSIZE_X64 = 3
"""Needs a programming voltage from outside, which no board has."""

_POLLS_TO_ERASE = 200
_POLLS_TO_PROGRAM = 2
_NAP_SECONDS = 0.002


@dataclass(frozen=True)
class FlashPort:
    """What the controller tells the processor: ``unlocked`` when stores to the flash begin or
    cease to reach it, ``erased`` when code may have vanished."""

    unlocked: Callable[[bool], None]
    erased: Callable[[], None]


class FlashController:
    """Keys, erasing, programming and error flags. It starts locked, as after every reset."""

    def __init__(
        self, flash: FlashMemory, port: FlashPort, slow_erase_seconds: float = 0.0
    ) -> None:
        self._flash = flash
        self._port = port
        self._slow_seconds = slow_erase_seconds
        self._keys_seen = 0
        self._refused = False
        self._control = _LOCK
        self._flags = 0
        self._busy_polls = 0
        self._busy_until = 0.0
        port.unlocked(False)

    def add_to(self, bus: Bus) -> None:
        bus.add("FLASH_KEYR", _BASE + 0x04, lambda: 0, self._write_key)
        bus.add("FLASH_SR", _BASE + 0x0C, self._read_status, self._clear_flags)
        bus.add("FLASH_CR", _BASE + 0x10, lambda: self._control, self._write_control)

    def store(self, address: int, size: int, value: int) -> None:
        """A store of the program to the flash while it is unlocked. Raises PowerCut."""
        self._finish()
        flaw = self._flaw_of_store(address, size)
        if flaw:
            self._flags |= flaw
            return
        self._flash.program(address, (value & ((1 << 8 * size) - 1)).to_bytes(size, "little"))
        self._busy_polls = _POLLS_TO_PROGRAM
        self._succeed()

    def _flaw_of_store(self, address: int, size: int) -> int:
        """The flag that the manual sets for this store, 0 for a good one."""
        width = self._control >> 8 & 3
        if self._control & (_PG | _SER | _MER) != _PG:
            return _SEQUENCE_ERROR
        if address % size:
            return _PGAERR
        if width == _PSIZE_X64 or size != 1 << width:
            return _PGPERR
        protected = self._flash.sector_at(address) in self._flash.write_protected
        return _WRPERR if protected else 0

    def _write_key(self, value: int) -> None:
        """The two keys in order; anything else locks until the next reset."""
        if self._refused or not self._control & _LOCK:
            return
        if value != _KEYS[self._keys_seen]:
            self._refused = True
            return
        self._keys_seen += 1
        if self._keys_seen == len(_KEYS):
            self._keys_seen = 0
            self._control &= ~_LOCK
            self._port.unlocked(True)

    def _read_status(self) -> int:
        if self._busy_until:
            time.sleep(_NAP_SECONDS)
            if time.monotonic() < self._busy_until:
                return self._flags | _BSY
            self._busy_until = 0.0
        if self._busy_polls:
            self._busy_polls -= 1
            return self._flags | _BSY
        return self._flags

    def _clear_flags(self, value: int) -> None:
        self._flags &= ~(value & (_ERRORS | _EOP))

    def _write_control(self, value: int) -> None:
        if self._control & _LOCK:
            return
        self._finish()
        if value & _LOCK:
            self._control = (value & _CR_MASK) | _LOCK
            self._port.unlocked(False)
            return
        self._control = value & _CR_MASK
        if value & _STRT:
            self._erase()

    def _erase(self) -> None:
        asked = self._control & (_PG | _SER | _MER)
        if asked == _SER:
            sectors = [self._control >> 3 & 0x1F]
        elif asked == _MER:
            sectors = list(range(len(self._flash.sector_sizes)))
        else:
            sectors = []
        if not sectors or sectors[-1] >= len(self._flash.sector_sizes):
            self._flags |= _SEQUENCE_ERROR
        elif self._flash.write_protected.intersection(sectors):
            self._flags |= _WRPERR
        else:
            self._erase_sectors(sectors)

    def _erase_sectors(self, sectors: list[int]) -> None:
        try:
            for sector in sectors:
                self._flash.erase(sector)
        finally:
            self._port.erased()
        self._busy_polls = _POLLS_TO_ERASE
        if self._slow_seconds:
            self._busy_until = time.monotonic() + self._slow_seconds
        self._succeed()

    def _succeed(self) -> None:
        if self._control & _EOPIE:
            self._flags |= _EOP

    def _finish(self) -> None:
        """The bus makes the program wait until the operation before has ended."""
        if self._busy_until:
            time.sleep(max(0.0, self._busy_until - time.monotonic()))
        self._busy_until, self._busy_polls = 0.0, 0
