"""Build folders whose images are random bytes: flashing does not care what a program does."""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass
from pathlib import Path

from mcugen.boards import Board
from mcugen.flash import FlashResult, flash
from mcugen.flash.discover import PortInfo
from mcugen.flash.events import Listener, silent
from mcugen.flash.job import Surroundings
from mcugen.footer import LoaderInfo, footer_for
from mcugen.manifest import BackendRecord, Edge, Manifest, hash_files, write_manifest
from tests.flash.fakes import (
    RESIDENT_COMMANDS,
    ROM_COMMANDS,
    Bootloader,
    Chip,
    Clock,
    FakeLine,
    Faults,
)

PORT = "/dev/ttyFAKE0"
_INFO_OFFSET = 0x200
_STRIDE = 4096
_DENSE = 300


def application(board: Board, size: int, seed: int = 0) -> bytes:
    """A whole application of ``size`` bytes, footer included.

    It is blank for the most part, because a fake takes its time for every byte that travels.
    """
    content = bytearray(b"\xff" * (size - 32))
    chance = random.Random(seed)
    for start in range(0, len(content), _STRIDE):
        piece = chance.randbytes(min(_DENSE, len(content) - start))
        content[start : start + len(piece)] = piece
    return with_footer(board, bytes(content))


def written_bytes(image: bytes) -> int:
    """What must be written of an image into erased flash: its blocks that are not blank."""
    blocks = [image[start : start + 256] for start in range(0, len(image), 256)]
    return 256 * sum(block.strip(b"\xff") != b"" for block in blocks)


def with_footer(board: Board, content: bytes) -> bytes:
    pointer = struct.pack("<I", board.application.start + len(content))
    content = content[:0x1C] + pointer + content[0x20:]
    return content + footer_for(content, "ab" * 32).pack()


def loader(board: Board) -> bytes:
    """A resident loader's bytes, as far as a host looks at them."""
    code = bytearray(random.Random("loader").randbytes(600))
    code[0x1C:0x20] = struct.pack("<I", board.flash.base + _INFO_OFFSET)
    info = LoaderInfo(board.id).pack()
    code[_INFO_OFFSET : _INFO_OFFSET + len(info)] = info
    return bytes(code)


def full_image(board: Board, image: bytes) -> bytes:
    """Loader and application, from the start of flash."""
    return loader(board).ljust(board.application.start - board.flash.base, b"\xff") + image


def write_build(folder: Path, board: Board, image: bytes, *, full: bool = True) -> Path:
    """A build folder around an image."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "firmware.bin").write_bytes(image)
    if full:
        (folder / "firmware-full.bin").write_bytes(full_image(board, image))
    edge = Edge("x", "int8", (1,), 1)
    manifest = Manifest(
        mcugen="0",
        name="model",
        models=("model",),
        labels=(),
        arena=(),
        model="model[x]",
        model_sha256="ab" * 32,
        board=board.id,
        target=board.target,
        board_name=board.name,
        chip=board.chip.part,
        clock_hz=board.clock.hz,
        tried=board.tried,
        toolchain="none",
        input=edge,
        output=edge,
        input_row_bytes=None,
        layers=(),
        steps=(),
        pieces=(),
        buffers=(),
        kernels="cmsis-nn",
        macs=0,
        cost=0,
        arena_bytes=0,
        arena_lower_bound=0,
        weights_bytes=0,
        code_bytes=len(image),
        flash_bytes=len(image),
        flash_available=board.application_flash.size,
        ram_bytes=0,
        ram_available=board.ram.size,
        stack_reserved=0,
        product_id=board.chip.product_id,
        application_start=board.application.start,
        footer_crc32=0,
        loader_bytes=600 if full else None,
        flash_base=board.flash.base,
        sectors=board.flash.sectors,
        image_parts=(),
        backends=(BackendRecord("CMSIS-NN", "4.0.0", "nowhere", {}),),
        files=hash_files(folder),
    )
    write_manifest(folder, manifest)
    return folder


def chip_of(board: Board, sectors: tuple[int, ...] | None = None) -> Chip:
    """A new chip, as the board has it."""
    return Chip(
        board.flash.base,
        sectors or board.flash.sectors,
        product_id=board.chip.product_id or 0,
        size_address=board.chip.flash_size_address or 0,
    )


@dataclass
class Bench:
    """A chip on a bench: its clock, and a machine that reaches it over a fake line."""

    chip: Chip
    resident: bool = True

    def __post_init__(self) -> None:
        self.clock = Clock()
        self.lines: list[FakeLine] = []
        self.bootloaders: list[Bootloader] = []

    @property
    def line(self) -> FakeLine:
        return self.lines[-1]

    @property
    def seen(self) -> set[int]:
        """Codes of all commands that ever arrived."""
        return {code for bootloader in self.bootloaders for code in bootloader.seen}

    def surroundings(
        self,
        *,
        commands: tuple[int, ...] | None = None,
        faults: Faults | None = None,
        cut_after: int | None = None,
    ) -> Surroundings:
        """Every opening of the port meets a bootloader that was just reset."""
        chosen = commands or (RESIDENT_COMMANDS if self.resident else ROM_COMMANDS)

        def open_port(path: str, baud: int) -> FakeLine:
            assert path == PORT
            self.chip.started = None
            bootloader = Bootloader(self.chip, self.clock, chosen)
            self.bootloaders.append(bootloader)
            line = FakeLine(bootloader, self.clock, baud=baud, faults=faults, cut_after=cut_after)
            self.lines.append(line)
            return line

        return Surroundings(
            open_port=open_port,
            clock=self.clock,
            sleep=self.clock.sleep,
            find_ports=lambda: (PortInfo(PORT),),
            which=lambda name: None,
        )

    def flash(
        self,
        folder: Path,
        *,
        via: str | None = None,
        dry_run: bool = False,
        on_event: Listener = silent,
        surroundings: Surroundings | None = None,
    ) -> FlashResult:
        return flash(
            folder,
            port=PORT,
            via=via,
            dry_run=dry_run,
            on_event=on_event,
            surroundings=surroundings or self.surroundings(),
        )
