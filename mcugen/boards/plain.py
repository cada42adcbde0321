"""A core with flash and RAM and no board around it, for which only the library is made.

Its memories lie where Arm's memory map and most chips have them. All sizes are bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mcugen.boards.board import (
    PLAIN_FAMILY,
    Application,
    Board,
    Chip,
    Clock,
    Console,
    Firmware,
    Flash,
    Region,
    SectorRun,
)
from mcugen.boards.core import FPUS, OPTIONAL_DSP, WITHOUT_DSP
from mcugen.errors import BoardError, UsageError

SCHEMA = 1
_FLASH_BASE, _RAM_BASE = 0x0800_0000, 0x2000_0000
_FLASH_MAX, _RAM_MAX = 256 << 20, 512 << 20
_STACK_BYTES = 2048
_PAGE = 4096
"""What the emulator maps memory by."""

_SIZE = re.compile(r"(\d{1,10})\s*([KM]?)(?:i?B)?", re.IGNORECASE | re.ASCII)
_FACTORS = {"": 1, "K": 1 << 10, "M": 1 << 20}
_NAME = re.compile(r"(?:arm)?(?:cortex)?m(\d+)(plus)?")
_CORE_LIKE = re.compile(r"(?:arm)?(?:cortex.*|m\d+(?:plus)?)")


@dataclass(frozen=True)
class CoreOptions:
    """What is said about a core besides its name; sizes as in "256K". None: not said."""

    ram: str | int | None = None
    flash: str | int | None = None
    fpu: str | None = None
    dsp: bool | None = None

    @property
    def given(self) -> tuple[str, ...]:
        """The options that were named, as on the command line."""
        named = {"--ram": self.ram, "--flash": self.flash, "--fpu": self.fpu, "--dsp": self.dsp}
        return tuple(name for name, value in named.items() if value is not None)


@dataclass(frozen=True)
class PlainCore:
    """What a description of a core says, in a file as a board's has."""

    schema: int
    core: str
    ram: int
    flash: int
    fpu: str
    dsp: bool

    @property
    def text(self) -> str:
        """The description, as TOML."""
        return (
            "# A core and its memories, without a board: mcugen makes the library for it.\n"
            f'schema = {self.schema}\ncore = "{self.core}"\nram = {self.ram}\n'
            f'flash = {self.flash}\nfpu = "{self.fpu}"\ndsp = {str(self.dsp).lower()}\n'
        )

    @property
    def board(self) -> Board:
        """The core as a board that has nothing else. Raises BoardError B002 or UsageError U006."""
        _check(self)
        name = _title(self.core)
        return Board(
            schema=SCHEMA,
            id=self.core,
            name=name,
            target=self.core,
            default=False,
            usb_serial="none: a core without a board",
            tried="QEMU only" if self.core == "cortex-m55" else "virtual core; not on hardware",
            chip=Chip(name, PLAIN_FAMILY, self.core, FPUS[self.core][self.fpu], self.dsp, 0),
            clock=Clock(0),
            console=Console("none", 0, 0, 0),
            flash=Flash(_FLASH_BASE, self.flash, 1, (SectorRun(1, self.flash),)),
            memory=(Region("RAM", _RAM_BASE, self.ram),),
            application=Application(_FLASH_BASE, ("RAM",), _STACK_BYTES),
            firmware=Firmware(()),
        )


LARGEST = CoreOptions(_RAM_MAX, _FLASH_MAX)
"""More memory than a model needs that is only looked at."""


def core_named(name: str) -> str | None:
    """The core that a name means, with or without ``cortex-`` and in any case.

    Raises BoardError B001 for what can only be a core and is none of those that are known.
    """
    plain = "".join(letter for letter in name.casefold().replace("+", "plus") if letter.isalnum())
    found = _NAME.fullmatch(plain)
    core = found and f"cortex-m{found.group(1)}{found.group(2) or ''}"
    if core in FPUS:
        return core
    if _CORE_LIKE.fullmatch(plain):
        raise BoardError("B001", f"no core is called `{name}`", hint=f"cores: {', '.join(FPUS)}")
    return None


def plain_core(core: str, options: CoreOptions) -> PlainCore:
    """A core with the memory that was named. Raises UsageError U006 for options that lack or that
    the core cannot have."""
    lacking = [
        f"`{name}`"
        for name, value in (("--ram", options.ram), ("--flash", options.flash))
        if value is None
    ]
    if options.ram is None or options.flash is None:
        raise UsageError(
            "U006",
            f"`{core}` is a core: say how much memory the chip has, {' and '.join(lacking)}",
            hint=f"for example `--target {core} --ram 256K --flash 1M`",
        )
    fpu = next(iter(FPUS[core])) if options.fpu is None else options.fpu
    dsp = core not in WITHOUT_DSP if options.dsp is None else options.dsp
    sizes = _bytes(options.ram, "--ram", _RAM_MAX), _bytes(options.flash, "--flash", _FLASH_MAX)
    made = PlainCore(SCHEMA, core, *sizes, fpu, dsp)
    _check(made)
    return made


def refuse_core_options(board: str, options: CoreOptions) -> None:
    """Raises UsageError U006 where a board is told what only a core is told."""
    if options.given:
        raise UsageError(
            "U006",
            f"{options.given[0]} does not go with the board {board}, which says it itself",
            hint=f"leave it out, or take a core as target: {', '.join(FPUS)}",
        )


def _check(core: PlainCore) -> None:
    """Raises UsageError U006 for what no such core has."""
    if core.core not in FPUS or core.schema != SCHEMA:
        raise BoardError("B001", f"no core is called `{core.core}`", hint=f"{', '.join(FPUS)}")
    name, fpus = _title(core.core), FPUS[core.core]
    if core.fpu not in fpus:
        raise UsageError(
            "U006", f"a {name} has no such FPU: `{core.fpu}`", hint=f"`--fpu` {' or '.join(fpus)}"
        )
    if core.dsp and core.core in WITHOUT_DSP:
        raise UsageError("U006", f"a {name} has no DSP extension", hint="leave `--dsp` out")
    if not core.dsp and core.core not in (*WITHOUT_DSP, *OPTIONAL_DSP):
        raise UsageError("U006", f"every {name} has the DSP extension", hint="leave it out")
    for option, size, most in (
        ("--ram", core.ram, _RAM_MAX),
        ("--flash", core.flash, _FLASH_MAX),
    ):
        if not 0 < size <= most or size % _PAGE:
            raise UsageError(
                "U006",
                f"{option} is {size:,} bytes: it must be a multiple of 4K, at most {most >> 20}M",
                hint="the next smaller multiple will do",
            )


def _bytes(size: str | int, option: str, most: int) -> int:
    if isinstance(size, int):
        return size
    found = _SIZE.fullmatch(size.strip())
    if found is None:
        raise UsageError(
            "U006",
            f"{option} `{size}` is not a size",
            hint="bytes, or with K or M behind: `256K`, `1M`",
        )
    return int(found.group(1)) * _FACTORS[found.group(2).upper()]


def _title(core: str) -> str:
    """As Arm spells it."""
    return core.replace("cortex-m", "Cortex-M").replace("plus", "+")
