"""A board as its description says, and what follows from that.

All addresses and sizes are bytes, all clocks Hz.
"""

from __future__ import annotations

from dataclasses import dataclass

from mcugen.boards.core import DATA_CACHE_LINES, OPTIONAL_DSP, WITH_MVE, Core

PORTS = "ABCDEFGHIJK"
"""The letters of an STM32's ports, in the order of their addresses."""

CONTROLLERS = ("QUADSPI",)
"""Units that make flash outside the chip readable like memory, as far as firmware and virtual board
know them."""

PLAIN_FAMILY = "core"
"""Of a core without a board: there is no firmware for it."""

LOADER_BYTES_MAX = 8 * 1024
"""The resident loader's share of the flash before ``application.start``."""

_MAILBOX_BYTES = 32
_VARIABLES_BYTES = 4096
_PLAIN_VARIABLES_BYTES = 256
"""What a library and the C library may have besides the arena."""

_COMMON_SOURCES = (
    "startup.c",
    "fault.c",
    "main.c",
    "port.c",
)
_LOADER_SOURCES = (
    "loader/startup.c",
    "loader/main.c",
    "loader/protocol.c",
    "loader/target.c",
    "loader/application.c",
    "console/mcugen_crc32.c",
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

    @property
    def cpu(self) -> Core:
        return Core(self.core, self.dsp, DATA_CACHE_LINES[self.core], self.core in WITH_MVE)

    @property
    def flags(self) -> tuple[str, ...]:
        """What tells gcc the core; without an FPU no register of one passes an argument."""
        lacks_dsp = self.core in OPTIONAL_DSP and not self.dsp
        cpu = (f"-mcpu={self.core}{'+nodsp' if lacks_dsp else ''}", "-mthumb")
        if self.fpu == "none":
            return (*cpu, "-mfloat-abi=soft")
        return (*cpu, f"-mfpu={self.fpu}", "-mfloat-abi=hard")


@dataclass(frozen=True)
class Rom:
    """The chip's ROM bootloader: the pins it listens on, and whether the board's USB serial port
    is wired to such pins."""

    pins: tuple[str, ...]
    on_usb_serial: bool


@dataclass(frozen=True)
class Pll:
    """hz = source_hz / m * n / p, where p is the divider of whatever output feeds the core (R on
    an STM32L4); the firmware falls back to the clock of the reset when the PLL will not lock."""

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
    """What must be switched before a UART reaches its pins: its clock bit, then the pins.

    Port n has its registers at ``ports_base`` + 0x400 n and its clock at bit n of
    ``ports_enable_register``.
    """

    enable_register: int
    enable_bit: int
    ports_base: int
    ports_enable_register: int
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
class ExternalFlash:
    """Flash outside the chip that the core reads like memory, once ``sources`` of the firmware have
    set up ``pins`` and the unit called ``controller``. ``program`` is the command that writes
    ``{file}`` to it."""

    name: str
    base: int
    size: int
    controller: str
    pins: tuple[Pin, ...]
    sources: tuple[str, ...]
    program: str

    @property
    def region(self) -> Region:
        return Region(self.name, self.base, self.size)

    @property
    def address_bits(self) -> int:
        """So many bits tell its bytes from each other."""
        return self.size.bit_length() - 1


@dataclass(frozen=True)
class SectorRun:
    """``count`` erase sectors of ``bytes`` each, one after the other."""

    count: int
    bytes: int


@dataclass(frozen=True)
class BankMode:
    """Another division into sectors, which the chip has when bit ``option_bit`` of the option word
    at ``option_address`` reads as ``value``. The word is only ever read."""

    option_address: int
    option_bit: int
    value: int
    layout: tuple[SectorRun, ...]

    @property
    def sectors(self) -> tuple[int, ...]:
        """Sector sizes in the order of their numbers."""
        return _sizes(self.layout)


@dataclass(frozen=True)
class Accelerator:
    """The caches between a Cortex-M4 and its flash ("ART"), each line wherever there is room.

    A line has ``line_bytes`` and is filled by reads of ``read_bytes`` at once, each of which takes
    the wait states of the clock.
    """

    read_bytes: int
    line_bytes: int
    code_lines: int
    data_lines: int


@dataclass(frozen=True)
class Flash:
    """Flash memory, divided into erase sectors as it leaves the factory.

    Sectors are numbered from 0 at ``base``, through both banks, as ST's ROM numbers them.
    ``program_bytes`` is what can be programmed at once, ``other_mode`` a bank mode in which the
    sectors are others. ``accelerator`` is None where none is known.
    """

    base: int
    size: int
    program_bytes: int
    layout: tuple[SectorRun, ...]
    other_mode: BankMode | None = None
    accelerator: Accelerator | None = None

    @property
    def sectors(self) -> tuple[int, ...]:
        """Sector sizes in the order of their numbers."""
        return _sizes(self.layout)

    def sectors_when(self, option_word: int) -> tuple[int, ...]:
        """Sector sizes on a chip where ``other_mode.option_address`` holds this word."""
        mode = self.other_mode
        if mode is not None and option_word >> mode.option_bit & 1 == mode.value:
            return mode.sectors
        return self.sectors


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
class Loader:
    """The sources that the resident loader needs on this board besides the common ones."""

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
    rom: Rom | None = None
    loader: Loader | None = None
    external: tuple[ExternalFlash, ...] | None = None

    @property
    def ram(self) -> Region:
        """The application's RAM: mailbox, stack, variables, arena."""
        parts = self._ram_parts()
        return Region("RAM", parts[0].base, sum(part.size for part in parts))

    @property
    def has_firmware(self) -> bool:
        """Whether there is more than a core to run a library on."""
        return self.chip.family != PLAIN_FAMILY

    @property
    def application_flash(self) -> Region:
        """The flash from the application's start to the end."""
        end = self.flash.base + self.flash.size
        return Region("FLASH", self.application.start, end - self.application.start)

    @property
    def loader_flash(self) -> Region:
        """The flash that the resident loader may take."""
        return Region("LOADER", self.flash.base, LOADER_BYTES_MAX)

    def readable(self, *, no_read: bool = False) -> tuple[Region, ...]:
        """What the resident loader lets a host read: memories, and what identifies the chip.

        With ``no_read`` only what identifies chip and loader.
        """
        mode = self.flash.other_mode
        marks = (
            ("UID", self.chip.uid_address, 12),
            ("flash size", self.chip.flash_size_address, 2),
            ("option word", None if mode is None else mode.option_address, 4),
        )
        loader = self.application.start - self.flash.base
        memories = (Region("flash", self.flash.base, self.flash.size), *self.memory)
        return (
            *((Region("loader", self.flash.base, loader),) if no_read else memories),
            *(Region(name, base, size) for name, base, size in marks if base is not None),
        )

    @property
    def loader_sources(self) -> tuple[str, ...]:
        """C files of the resident loader, relative to ``resources.firmware_dir()``; none where no
        loader is made for the board."""
        return () if self.loader is None else _LOADER_SOURCES + self.loader.sources

    @property
    def mailbox_bytes(self) -> int:
        """RAM at its very start that no start-up code clears: words for what runs after a reset."""
        return _MAILBOX_BYTES if self.has_firmware else 0

    @property
    def stack_top_bytes(self) -> int:
        """RAM that mailbox and stack take, from its start on."""
        return self.mailbox_bytes + self.application.stack_bytes

    @property
    def variables_bytes(self) -> int:
        """RAM that is kept for the firmware's own variables."""
        return _VARIABLES_BYTES if self.has_firmware else _PLAIN_VARIABLES_BYTES

    @property
    def arena_limit(self) -> int:
        """The largest arena: all RAM but mailbox, stack and the firmware's own variables."""
        return self.ram.size - self.stack_top_bytes - self.variables_bytes

    @property
    def externals(self) -> tuple[ExternalFlash, ...]:
        """Flash outside the chip."""
        return self.external or ()

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
        return self.chip.flags

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


def _sizes(layout: tuple[SectorRun, ...]) -> tuple[int, ...]:
    return tuple(run.bytes for run in layout for _ in range(run.count))
