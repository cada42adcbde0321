"""What is to be flashed, and the surroundings in which that happens."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mcugen import files
from mcugen.boards import Board
from mcugen.errors import UsageError
from mcugen.flash.discover import Drives, PortInfo, find_ports
from mcugen.flash.events import Listener
from mcugen.flash.port import Line, SerialPort
from mcugen.flash.stages import Patience
from mcugen.manifest import Manifest

IMAGE = "firmware.bin"
FULL_IMAGE = "firmware-full.bin"
"""Resident loader and application in one, from the start of flash."""


@dataclass(frozen=True)
class Ran:
    """A program that ended."""

    status: int
    output: str


def run_program(command: Sequence[str]) -> Ran:
    """Runs a program to its end; its two outputs together."""
    ended = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=300
    )
    return Ran(ended.returncode, ended.stdout.decode("utf-8", "replace"))


@dataclass(frozen=True)
class Surroundings:
    """The machine: its clock, ports, drives and programs."""

    open_port: Callable[[str, int], Line] = SerialPort
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    find_ports: Callable[[], tuple[PortInfo, ...]] = find_ports
    drives: Drives = field(default_factory=Drives)
    which: Callable[[str], str | None] = shutil.which
    run: Callable[[Sequence[str]], Ran] = run_program
    patience: Patience = field(default_factory=Patience)


@dataclass(frozen=True)
class Job:
    """A build and where it goes. ``port`` describes the serial port that the user named; ``named``
    says that he named the way, too."""

    folder: Path
    manifest: Manifest
    board: Board
    port: PortInfo
    baud: int
    dry_run: bool
    named: bool
    on_event: Listener
    surroundings: Surroundings

    @property
    def full_image(self) -> Path:
        """Loader and application. Raises WayFailedError when the build has none."""
        if FULL_IMAGE not in self.manifest.files:
            raise WayFailedError(f"the build has no {FULL_IMAGE}: {self.board.name} has no loader")
        return self.folder / FULL_IMAGE

    def read(self, name: str) -> bytes:
        """A file of the build. Raises UsageError U001, U003."""
        if name not in self.manifest.files:
            raise UsageError(
                "U003", f"the build has no {name}", where=str(self.folder), hint="build again"
            )
        path = self.folder / name
        try:
            return files.read_bytes(path, files.BUILT_BYTES)
        except OSError as error:
            raise UsageError("U001", f"{error.strerror}", where=str(path)) from error


class WayFailedError(Exception):
    """A way of flashing does not work here, but another one may. Its text says why."""
