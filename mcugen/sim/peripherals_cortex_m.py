"""The processor's own registers: system control, caches, FPU control, counter."""

from __future__ import annotations

from mcugen.errors import DeviceError
from mcugen.sim.peripherals import Bus, Signals, Storage

_AIRCR_KEY = 0x05FA
_SYSRESETREQ = 1 << 2
_TRCENA = 1 << 24
_CYCCNTENA = 1 << 0
_LAR_KEY = 0xC5AC_CE55
_WORD = 0xFFFF_FFFF

# The data cache of the STM32F746: 4 KB, four ways of 32 sets, lines of 32 bytes.
_CCSIDR_DATA = 0xF003_E019
_WAYS = range(4)
_SETS = range(32)
_DATA_CACHE_ENABLE = 1 << 16
_CCR = 0x0004_0200

# As on these cores, but the implementer is not Arm (0x41): 0 is kept for software, so that firmware
# can tell that it runs on no chip, and that nothing here counts cycles.
_CPUIDS = {"cortex-m4": 0x000F_C241, "cortex-m7": 0x001F_C271}
_FAULTS_ENABLE = 7 << 16


def add_core(bus: Bus, signals: Signals, core: str = "cortex-m7") -> None:
    """The registers of a Cortex-M4 or Cortex-M7 with FPU; only the M7 has caches."""
    bus.constant("CPUID", 0xE000_ED00, _CPUIDS[core])
    bus.storage("VTOR", 0xE000_ED08, mask=0xFFFF_FF80)
    bus.add("AIRCR", 0xE000_ED0C, lambda: 0xFA05_0000, lambda value: _aircr(signals, value))
    bus.storage("SHCSR", 0xE000_ED24, mask=_FAULTS_ENABLE)
    for name, address in (("CFSR", 0xE000_ED28), ("HFSR", 0xE000_ED2C)):
        bus.constant(name, address, 0)
    bus.storage("CPACR", 0xE000_ED88, mask=0x00F0_0000)
    bus.storage("FPCCR", 0xE000_EF34, 0xC000_0000)
    if core == "cortex-m7":
        _add_caches(bus, DataCache())
    else:
        bus.storage("CCR", 0xE000_ED14, _CCR)
    _add_cycle_counter(bus, CycleCounter(signals, has_lock=core == "cortex-m7"))


def _add_caches(bus: Bus, cache: DataCache) -> None:
    bus.constant("CCSIDR", 0xE000_ED80, _CCSIDR_DATA)
    bus.storage("CSSELR", 0xE000_ED84, mask=0xF)
    bus.add("CCR", 0xE000_ED14, cache.control.read, cache.write_control)
    bus.add("DCISW", 0xE000_EF60, lambda: 0, cache.invalidate)
    for name, address in (("ICIALLU", 0xE000_EF50), ("DCCMVAC", 0xE000_EF68)):
        bus.add(name, address, lambda: 0)


class DataCache:
    """Holds chance bits at power-up, and nothing else here: the memory behind it is always true.

    What would corrupt data on a chip is an error: switching the cache on before every line was
    declared invalid, and declaring lines invalid while it is on. Raises DeviceError D003.
    """

    def __init__(self) -> None:
        self.control = Storage(_CCR)
        self._by_chance = {(way, place) for way in _WAYS for place in _SETS}

    def invalidate(self, value: int) -> None:
        """DCISW: the way in the uppermost bits, the set above the five bits of a line's bytes."""
        if self.control.value & _DATA_CACHE_ENABLE:
            raise DeviceError("D003", "the data cache is invalidated while it may hold data")
        self._by_chance.discard((value >> 30, (value >> 5) % len(_SETS)))

    def write_control(self, value: int) -> None:
        if value & _DATA_CACHE_ENABLE and self._by_chance:
            way, place = min(self._by_chance)
            raise DeviceError(
                "D003",
                f"the data cache is switched on while {len(self._by_chance)} lines hold chance"
                f" bits, way {way} set {place} among them",
            )
        self.control.write(value)


def _aircr(signals: Signals, value: int) -> None:
    if value >> 16 == _AIRCR_KEY and value & _SYSRESETREQ:
        signals.reset()


def _add_cycle_counter(bus: Bus, counter: CycleCounter) -> None:
    counter.demcr = bus.storage("DEMCR", 0xE000_EDFC)
    bus.add("DWT_LAR", 0xE000_1FB0, lambda: 0, counter.unlock)
    bus.add("DWT_CTRL", 0xE000_1000, lambda: counter.control, counter.write_control)
    bus.add("DWT_CYCCNT", 0xE000_1004, counter.read, counter.write)


class CycleCounter:
    """CYCCNT counts executed instructions: the virtual board knows no cycles.

    With a lock, as on a Cortex-M7, it cannot be written until the key is written to LAR. It is
    frozen while tracing or the counter itself is off.
    """

    def __init__(self, signals: Signals, *, has_lock: bool = True) -> None:
        self.control = 0x4000_0000
        self.demcr = Storage()
        self._instructions = signals.instructions
        self._has_lock = has_lock
        self._unlocked = not has_lock
        self._offset = 0
        self._frozen_at = 0

    def unlock(self, value: int) -> None:
        self._unlocked = not self._has_lock or value == _LAR_KEY

    def write_control(self, value: int) -> None:
        if self._unlocked and self.demcr.value & _TRCENA:
            count = self.read()
            self.control = (self.control & ~_CYCCNTENA) | (value & _CYCCNTENA)
            self._set(count)

    def read(self) -> int:
        if not self._counting():
            return self._frozen_at
        return (self._instructions() - self._offset) & _WORD

    def write(self, value: int) -> None:
        if self._unlocked and self.demcr.value & _TRCENA:
            self._set(value)

    def _counting(self) -> bool:
        return bool(self.control & _CYCCNTENA and self.demcr.value & _TRCENA)

    def _set(self, count: int) -> None:
        self._frozen_at = count
        self._offset = self._instructions() - count
