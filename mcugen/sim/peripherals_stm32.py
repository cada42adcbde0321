"""What STM32F4 and STM32F7 have in common: clocks, power, flash timing, ports, identification.

Ready bits follow the bits that ask for them, and only where the manual's conditions hold. A unit
without its clock reads as zero and ignores writes. Time is not modelled.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mcugen.boards import Board, Pin, Pll
from mcugen.errors import DeviceError
from mcugen.sim.peripherals import Bus, Faults, Storage

_RCC = 0x4002_3800
_PWR = 0x4000_7000
_FLASH = 0x4002_3C00
_GPIO = 0x4002_0000
_DBGMCU = 0xE004_2000
_APB1ENR = _RCC + 0x40
_PORT_REGISTERS = (
    ("MODER", 0x00),
    ("OTYPER", 0x04),
    ("OSPEEDR", 0x08),
    ("PUPDR", 0x0C),
    ("ODR", 0x14),
    ("AFRL", 0x20),
    ("AFRH", 0x24),
)
_MODER_RESET = {0: 0xA800_0000, 1: 0x0000_0280}

_PLLON, _PLLRDY = 1 << 24, 1 << 25
_HSION, _HSIRDY = 1 << 0, 1 << 1
_ODEN, _ODSWEN = 1 << 16, 1 << 17
_VOSRDY = 1 << 14
_SW_HSI, _SW_PLL = 0, 2
_MODE_ALTERNATE = 2

_HZ_PER_WAIT_STATE = 30_000_000  # at 2.7 to 3.6 V (table "number of wait states")
_UID = (0x0030_0025, 0x3138_510D, 0x3634_3838)  # the shape of a real one: wafer position and lot


@dataclass(frozen=True)
class Family:
    """Where the families differ. ``acr_mask`` has the bits of FLASH_ACR that exist; the limits are
    those of the manual at full voltage, in Hz. ``optcr`` is the reset value of FLASH_OPTCR, whose
    halves the option bytes hold, each with its complement."""

    ports: int
    acr_mask: int
    ahb1_enabled: int
    hz_without_overdrive: int
    apb1_hz_max: int
    apb2_hz_max: int
    option_bytes: int
    optcr: int


def add_stm32(bus: Bus, board: Board, family: Family, faults: Faults) -> Clocks:
    """All registers but those of the console and the flash controller."""
    assert board.clock.pll is not None
    clocks = Clocks(bus, board.clock.pll, family, faults)
    _add_ports(bus, clocks, family.ports)
    _add_identification(bus, board)
    _add_option_bytes(bus, family)
    return clocks


class Clocks:
    """RCC, PWR and FLASH_ACR, which only make sense together."""

    def __init__(self, bus: Bus, pll: Pll, family: Family, faults: Faults) -> None:
        self._hsi_hz = pll.source_hz
        self._family = family
        self._faults = faults
        self._cr = Storage(0x83, mask=_HSION | _PLLON | 0xF8)
        self._pllcfgr = Storage(0x2400_3010)
        self._cfgr = Storage(0)
        self._cr1 = Storage(0xC000)
        self._acr = Storage(0, mask=family.acr_mask)
        self._enables = {
            _RCC + offset: bus.storage(name, _RCC + offset, reset)
            for name, offset, reset in (
                ("RCC_AHB1ENR", 0x30, family.ahb1_enabled),
                ("RCC_APB1ENR", 0x40, 0),
                ("RCC_APB2ENR", 0x44, 0),
            )
        }
        bus.add("RCC_CR", _RCC + 0x00, self._read_cr, self._write_cr)
        bus.add("RCC_PLLCFGR", _RCC + 0x04, self._pllcfgr.read, self._write_pllcfgr)
        bus.add("RCC_CFGR", _RCC + 0x08, self._read_cfgr, self._write_cfgr)
        powered = self.gate(_APB1ENR, 28)
        add_gated(bus, "PWR_CR1", _PWR + 0x00, self._cr1, powered)
        bus.add("PWR_CSR1", _PWR + 0x04, lambda: self._read_csr1() if powered() else 0)
        bus.add("FLASH_ACR", _FLASH + 0x00, self._acr.read, self._write_acr)

    def gate(self, register: int, bit: int) -> Callable[[], bool]:
        """Whether the clock behind this enable bit runs."""
        storage = self._enables[register]
        return lambda: bool(storage.value >> bit & 1)

    def bus_hz(self, enable_register: int) -> int:
        """The clock of the bus whose units this register enables."""
        shift = 10 if enable_register == _APB1ENR else 13
        return self.core_hz() // _divider(self._cfgr.value >> shift & 7)

    def _pll_runs(self) -> bool:
        return bool(self._cr.value & _PLLON) and not self._faults.pll_never_locks

    def _source(self) -> int:
        wanted = self._cfgr.value & 3
        return _SW_PLL if wanted == _SW_PLL and self._pll_runs() else _SW_HSI

    def core_hz(self) -> int:
        """The clock of the core and its buses."""
        if self._source() == _SW_HSI:
            return self._hsi_hz
        bits = self._pllcfgr.value
        m, n, p = bits & 0x3F, bits >> 6 & 0x1FF, 2 * (bits >> 16 & 3) + 2
        return self._hsi_hz * n // (m * p) if m else 0

    def _read_cr(self) -> int:
        ready = _HSIRDY if self._cr.value & _HSION else 0
        return self._cr.value | ready | (_PLLRDY if self._pll_runs() else 0)

    def _write_cr(self, value: int) -> None:
        if self._source() == _SW_PLL and not value & _PLLON:
            raise DeviceError("D003", "the PLL is switched off while the core runs from it")
        self._cr.write(value)

    def _write_pllcfgr(self, value: int) -> None:
        if self._cr.value & _PLLON:
            raise DeviceError("D003", "RCC_PLLCFGR is written while the PLL is on")
        self._pllcfgr.write(value)

    def _read_cfgr(self) -> int:
        return (self._cfgr.value & ~0xC) | self._source() << 2

    def _write_cfgr(self, value: int) -> None:
        self._cfgr.write(value)
        self._check_speed()

    def _read_csr1(self) -> int:
        """ODRDY and ODSWRDY stand at the places of ODEN and ODSWEN in CR1."""
        asked = self._cr1.value
        ready = _VOSRDY if self._pll_runs() else 0
        if asked & _ODEN and self._pll_runs():
            ready |= asked & (_ODEN | _ODSWEN)
        return ready

    def _write_acr(self, value: int) -> None:
        self._acr.write(value)
        self._check_speed()

    def _check_speed(self) -> None:
        hz, family = self.core_hz(), self._family
        wait_states = self._acr.value & 0xF
        if hz > (wait_states + 1) * _HZ_PER_WAIT_STATE:
            raise DeviceError("D003", f"{hz} Hz with {wait_states} flash wait states is too fast")
        if hz > family.hz_without_overdrive and not self._read_csr1() & _ODSWEN:
            raise DeviceError("D003", f"{hz} Hz without overdrive is too fast")
        if (
            self.bus_hz(_APB1ENR) > family.apb1_hz_max
            or self.bus_hz(_RCC + 0x44) > family.apb2_hz_max
        ):
            raise DeviceError("D003", f"the peripheral buses are too fast at {hz} Hz")


def add_gated(
    bus: Bus, name: str, address: int, register: Storage, runs: Callable[[], bool]
) -> None:
    """A register of a unit that is dead without its clock."""

    def read() -> int:
        return register.value if runs() else 0

    def write(value: int) -> None:
        if runs():
            register.write(value)

    bus.add(name, address, read, write)


@dataclass(frozen=True)
class PinState:
    """How a pin is set up, read as the firmware would read it."""

    bus: Bus
    pin: Pin

    def connected(self) -> bool:
        """In alternate mode, with the function that the board's wiring needs."""
        base = _GPIO + 0x400 * self.pin.port_index
        mode = self.bus.read(base, 4) >> 2 * self.pin.pin & 3
        functions = self.bus.read(base + 0x20 + 4 * (self.pin.pin // 8), 4)
        function = functions >> 4 * (self.pin.pin % 8) & 0xF
        return mode == _MODE_ALTERNATE and function == self.pin.function


def _divider(bits: int) -> int:
    """A prescaler field: 0xx is 1, then 2, 4, 8, 16."""
    return 1 << (bits - 3) if bits >= 4 else 1


def _add_ports(bus: Bus, clocks: Clocks, ports: int) -> None:
    for port in range(ports):
        runs = clocks.gate(_RCC + 0x30, port)
        for name, offset in _PORT_REGISTERS:
            reset = _MODER_RESET.get(port, 0) if name == "MODER" else 0
            address = _GPIO + 0x400 * port + offset
            add_gated(bus, f"GPIO{chr(65 + port)}_{name}", address, Storage(reset), runs)


def _add_identification(bus: Bus, board: Board) -> None:
    chip = board.chip
    if chip.product_id is not None:
        bus.constant("DBGMCU_IDCODE", _DBGMCU, 0x1001_0000 | chip.product_id)
    if chip.uid_address is not None:
        for index, word in enumerate(_UID):
            bus.constant(f"UID{index}", chip.uid_address + 4 * index, word)
    if chip.flash_size_address is not None:
        address = chip.flash_size_address
        kilobytes = board.flash.size // 1024
        bus.constant("FLASH_SIZE", address & ~3, kilobytes << 8 * (address & 3))


def _add_option_bytes(bus: Bus, family: Family) -> None:
    bus.add("FLASH_OPTCR", _FLASH + 0x14, lambda: family.optcr, _refuse_option_bytes)
    for index in range(2):
        half = family.optcr >> 16 * index & 0xFFFF
        address = family.option_bytes + 8 * index
        bus.constant(f"OPTION_BYTES{index}", address, half | (half ^ 0xFFFF) << 16)


def _refuse_option_bytes(value: int) -> None:
    raise DeviceError("D003", f"the firmware writes 0x{value:08x} to the option bytes")
