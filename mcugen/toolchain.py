"""Runs the C compilers: ``arm-none-eabi-gcc`` for the board, ``cc`` for the host.

Sources are compiled with paths relative to the build folder, which is mapped to ``.`` in debug
information, so that two builds in different folders give the same bytes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from mcugen.errors import ToolchainError
from mcugen.includes import Headers
from mcugen.packages import how_to_install

GENERATED_WARNINGS = ("-Wall", "-Wextra", "-Wconversion", "-Wshadow")
"""What every file that mcugen writes must pass."""


_NO_ROOM = "No space left on device"
_HINT_ROOM = "make room on the disk: compilers also write below TMPDIR, or /tmp"
_HINT_BUG = "if the compiler is a usual release, please report this as a bug in mcugen"


@dataclass(frozen=True)
class Unit:
    """A C file (relative to the build folder) with the flags that are its own."""

    source: str
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Compiler:
    """A compiler driver with the flags that all units share.

    ``cache`` is a folder of objects from earlier compilations; they are found by the contents of
    the source and of the headers that it can see below the build folder, and the flags.
    """

    program: str
    flags: tuple[str, ...]
    cache: Path | None = None

    def compile(self, root: Path, units: Sequence[Unit], objects: Path) -> tuple[Path, ...]:
        """Objects of ``units``, in their order, below ``objects``. Raises ToolchainError."""
        require(self.program)
        objects.mkdir(parents=True, exist_ok=True)
        headers = Headers(root) if self.cache else None
        targets = [objects / f"{unit.source.replace('/', '__')}.o" for unit in units]
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            list(
                pool.map(
                    lambda pair: self._compile_unit(root, pair[0], pair[1], headers),
                    zip(units, targets, strict=True),
                )
            )
        return tuple(targets)

    def link(self, root: Path, objects: Sequence[Path], flags: Sequence[str], output: Path) -> None:
        """Links ``objects`` to ``output``. Raises ToolchainError T002 with what the linker said."""
        names = [os.path.relpath(path, root) for path in objects]
        target = os.path.relpath(output, root)
        _run(root, [self.program, *self.flags, *names, *flags, "-o", target])

    def _compile_unit(self, root: Path, unit: Unit, target: Path, headers: Headers | None) -> None:
        flags = [*self.flags, *unit.flags]
        cached = self._cached(root, unit, flags, headers)
        if cached is not None and cached.is_file():
            shutil.copyfile(cached, target)
            return
        mapping = f"-ffile-prefix-map={root.resolve()}=."
        _run(
            root,
            [self.program, *flags, mapping, "-c", unit.source, "-o", str(target.resolve())],
        )
        if cached is not None:
            _store(target, cached)

    def _cached(
        self, root: Path, unit: Unit, flags: Sequence[str], headers: Headers | None
    ) -> Path | None:
        if self.cache is None or headers is None:
            return None
        digest = hashlib.sha256(headers.digest((root / unit.source).read_bytes()))
        digest.update("\0".join([self.program, unit.source, *flags]).encode())
        return self.cache / f"{digest.hexdigest()}.o"


def _store(built: Path, cached: Path) -> None:
    """By rename, since several processes may fill the same cache."""
    cached.parent.mkdir(parents=True, exist_ok=True)
    partial = cached.with_suffix(f".{os.getpid()}.{built.name}")
    shutil.copyfile(built, partial)
    partial.replace(cached)


def require(program: str) -> str:
    """The program's path. Raises ToolchainError T001 saying how to install it."""
    path = shutil.which(program)
    if path is None:
        raise ToolchainError("T001", f"`{program}` is not installed", hint=how_to_install(program))
    return path


def disassemble(elf: Path) -> list[str]:
    """The lines that ``objdump`` prints of the code in an ELF file. Raises ToolchainError T001,
    T002."""
    require("arm-none-eabi-objdump")
    said = _run(elf.parent, ["arm-none-eabi-objdump", "-d", "--no-show-raw-insn", elf.name])
    return said.splitlines()


def objcopy(source: Path, output: Path, *flags: str) -> None:
    """Converts or changes an object file; with ``-O binary`` or ``-O ihex``, to raw bytes."""
    require("arm-none-eabi-objcopy")
    _run(
        source.parent,
        ["arm-none-eabi-objcopy", *flags, str(source.resolve()), str(output.resolve())],
    )


def version(program: str) -> str:
    """The first line of ``--version``."""
    require(program)
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return answer.stdout.partition("\n")[0]


def _run(folder: Path, command: Sequence[str]) -> str:
    """What the command prints."""
    environment = {**os.environ, "LC_ALL": "C", "SOURCE_DATE_EPOCH": "0"}
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env=environment
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise ToolchainError(
            "T002",
            f"`{command[0]}` failed with status {done.returncode}",
            where=" ".join(command),
            details=tuple(said[:20]),
            hint=_HINT_ROOM if _NO_ROOM in done.stderr else _HINT_BUG,
        )
    return done.stdout
