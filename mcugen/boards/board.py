"""A board as its description says, and what follows from that.

All addresses and sizes are bytes, all clocks Hz.
"""

from __future__ import annotations

from dataclasses import dataclass

PORTS = "ABCDEFGHIJK"
"""The letters of an STM32's ports, in the order of their addresses."""

_MAILBOX_BYTES = 32
_VARIABLES_BYTES = 4096
_COMMON_SOURCES = (
    "startup.c",
    "fault.c",
    "main.c",
    "console.c",
    "frame.c",
    "cobs.c",
    "crc32.c",
)


@dataclass(frozen=True)
class Chip:
    """``family`` chooses the peripherals of the virtual board; ``product_id`` is the ROM
    bootloader's name for the chip."""

    part: str
    family: str
    core: str
    fpu: str
    dsp: bool
    interrupts: int
    product_id: int | None = None
    uid_address: int | None = None
    flash_size_address: int | None = None


@dataclass(frozen=True)
class Pll:
    """hz = source_hz / m * n / p; the firmware falls back to source_hz when it will not lock."""

    source_hz: int
    m: int
    n: int
    p: int
    q: int
    apb1_divider: int
    apb2_divider: int
    flash_wait_states: int


@dataclass(frozen=True)
class Clock:
    """The core's clock, and the PLL that makes it where there is one."""

    hz: int
    pll: Pll | None = None


@dataclass(frozen=True)
class Pin:
    """A pin of an STM32 port and the alternate function that connects it."""

    port: str
    pin: int
    function: int

    @property
    def port_index(self) -> int:
        return PORTS.index(self.port)

    @property
    def name(self) -> str:
        return f"P{self.port}{self.pin}"


@dataclass(frozen=True)
class Wiring:
    """What must be switched before a UART reaches its pins: its clock bit, then the pins."""

    enable_register: int
    enable_bit: int
    tx: Pin
    rx: Pin


@dataclass(frozen=True)
class Console:
    """The UART behind the board's USB serial port; ``clock_hz`` feeds it at full speed."""

    peripheral: str
    base: int
    clock_hz: int
    baud: int
    wiring: Wiring | None = None


@dataclass(frozen=True)
class Region:
    """A range of addresses."""

    name: str
    base: int
    size: int

    @property
    def end(self) -> int:
        return self.base + self.size

    def __contains__(self, address: object) -> bool:
        return isinstance(address, int) and self.base <= address < self.end


@dataclass(frozen=True)
class Flash:
    """Flash memory and its erase sectors, in order from ``base``."""

    base: int
    size: int
    sectors: tuple[int, ...]


@dataclass(frozen=True)
class Application:
    """Where the application lies; ``ram`` names adjacent memories that the linker joins."""

    start: int
    ram: tuple[str, ...]
    stack_bytes: int


@dataclass(frozen=True)
class Firmware:
    """The sources that this board adds to the common ones: clock, UART, caches, cycle counter."""

    sources: tuple[str, ...]


@dataclass(frozen=True)
class Board:
    """A board as its TOML file describes it, and what follows from that."""

    schema: int
    id: str
    name: str
    target: str
    default: bool
    usb_serial: str
    tried: str
    chip: Chip
    clock: Clock
    console: Console
    flash: Flash
    memory: tuple[Region, ...]
    application: Application
    firmware: Firmware

    @property
    def ram(self) -> Region:
        """The application's RAM: mailbox, stack, variables, arena."""
        parts = self._ram_parts()
        return Region("RAM", parts[0].base, sum(part.size for part in parts))

    @property
    def application_flash(self) -> Region:
        """The flash from the application's start to the end."""
        end = self.flash.base + self.flash.size
        return Region("FLASH", self.application.start, end - self.application.start)

    @property
    def mailbox_bytes(self) -> int:
        """RAM at its very start that no start-up code clears: words for what runs after a reset."""
        return _MAILBOX_BYTES

    @property
    def arena_limit(self) -> int:
        """The largest arena: all RAM but mailbox, stack and the firmware's own variables."""
        kept = _MAILBOX_BYTES + self.application.stack_bytes + _VARIABLES_BYTES
        return self.ram.size - kept

    @property
    def vector_table_alignment(self) -> int:
        """The table's size rounded up to a power of two (ARMv7-M, VTOR)."""
        return 1 << (4 * (16 + self.chip.interrupts) - 1).bit_length()

    @property
    def firmware_sources(self) -> tuple[str, ...]:
        """C files to compile, relative to ``resources.firmware_dir()``."""
        return _COMMON_SOURCES + self.firmware.sources

    @property
    def cpu_flags(self) -> tuple[str, ...]:
        """Flags that every compilation and the link must share."""
        return (f"-mcpu={self.chip.core}", "-mthumb", f"-mfpu={self.chip.fpu}", "-mfloat-abi=hard")

    @property
    def compile_flags(self) -> tuple[str, ...]:
        """``cpu_flags`` and what suits all C of a firmware; warnings and -O are the caller's."""
        return (*self.cpu_flags, "-std=c11", "-ffunction-sections", "-fdata-sections")

    @property
    def link_flags(self) -> tuple[str, ...]:
        """For the compiler driver, after the objects; the caller adds -T and -Wl,-Map=.

        newlib proper, not newlib-nano, whose memcpy copies byte by byte.
        """
        return (*self.cpu_flags, "-nostartfiles", "-Wl,--gc-sections,--build-id=none", "-lm")

    def _ram_parts(self) -> tuple[Region, ...]:
        by_name = {region.name: region for region in self.memory}
        return tuple(by_name[name] for name in self.application.ram)
