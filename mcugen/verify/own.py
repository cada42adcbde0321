"""Somebody's own program with a build's library in it, as an execution of the build."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mcugen.boards import load_board_of_build
from mcugen.image import read_image
from mcugen.linked import Program, read_program
from mcugen.manifest import Manifest

if TYPE_CHECKING:  # not every machine has the emulator that it needs
    from mcugen.sim.own_program import OwnProgram


@dataclass(frozen=True)
class OwnElf:
    """What is known of the program without running it: ``changed`` are constants of the library
    whose bytes are not those of the build."""

    program: Program
    changed: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        return {
            "file": str(self.program.path),
            "sha256": self.program.sha256,
            "changed": list(self.changed),
        }


def look_into(folder: Path, manifest: Manifest, elf: Path) -> OwnElf:
    """Raises UsageError U001, U009 and U010 for all that keeps the program from being run."""
    from mcugen.sim.own_library import changed_constants

    made = load_own(folder, manifest, elf)
    built = read_image(folder / manifest.elf)
    return OwnElf(made.program, changed_constants(made.program, built, manifest))


def load_own(folder: Path, manifest: Manifest, elf: Path) -> OwnProgram:
    """The program on the board of the build. Raises as ``look_into``, and ToolchainError T007."""
    from mcugen.sim.board import instruction_limit
    from mcugen.sim.own_library import find_library
    from mcugen.sim.own_program import OwnProgram

    program = read_program(elf)
    library = find_library(program, read_image(folder / manifest.elf), manifest)
    board = load_board_of_build(folder, manifest.board)
    return OwnProgram(board, program, library, manifest, instruction_limit(manifest.macs))
