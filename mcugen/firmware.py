"""SourceTree -> Image: compiles the library, the firmware around it, and the resident loader."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from pathlib import Path

from mcugen import resources
from mcugen.boards import Board
from mcugen.boards.places import NOWHERE_ELSE, Places
from mcugen.emit import (
    SourceTree,
    emit_console,
    emit_firmware,
    emit_library_program,
    emit_loader,
)
from mcugen.errors import FitError, ToolchainError, UsageError
from mcugen.footer import FOOTER_BYTES, footer_for
from mcugen.image import ERASED, Image, read_image
from mcugen.kernels import family_of, kernels_once
from mcugen.manifest import FIRMWARE_ELF, LIBRARY_ELF
from mcugen.names import DEFAULT_NAME
from mcugen.toolchain import GENERATED_WARNINGS, Compiler, Unit, objcopy

CROSS_COMPILER = "arm-none-eabi-gcc"
EXTERNAL_BIN, EXTERNAL_HEX = "weights.bin", "weights.hex"
"""What belongs into flash outside the chip."""

_EXTERNAL = ".external"
UNKNOWN_MODEL = "0" * 64
"""Stands for the SHA-256 of a model that did not come from a file."""

_LOADER_HEADERS = (
    "cortex_m.h",
    "counter.h",
    "console/mcugen_counts.h",
    "console/mcugen_crc32.h",
    "mailbox.h",
    "pins_stm32.h",
    "uart.h",
)

_OVERFLOW = re.compile(r"region `(\w+)' overflowed by (\d+) bytes?")


def firmware_tree(
    board: Board, names: Sequence[str] = (DEFAULT_NAME,), places: Places = NOWHERE_ELSE
) -> SourceTree:
    """The firmware's sources around libraries of these names and the console's, paths relative to
    the build folder. For a core without a board what links the libraries."""
    if not board.has_firmware:
        tree = emit_library_program(board, names)
        return {**{f"program/{name}": text for name, text in tree.items()}, **console_tree(names)}
    folder = resources.firmware_dir()
    external = () if places.weights is None else ("external.c", *places.weights.sources)
    own = [*board.firmware_sources, *external, *(path.name for path in sorted(folder.glob("*.h")))]
    tree = {name: (folder / name).read_text("utf-8") for name in own}
    tree |= emit_firmware(board, names, places)
    return {**{f"firmware/{name}": text for name, text in tree.items()}, **console_tree(names)}


def console_tree(names: Sequence[str] = (DEFAULT_NAME,)) -> SourceTree:
    """The console's sources, which go into any program with libraries of these names, paths
    relative to the build folder."""
    folder = resources.firmware_dir() / "console"
    tree = {path.name: path.read_text("utf-8") for path in sorted(folder.glob("*.[ch]"))}
    tree |= emit_console([name for name in tree if name.endswith(".c")], names)
    return {f"console/{name}": text for name, text in tree.items()}


def loader_tree(board: Board, *, no_read: bool = False) -> SourceTree:
    """The resident loader's sources, paths relative to the build folder; empty without one.

    ``no_read``: the loader gives out nothing of the application. Raises UsageError U006 where the
    board has no loader that could keep anything to itself.
    """
    if board.loader is None:
        if no_read:
            raise UsageError(
                "U006",
                f"mcugen has no loader for the {board.name}, so there is none that reads",
                hint="leave `--loader-no-read` out",
            )
        return {}
    folder = resources.firmware_dir()
    headers = [path.relative_to(folder).as_posix() for path in (folder / "loader").glob("*.h")]
    names = [*board.loader_sources, *sorted(headers), *_LOADER_HEADERS]
    tree = {name.rpartition("/")[2]: (folder / name).read_text("utf-8") for name in names}
    return {
        f"loader/{name}": text
        for name, text in {**tree, **emit_loader(board, no_read=no_read)}.items()
    }


def build_firmware(
    root: Path,
    board: Board,
    objects: Path,
    cache: Path | None = None,
    names: Sequence[str] = (DEFAULT_NAME,),
    model_sha256: str = UNKNOWN_MODEL,
) -> Image:
    """Compiles the libraries ``names``, ``console/`` and ``firmware/`` below ``root`` into
    ``firmware.elf/.bin/.hex``; for a core without a board into ``library.elf`` alone.

    What the link script places outside the chip goes into files of its own. Raises ToolchainError,
    and FitError F001 or F002 when the linker runs out of memory.
    """
    elf = root / (FIRMWARE_ELF if board.has_firmware else LIBRARY_ELF)
    folder = "firmware" if board.has_firmware else "program"
    try:
        _compile_and_link(root, board, (*names, "console", folder), elf, objects, cache)
    except ToolchainError as error:
        raise _overflow(board, error) or error from None
    if not board.has_firmware:
        return read_image(elf)
    _fill_in_check(elf, objects)
    _fill_in_footer(elf, objects, model_sha256)
    inside = f"--remove-section={_EXTERNAL}"
    objcopy(elf, root / "firmware.bin", inside, "-O", "binary")
    objcopy(elf, root / "firmware.hex", inside, "-O", "ihex")
    image = read_image(elf, root / "firmware.bin")
    if image.external:
        outside = f"--only-section={_EXTERNAL}"
        objcopy(elf, root / EXTERNAL_BIN, outside, "-O", "binary")
        objcopy(elf, root / EXTERNAL_HEX, outside, "-O", "ihex")
    return image


def build_loader(root: Path, board: Board, objects: Path, cache: Path | None = None) -> Image:
    """Compiles ``loader/`` below ``root`` into ``loader.elf``. Raises ToolchainError."""
    elf = root / "loader.elf"
    _compile_and_link(root, board, ("loader",), elf, objects, cache)
    return read_image(elf)


def write_full_image(root: Path, board: Board, loader: Image, application: Image) -> None:
    """``firmware-full.bin/.hex``: all that a new chip needs, from the flash's start."""
    gap = application.load_address - board.flash.base - len(loader.bin)
    binary = root / "firmware-full.bin"
    binary.write_bytes(loader.bin + ERASED * gap + application.bin)
    at_base = f"--change-addresses={board.flash.base:#x}"
    objcopy(binary, binary.with_suffix(".hex"), "-I", "binary", "-O", "ihex", at_base)


def _compile_and_link(
    root: Path, board: Board, folders: tuple[str, ...], elf: Path, objects: Path, cache: Path | None
) -> None:
    """``<last folder>/<link script>`` places the bytes; a map is written beside ``elf``."""
    paths = sorted(
        path.relative_to(root).as_posix()
        for folder in folders
        for path in (root / folder).rglob("*.[ch]")
    )
    includes = sorted({path.rsplit("/", 1)[0] for path in paths if path.endswith(".h")})
    flags = (*board.compile_flags, "-g", *(f"-I{path}" for path in includes))
    compiler = Compiler(CROSS_COMPILER, flags, cache)
    sources = kernels_once(path for path in paths if path.endswith(".c"))
    units = [Unit(path, _unit_flags(path)) for path in sources]
    built = compiler.compile(root, units, objects)
    script = next((root / folders[-1]).glob("*.ld")).relative_to(root).as_posix()
    map_name = elf.with_suffix(".map").name
    compiler.link(root, built, (*board.link_flags, f"-T{script}", f"-Wl,-Map={map_name}"), elf)


def _fill_in_check(elf: Path, objects: Path) -> None:
    """The CRC-32 of what lies outside the chip, for the firmware to hold it against."""
    external = read_image(elf).external
    if external:
        section = objects / "external_check.bin"
        crc = zlib.crc32(b"".join(segment.data for segment in external))
        section.write_bytes(crc.to_bytes(4, "little"))
        objcopy(elf, elf, f"--update-section=.external_check={section.resolve()}")


def _fill_in_footer(elf: Path, objects: Path, model_sha256: str) -> None:
    """Into the ELF file, so that all files made from it agree."""
    content = read_image(elf).bin[:-FOOTER_BYTES]
    section = objects / "footer.bin"
    section.write_bytes(footer_for(content, model_sha256).pack())
    objcopy(elf, elf, f"--update-section=.footer={section.resolve()}")


def _unit_flags(path: str) -> tuple[str, ...]:
    """Kernels and check sums, which take time, for speed, the rest for size.

    -O2 and not -O3: on a Cortex-M7 gcc 12 needs 2 % fewer instructions and less flash with it.
    """
    family = family_of(path)
    if family is not None:
        return (*family.flags, *(GENERATED_WARNINGS if family.strict else ("-w",)))
    return ("-O2" if path.endswith("/mcugen_crc32.c") else "-Os", *GENERATED_WARNINGS)


def _overflow(board: Board, error: ToolchainError) -> FitError | None:
    for line in error.details:
        found = _OVERFLOW.search(line)
        if found:
            region, missing = found.group(1), int(found.group(2))
            what = "firmware" if board.has_firmware else "library"
            code = "F002" if region in ("FLASH", "EXTERNAL") else "F001"
            return FitError(
                code,
                f"the {what} needs {missing:,} bytes more {region.lower()} than {board.name} has",
                hint="choose a larger board with `--target`, or a smaller model",
            )
    return None
