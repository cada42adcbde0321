"""A firmware that is not mcugen's, around the library of a build: main, start-up, link script."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mcugen.boards import load_board
from mcugen.compiler import build
from mcugen.ir import Graph
from mcugen.memory.rows.plan import Arena
from mcugen.tflite import write_model
from mcugen.toolchain import Compiler, Unit, objcopy
from tests.conftest import TESTS

CROSS = "arm-none-eabi-gcc"
BOARD = "nucleo-f746zg"
OWN = TESTS.parent / "examples" / "own_console"
SOURCES = ("loop.c", "board.c", "board.h", "startup.c")

SCRIPT = """
ENTRY(reset)
MEMORY
{
    FLASH (rx) : ORIGIN = 0x08000000, LENGTH = 512K
    UPPER (r)  : ORIGIN = 0x08080000, LENGTH = 512K
    DTCM (rw)  : ORIGIN = 0x20000000, LENGTH = 64K
    SRAM (rw)  : ORIGIN = 0x20010000, LENGTH = 240K
    ITCM (rwx) : ORIGIN = 0x00000000, LENGTH = 16K
}
SECTIONS
{
    .text : {
        KEEP(*(.vectors)) *(.text.reset) @ROM_CODE@ *(.rodata.str* .rodata.cst*)
        *(EXCLUDE_FILE(*weights*) .rodata*)
        . = ALIGN(4);
    } > FLASH
    .ARM.exidx : { *(.ARM.exidx*) } > FLASH
    .weights : { *weights*(.rodata*) } > UPPER
    .arena (NOLOAD) : ALIGN(32) { *(.bss.model_arena) } > DTCM
    .data : ALIGN(4) {
        data_start = .; *(.data*) @RAM_CODE@ . = ALIGN(4); data_end = .;
    } > @RAM@ AT > FLASH
    data_load = LOADADDR(.data);
    .bss (NOLOAD) : ALIGN(4) {
        bss_start = .; *(.bss*) *(COMMON) . = ALIGN(4); bss_end = .;
    } > SRAM
    .stack (NOLOAD) : ALIGN(8) { . += 4K; stack_top = .; } > SRAM
}
"""
"""The arena in DTCM, the weights far from the code, all else that is written in SRAM."""


def script(**changes: str) -> str:
    """``SCRIPT``; with code in RAM where ``ram_code`` says so."""
    values = {"rom_code": "*(.text*)", "ram_code": "", "ram": "SRAM", **changes}
    text = SCRIPT
    for name, value in values.items():
        text = text.replace(f"@{name.upper()}@", value)
    return text


@dataclass(frozen=True)
class OwnFirmware:
    """Links programs around the build in ``folder``, whose objects are kept in ``cache``."""

    folder: Path
    cache: Path

    def link(
        self,
        place: Path,
        *,
        script: str = script(),
        flags: tuple[str, ...] = (),
        link_flags: tuple[str, ...] = (),
        change: Mapping[str, Callable[[str], str]] | None = None,
    ) -> Path:
        """The ELF file of a program in ``place``; ``change`` edits sources before."""
        for name in ("model", "console"):
            shutil.copytree(self.folder / name, place / name)
        for name in SOURCES:
            shutil.copy(OWN / name, place / name)
        for name, edit in (change or {}).items():
            text = (place / name).read_text()
            assert edit(text) != text
            (place / name).write_text(edit(text))
        (place / "own.ld").write_text(script)
        board = load_board(BOARD)
        paths = sorted(path.relative_to(place).as_posix() for path in place.rglob("*.[ch]"))
        includes = sorted({str(Path(path).parent) for path in paths if path.endswith(".h")})
        compiled = (*board.compile_flags, "-O2", "-w", *flags, *(f"-I{one}" for one in includes))
        compiler = Compiler(CROSS, compiled, self.cache)
        units = [Unit(path) for path in paths if path.endswith(".c")]
        objects = compiler.compile(place, units, place / "objects")
        elf = place / "app.elf"
        compiler.link(place, objects, (*board.link_flags, *link_flags, "-Town.ld"), elf)
        return elf


def build_own(
    folder: Path,
    graph: Graph,
    cache: Path,
    *,
    arena: Arena | None = None,
    stream_input: bool = False,
    board: str = BOARD,
    places: Mapping[str, Sequence[str]] | None = None,
) -> OwnFirmware:
    """A build of ``graph`` below ``folder``, for programs around it."""
    folder.mkdir(parents=True, exist_ok=True)
    model = folder / "model.tflite"
    model.write_bytes(write_model(graph))
    output = folder / "build"
    build(
        model,
        target=board,
        output=output,
        arena=arena,
        stream_input=stream_input,
        places=places,
        object_cache=cache,
    )
    return OwnFirmware(output, cache)


def raw_binary(elf: Path) -> bytes:
    """What goes into flash, from its first byte on."""
    flat = elf.with_suffix(".bin")
    objcopy(elf, flat, "-O", "binary", "--gap-fill=0xff")
    return flat.read_bytes()
