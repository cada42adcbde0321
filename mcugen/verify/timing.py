"""How long an inference may take, from one input that is traced on the virtual board."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mcugen.boards import load_board_of_build
from mcugen.errors import McugenError
from mcugen.manifest import Manifest
from mcugen.timing import BlockTrace, Estimate, estimate, read_disassembly
from mcugen.toolchain import disassemble
from mcugen.verify.own import load_own

_MOST_INSTRUCTIONS = 200_000_000
"""What is traced in about six seconds."""


@dataclass(frozen=True)
class Timing:
    """``estimates`` as ``timing.estimate`` gives them; where there are none, ``note`` says why."""

    estimates: tuple[Estimate, ...] = ()
    note: str = ""


def time_of(folder: Path, manifest: Manifest, data: bytes) -> Timing:
    """Of the build in ``folder`` on an input. What keeps it from being estimated is no error."""
    if manifest.cost > _MOST_INSTRUCTIONS:
        return Timing(note=f"none is made above {_MOST_INSTRUCTIONS:,} instructions")
    if not manifest.has_firmware:
        return Timing(note="none: a core without a board has no clock")
    board = load_board_of_build(folder, manifest.board)
    try:
        code = read_disassembly(disassemble(folder / manifest.elf))
        estimates = estimate(board, code, trace_of(folder, manifest, data))
    except McugenError as error:
        return Timing(note=f"none: {error.what}")
    note = "" if estimates else "none: the board file does not tell the caches before the flash"
    return Timing(estimates, note)


def trace_of(folder: Path, manifest: Manifest, data: bytes) -> BlockTrace:
    """One inference of the build; the firmware is entered at the model, so that peripherals do not
    matter. Raises ToolchainError, UsageError U009 and DeviceError."""
    return load_own(folder, manifest, folder / manifest.elf).trace(data)
