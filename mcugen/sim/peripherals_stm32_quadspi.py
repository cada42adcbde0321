"""The QUADSPI of STM32F4 and F7 (RM0385, section 14), as far as it makes a flash readable.

The flash behind it is an N25Q128A or its like after power-up: it knows a reset, in two
instructions, and two ways to read. What it would not answer ends the run.
"""

from __future__ import annotations

from collections.abc import Callable

from mcugen.errors import DeviceError
from mcugen.sim.external_memory import ExternalMemory
from mcugen.sim.peripherals import Bus, Storage
from mcugen.sim.peripherals_stm32 import PinState

_BASE = 0xA000_1000
_AHB3RSTR, _AHB3ENR, _CLOCK_BIT = 0x4002_3818, 0x4002_3838, 1 << 1
_EN, _TCF, _BUSY = 1 << 0, 1 << 1, 1 << 5
_INDIRECT_WRITE, _MAPPED = 0, 3

_RESETS = (0x66, 0x99)
_READS = {
    # Instruction alone on one line, address of 24 bits on one; data on one line without dummy
    # cycles, or on four after eight. With the highest clock.
    0x0100_2503: 54_000_000,
    0x0320_256B: 108_000_000,
}
_READ_BITS = 0x03FF_FFFF


class Quadspi:
    """Reset state: nothing is mapped. ``core_hz`` is the clock that the prescaler divides."""

    def __init__(self, bus: Bus, memory: ExternalMemory, core_hz: Callable[[], int]) -> None:
        self._bus, self._memory, self._core_hz = bus, memory, core_hz
        self._enabled = bus.storage("RCC_AHB3ENR", _AHB3ENR)
        self._reset = Storage()
        bus.add("RCC_AHB3RSTR", _AHB3RSTR, self._reset.read, self._write_reset)
        self._cr, self._dcr, self._ccr = Storage(), Storage(), Storage()
        self._done = False
        for name, offset, register in (("CR", 0x00, self._cr), ("DCR", 0x04, self._dcr)):
            bus.add(f"QUADSPI_{name}", _BASE + offset, register.read, self._gated(register.write))
        bus.add("QUADSPI_SR", _BASE + 0x08, self._read_status)
        bus.add("QUADSPI_FCR", _BASE + 0x0C, lambda: 0, self._gated(self._write_flags))
        bus.add("QUADSPI_CCR", _BASE + 0x14, self._ccr.read, self._gated(self._write_ccr))
        memory.vanish()

    def _gated(self, write: Callable[[int], None]) -> Callable[[int], None]:
        """A unit without its clock, or in reset, ignores writes."""

        def gated(value: int) -> None:
            if self._enabled.value & _CLOCK_BIT and not self._reset.value & _CLOCK_BIT:
                write(value)

        return gated

    @property
    def _mapped(self) -> bool:
        return self._ccr.value >> 26 == _MAPPED

    def _write_reset(self, value: int) -> None:
        self._reset.write(value)
        if value & _CLOCK_BIT:
            for register in (self._cr, self._dcr, self._ccr):
                register.value = 0
            self._done = False
            self._memory.vanish()

    def _read_status(self) -> int:
        return (_TCF if self._done else 0) | (_BUSY if self._mapped else 0)

    def _write_flags(self, value: int) -> None:
        if value & _TCF:
            self._done = False

    def _write_ccr(self, value: int) -> None:
        """Starts the instruction, for none that is known here waits for more."""
        if not self._cr.value & _EN or self._mapped:
            return
        self._ccr.write(value)
        instruction, mode = value & 0xFF, value >> 26
        if mode == _INDIRECT_WRITE and value == 1 << 8 | instruction and instruction in _RESETS:
            self._done = True
            return
        if mode != _MAPPED or value & _READ_BITS not in _READS:
            raise DeviceError("D003", f"the flash does not know QUADSPI_CCR 0x{value:08x}")
        self._check_wiring(_READS[value & _READ_BITS])
        self._memory.appear()

    def _check_wiring(self, highest_hz: int) -> None:
        flash = self._memory.flash
        hz = self._core_hz() // ((self._cr.value >> 24) + 1)
        if hz > highest_hz:
            raise DeviceError("D003", f"{flash.name} is read at {hz} Hz, which is too fast")
        if 1 << ((self._dcr.value >> 16 & 0x1F) + 1) != flash.size:
            raise DeviceError("D003", f"QUADSPI_DCR has another size than {flash.name}")
        for pin in flash.pins:
            if not PinState(self._bus, pin).connected():
                raise DeviceError("D003", f"{pin.name} is not connected to {flash.name}")
