"""How long an inference may take, from one input that is traced on the virtual board."""

from __future__ import annotations

from pathlib import Path

from mcugen.boards import load_board_of_build
from mcugen.manifest import Manifest
from mcugen.timing import BlockTrace, Estimate, estimate, read_disassembly
from mcugen.toolchain import disassemble
from mcugen.verify.own import load_own


def estimate_time(folder: Path, manifest: Manifest, data: bytes) -> tuple[Estimate, ...]:
    """Of the build in ``folder`` on an input: see ``timing.estimate``.

    The firmware is entered at the model, so peripherals do not matter. Raises ToolchainError where
    a program is missing that it takes.
    """
    board = load_board_of_build(folder, manifest.board)
    elf = folder / "firmware.elf"
    code = read_disassembly(disassemble(elf))
    return estimate(board, code, trace_of(folder, manifest, data))


def trace_of(folder: Path, manifest: Manifest, data: bytes) -> BlockTrace:
    """One inference of the build. Raises ToolchainError and DeviceError."""
    return load_own(folder, manifest, folder / "firmware.elf").trace(data)
