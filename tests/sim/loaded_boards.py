"""Boards with a resident loader, small applications for them, and a host that flashes in the safe
order."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import reduce
from operator import xor
from pathlib import Path

from mcugen.boards import Board
from mcugen.firmware import CROSS_COMPILER, build_loader, firmware_tree, loader_tree
from mcugen.footer import footer_for
from mcugen.image import Image, read_image
from mcugen.protocol.session import Port
from mcugen.sim.board import VirtualBoard
from mcugen.sim.flash_memory import FlashMemory
from mcugen.staging import write_tree
from mcugen.toolchain import GENERATED_WARNINGS, Compiler, Unit

_SMALL = Path(__file__).parent / "small_application"

ACK, NACK = b"\x79", b"\x1f"
SYNC = b"\x7f"
BLOCK = 256


def make_loader(
    folder: Path, board: Board, cache: Path | None = None, *, no_read: bool = False
) -> Image:
    """The resident loader of a board, built below ``folder``."""
    write_tree(folder, loader_tree(board, no_read=no_read))
    return build_loader(folder, board, folder / "objects", cache)


def make_application(folder: Path, board: Board, version: str, cache: Path | None = None) -> bytes:
    """A whole application that answers ``version`` to a question mark; any other byte sends it to
    the loader."""
    tree = {path.name: path.read_text() for path in _SMALL.iterdir()}
    sources = [name for name in board.firmware.sources if name.startswith(("uart_", "pins_"))]
    firmware = firmware_tree(board)
    needed = [*sources, "board.h", "cortex_m.h", "mailbox.h", "uart.h", "pins_stm32.h"]
    write_tree(folder, {**tree, **{name: firmware[f"firmware/{name}"] for name in needed}})
    flags = (*board.compile_flags, "-Os", "-I.", f"-DVERSION='{version}'", *GENERATED_WARNINGS)
    compiler = Compiler(CROSS_COMPILER, flags, cache)
    units = [Unit(name) for name in ("application.c", *sources)]
    objects = compiler.compile(folder, units, folder / "objects")
    elf = folder / "application.elf"
    addresses = (
        f"-Wl,--defsym=APPLICATION_START={board.application.start}",
        f"-Wl,--defsym=RAM_START={board.ram.base}",
    )
    compiler.link(folder, objects, (*board.link_flags, *addresses, "-Tapplication.ld"), elf)
    content = read_image(elf).bin
    return content + footer_for(content, "5a" * 32).pack()


def fresh_flash(board: Board, loader: Image, application: bytes = b"") -> FlashMemory:
    """As after the first installation."""
    flash = FlashMemory(board.flash)
    flash.put(loader.load_address, loader.bin)
    flash.put(board.application.start, application)
    return flash


def running_version(virtual: VirtualBoard) -> str:
    """Which application answers; nothing when the loader does, or nobody."""
    virtual.read(0)
    virtual.write(b"?")
    return virtual.read(0).decode("latin-1").removesuffix("\x1f")


class RefusedError(Exception):
    """The loader said NACK, or nothing."""


@dataclass(frozen=True)
class LoaderClient:
    """The least that speaks AN3155 with the resident loader. Raises RefusedError."""

    port: Port
    received: bytearray = field(default_factory=bytearray)

    def connect(self) -> None:
        self._ask(SYNC)

    def get(self) -> bytes:
        """Version and commands."""
        self._command(0x00)
        count = self._take(1)[0]
        answer = self._take(count + 1)
        self._acknowledged()
        return answer

    def product_id(self) -> int:
        self._command(0x02)
        answer = self._take(3)
        self._acknowledged()
        return int.from_bytes(answer[1:], "big")

    def read(self, address: int, size: int) -> bytes:
        self._command(0x11)
        self._ask(_word(address))
        self._ask(bytes([size - 1, 0xFF ^ (size - 1)]))
        return self._take(size)

    def write(self, address: int, data: bytes) -> None:
        self._command(0x31)
        self._ask(_word(address))
        self._ask(_summed(bytes([len(data) - 1]) + data))

    def erase(self, *sectors: int) -> None:
        self._command(0x44)
        self._ask(_summed(struct.pack(f">{len(sectors) + 1}H", len(sectors) - 1, *sectors)))

    def crc(self, address: int, size: int) -> int:
        self._command(0xA1)
        self._ask(_word(address))
        self._ask(_word(size))
        self._acknowledged()
        return int.from_bytes(self._take(4), "big")

    def go(self, address: int) -> None:
        self._command(0x21)
        self._ask(_word(address))

    def flash(self, board: Board, image: bytes) -> None:
        """Only what differs, the first block last, everything checked."""
        for sector, address, data in _parts(board, image):
            if self.crc(address, len(data)) != zlib.crc32(data):
                self.erase(sector)
                self._write_all(address, data, skip_first=address == board.application.start)
        self._check(board.application.start + BLOCK, image[BLOCK:])
        if self.read(board.application.start, BLOCK) != image[:BLOCK]:
            self.write(board.application.start, image[:BLOCK])
        self._check(board.application.start, image)
        self.go(board.application.start)

    def _write_all(self, address: int, data: bytes, *, skip_first: bool) -> None:
        for offset in range(BLOCK if skip_first else 0, len(data), BLOCK):
            self.write(address + offset, data[offset : offset + BLOCK].ljust(BLOCK, b"\xff"))

    def _check(self, address: int, data: bytes) -> None:
        if self.crc(address, len(data)) != zlib.crc32(data):
            raise RefusedError("the flash holds something else")

    def _command(self, code: int) -> None:
        self._ask(bytes([code, 0xFF ^ code]))

    def _ask(self, message: bytes) -> None:
        self.port.write(message)
        self._acknowledged()

    def _acknowledged(self) -> None:
        answer = self._take(1)
        if answer != ACK:
            raise RefusedError(f"answer {answer.hex()}")

    def _take(self, count: int) -> bytes:
        while len(self.received) < count:
            data = self.port.read(2.0)
            if not data:
                raise RefusedError("no answer")
            self.received.extend(data)
        taken = bytes(self.received[:count])
        del self.received[:count]
        return taken


def _parts(board: Board, image: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Sector number, address and what the image puts there."""
    address = board.flash.base
    for number, size in enumerate(board.flash.sectors):
        offset = address - board.application.start
        if 0 <= offset < len(image):
            yield number, address, image[offset : offset + size]
        address += size


def _word(value: int) -> bytes:
    return _summed(value.to_bytes(4, "big"))


def _summed(data: bytes) -> bytes:
    return data + bytes([reduce(xor, data)])
