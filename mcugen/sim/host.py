"""The native build: the generated C compiled for this machine and run layer by layer."""

from __future__ import annotations

import shutil
import signal
import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mcugen import resources
from mcugen.emit import emit_console
from mcugen.errors import DeviceError
from mcugen.kernels import FAMILIES, family_of, kernels_once
from mcugen.staging import copy_libraries, write_tree
from mcugen.toolchain import GENERATED_WARNINGS, Compiler, Unit

SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g")

_SOURCES = ("host/trace.c", "console/mcugen_model.h")

_SECONDS_AN_INPUT = 70.0
"""More than the program gives itself, by ``alarm``."""


_PIECE = struct.Struct("=III")
"""Before the bytes of a piece: layer, offset and how many bytes."""


@dataclass(frozen=True)
class HostBuild:
    """A program that traces its model of a ``number``; ``layer_bytes`` are the sizes of the layers'
    outputs."""

    program: Path
    layer_bytes: tuple[int, ...]
    number: int = 0

    def trace(self, inputs: Sequence[bytes]) -> tuple[tuple[bytes, ...], ...]:
        """For each input the output of every layer. Raises DeviceError D003 if the program dies."""
        try:
            done = subprocess.run(
                [str(self.program), str(self.number)],
                input=b"".join(inputs),
                capture_output=True,
                check=False,
                timeout=_SECONDS_AN_INPUT * max(1, len(inputs)),
            )
        except subprocess.TimeoutExpired as error:
            raise DeviceError("D001", "the host build does not come to an end") from error
        if done.returncode == -getattr(signal, "SIGALRM", 14):  # Windows has none
            raise DeviceError("D001", "the host build does not come to an end")
        if done.returncode != 0:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise DeviceError(
                "D003",
                f"the host build ended with status {done.returncode}",
                details=tuple(said[:20]),
            )
        return self._split(done.stdout, len(inputs))

    def _split(self, stream: bytes, inputs: int) -> tuple[tuple[bytes, ...], ...]:
        traces = []
        at = 0
        for _ in range(inputs):
            layers = [bytearray() for _ in self.layer_bytes]
            while tuple(map(len, layers)) != self.layer_bytes:
                at = self._take_piece(stream, at, layers)
            traces.append(tuple(map(bytes, layers)))
        if at != len(stream):
            raise _unplanned()
        return tuple(traces)

    def _take_piece(self, stream: bytes, at: int, layers: list[bytearray]) -> int:
        """Adds a piece to its layer; the answer is where the next one begins."""
        if at + _PIECE.size > len(stream):
            raise _unplanned()
        layer, offset, size = _PIECE.unpack_from(stream, at)
        begin = at + _PIECE.size
        if layer >= len(layers) or offset != len(layers[layer]) or begin + size > len(stream):
            raise _unplanned()
        layers[layer] += stream[begin : begin + size]
        return int(begin + size)


def _unplanned() -> DeviceError:
    return DeviceError("D002", "the host build wrote other pieces of its layers than planned")


def build_host(
    library: Path,
    work: Path,
    layer_bytes: Sequence[int],
    *,
    names: Sequence[str] = (),
    sanitize: bool = False,
    cache: Path | None = None,
) -> HostBuild:
    """Compiles the ``library`` in the folder of its name below ``work``. Raises ToolchainError.

    ``names`` are all that are built with it, from folders beside its own.
    """
    names = names or (library.name,)
    root = work / "source"
    shutil.rmtree(root, ignore_errors=True)
    copy_libraries(library.parent, names, root)
    for source in _SOURCES:
        shutil.copyfile(resources.firmware_dir() / source, root / Path(source).name)
    write_tree(root, emit_console((), names))
    includes = sorted({path.parent.relative_to(root) for path in root.rglob("*.h")})
    # A sanitizer at -O2 spends minutes on the unrolled kernels; -O1 finds the same faults.
    flags = ("-std=gnu11", "-O1", *SANITIZERS) if sanitize else ("-std=gnu11", "-O2")
    compiler = Compiler(
        "cc",
        (*flags, *host_flags(), *(f"-I{include}" for include in includes)),
        cache,
    )
    paths = sorted(path.relative_to(root).as_posix() for path in root.rglob("*.c"))
    sources = kernels_once(paths)
    units = [Unit(path, _warnings(path)) for path in sources]
    objects = compiler.compile(root, units, work / "objects")
    program = work / "trace"
    compiler.link(root, objects, (), program)
    return HostBuild(program, tuple(layer_bytes), names.index(library.name))


def host_flags() -> tuple[str, ...]:
    """What makes every family of kernels take its portable path."""
    return tuple(flag for family in FAMILIES for flag in family.host_flags)


def _warnings(path: str) -> tuple[str, ...]:
    family = family_of(path)
    return GENERATED_WARNINGS if family is None or family.strict else ("-w",)
