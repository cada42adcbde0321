"""The resident loader on the virtual board: who starts when, and what a host may do."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from mcugen.boards import Board, load_board
from mcugen.errors import DeviceError
from mcugen.footer import footer_for
from mcugen.image import ERASED, Image
from mcugen.sim.board import VirtualBoard
from mcugen.sim.flash_memory import FlashMemory
from mcugen.sim.peripherals import Faults
from tests.sim.loaded_boards import (
    BLOCK,
    LoaderClient,
    RefusedError,
    fresh_flash,
    make_application,
    make_loader,
    running_version,
)

BOARDS = ("nucleo-f746zg", "stm32f746g-disco", "nucleo-f767zi", "nucleo-f446re")
STAY_IN_LOADER = 0x4C64_724D
NACK = b"\x1f"


@dataclass(frozen=True)
class Bench:
    """A board, its loader, and an application for it."""

    board: Board
    loader: Image
    application: bytes

    def power_up(self, application: bytes | None = None) -> VirtualBoard:
        held = self.application if application is None else application
        return VirtualBoard(self.board, None, flash=fresh_flash(self.board, self.loader, held))

    def connect(self, application: bytes = b"") -> tuple[VirtualBoard, LoaderClient]:
        """A board that waits in its loader."""
        virtual = self.power_up(application)
        client = LoaderClient(virtual)
        client.connect()
        return virtual, client


@pytest.fixture(scope="module")
def benches(tmp_path_factory: pytest.TempPathFactory, object_cache: Path) -> Callable[[str], Bench]:
    made: dict[str, Bench] = {}

    def make(name: str) -> Bench:
        if name not in made:
            board, root = load_board(name), tmp_path_factory.mktemp(name)
            made[name] = Bench(
                board,
                make_loader(root / "loader", board, object_cache),
                make_application(root / "application", board, "A", object_cache),
            )
        return made[name]

    return make


@pytest.fixture(params=BOARDS)
def each(request: pytest.FixtureRequest, benches: Callable[[str], Bench]) -> Bench:
    return benches(request.param)


@pytest.fixture
def nucleo(benches: Callable[[str], Bench]) -> Bench:
    return benches("nucleo-f746zg")


def test_an_update_on_every_board(each: Bench) -> None:
    virtual, client = each.connect()
    assert client.product_id() == each.board.chip.product_id
    client.flash(each.board, each.application)
    assert running_version(virtual) == "A"
    assert virtual.flash.erased == [1]
    virtual.power_on()
    assert running_version(virtual) == "A"


def test_get_lists_what_there_is(nucleo: Bench) -> None:
    _, client = nucleo.connect()
    assert client.get().hex() == "3100010211213144a1"


def test_an_application_that_is_whole_starts(nucleo: Bench) -> None:
    assert running_version(nucleo.power_up()) == "A"


@pytest.mark.parametrize("place", [0, 4, 0x1C, 100, 400, -32, -28, -24, -20])
def test_an_application_that_is_not_whole_does_not_start(nucleo: Bench, place: int) -> None:
    torn = bytearray(nucleo.application)
    torn[place] ^= 0x10
    virtual = nucleo.power_up(bytes(torn))
    assert running_version(virtual) == ""
    client = LoaderClient(virtual)
    client.connect()
    with pytest.raises(RefusedError):
        client.go(nucleo.board.application.start)


def test_without_its_first_block_it_does_not_start(nucleo: Bench) -> None:
    assert running_version(nucleo.power_up(ERASED * BLOCK + nucleo.application[BLOCK:])) == ""


def test_a_knock_keeps_the_loader(nucleo: Bench) -> None:
    virtual = nucleo.power_up()
    LoaderClient(virtual).connect()
    assert running_version(virtual) == ""


def test_the_message_in_ram_keeps_the_loader_once(nucleo: Bench) -> None:
    virtual = nucleo.power_up()
    assert running_version(virtual) == "A"
    virtual.write(b"!")
    assert virtual.read(0) == b""
    assert virtual.cpu.read(nucleo.board.ram.base, 4) == bytes(4), "the message is read once"
    client = LoaderClient(virtual)
    client.connect()
    client.go(nucleo.board.application.start)
    assert running_version(virtual) == "A"


def test_the_application_starts_as_after_a_reset(nucleo: Bench) -> None:
    virtual = nucleo.power_up()
    virtual.read(0)
    assert virtual.resets == 1
    assert virtual.register(0xE000_ED08) == 0, "VTOR is the application's to set"


def test_an_erased_chip_is_silent(nucleo: Bench) -> None:
    virtual = VirtualBoard(nucleo.board, None, flash=FlashMemory(nucleo.board.flash))
    virtual.write(b"\x7f")
    assert virtual.read(1.0) == b""
    assert virtual.idle


def test_crc_and_read(nucleo: Bench) -> None:
    _, client = nucleo.connect(nucleo.application)
    board = nucleo.board
    start, size = board.application.start, len(nucleo.application)
    assert client.crc(start, size) == zlib.crc32(nucleo.application)
    assert client.crc(board.flash.base, len(nucleo.loader.bin)) == zlib.crc32(nucleo.loader.bin)
    assert client.read(start, 256) == nucleo.application[:256]
    assert client.read(start + 3, 1) == nucleo.application[3:4]
    assert client.read(0x1FF0_F442, 2) == (1024).to_bytes(2, "little")


def test_every_region_ends_where_it_ends(each: Bench) -> None:
    """Its last byte can be read, the one behind it cannot, nor a range that goes on there."""
    _, client = each.connect(each.application)
    regions = each.board.readable()
    for region in regions:
        size = min(region.size, 256)
        assert len(client.read(region.end - size, size)) == size
        assert len(client.read(region.end - 1, 1)) == 1
        if any(region.end == other.base for other in regions):
            continue
        for forbidden in (
            lambda end=region.end: client.read(end, 1),
            lambda end=region.end: client.read(end - 1, 2),
            lambda end=region.end: client.crc(end - 1, 2),
            lambda end=region.end: client.crc(end, 1),
        ):
            with pytest.raises(RefusedError, match="1f"):
                forbidden()


def whole(board: Board, length: int, pointer: int | None = None) -> bytes:
    """An application of so many bytes before its footer; what it begins with is no instruction.

    ``pointer`` is what its vectors say of the footer, which is right behind the content.
    """
    start = board.application.start
    words = [board.ram.end, start + 0x20 | 1, *(0,) * 14]
    words[7] = start + length if pointer is None else pointer
    words[8] = 0xDE00_DE00
    content = struct.pack("<16I", *words)[:length].ljust(length, b"\0")
    return content + footer_for(content, "5a" * 32).pack()


def test_the_smallest_and_the_largest_application(nucleo: Bench) -> None:
    """A footer may stand right behind the vectors and at the very end of the flash, no further."""
    board = nucleo.board
    start, room = board.application.start, board.application_flash.size
    for length in (64, room - 32):
        _, client = nucleo.connect(whole(board, length))
        with pytest.raises(DeviceError) as caught:
            client.go(start)
        assert (caught.value.code, f"0x{start + 0x20:08x}" in caught.value.where) == ("D003", True)
    for application in (
        whole(board, 60),
        whole(board, room - 28)[:room],
        whole(board, room - 16)[:room],
        whole(board, 66),
        whole(board, 64, pointer=start + room),
        whole(board, 64, pointer=start - 32),
    ):
        _, client = nucleo.connect(application)
        with pytest.raises(RefusedError, match="1f"):
            client.go(start)


def test_sector_0_cannot_be_changed(each: Bench) -> None:
    virtual, client = each.connect(each.application)
    before = virtual.flash.contents()
    for forbidden in (
        lambda: client.erase(0),
        lambda: client.erase(1, 0),
        lambda: client.erase(len(each.board.flash.sectors)),
        lambda: client.write(each.board.flash.base, bytes(4)),
        lambda: client.write(each.board.application.start - 4, bytes(8)),
        lambda: client.write(each.board.flash.base + each.board.flash.size - 4, bytes(8)),
        lambda: client.write(each.board.ram.base + 0x1000, bytes(4)),
        lambda: client.write(0x4002_3C04, bytes(4)),
    ):
        with pytest.raises(RefusedError, match="1f"):
            forbidden()
    for special in (0xFFFF, 0xFFFE, 0xFFFD):
        virtual.write(b"\x44\xbb")
        virtual.read(0)
        virtual.write(special.to_bytes(2, "big") + bytes([(special >> 8) ^ (special & 0xFF)]))
        assert virtual.read(0) == NACK
    assert virtual.flash.contents() == before
    assert virtual.flash.operations == 0


@pytest.mark.parametrize("command", [0x43, 0x63, 0x73, 0x82, 0x92, 0x50, 0xFF])
def test_commands_that_do_not_exist(nucleo: Bench, command: int) -> None:
    virtual, _ = nucleo.connect()
    virtual.write(bytes([command, 0xFF ^ command]))
    assert virtual.read(0) == NACK


def test_what_is_programmed_cannot_be_programmed_otherwise(nucleo: Bench) -> None:
    virtual, client = nucleo.connect()
    start = nucleo.board.application.start
    client.write(start, b"\x55" * 8)
    client.write(start, b"\x55" * 8)
    with pytest.raises(RefusedError):
        client.write(start, b"\x50" * 8)
    assert virtual.flash.read(start, 12) == b"\x55" * 8 + ERASED * 4


def test_a_slow_erase_is_waited_for(nucleo: Bench) -> None:
    flash = fresh_flash(nucleo.board, nucleo.loader, nucleo.application)
    faults = Faults(slow_erase_seconds=0.1)
    virtual = VirtualBoard(nucleo.board, None, flash=flash, faults=faults)
    client = LoaderClient(virtual)
    client.connect()
    client.erase(1)
    assert flash.read(nucleo.board.application.start, 16) == ERASED * 16


def test_a_protected_sector_is_reported(nucleo: Bench) -> None:
    virtual, client = nucleo.connect(nucleo.application)
    virtual.flash.write_protected = frozenset({1})
    with pytest.raises(RefusedError):
        client.erase(1)
    assert virtual.flash.operations == 0


def test_half_a_message_is_given_up(nucleo: Bench) -> None:
    virtual, client = nucleo.connect()
    virtual.write(b"\x02")
    assert virtual.read(1.0) == NACK
    assert client.product_id() == 0x449


def test_flash_in_a_file_outlives_the_board(nucleo: Bench, tmp_path: Path) -> None:
    path = tmp_path / "board.bin"
    flash = FlashMemory(nucleo.board.flash, path)
    flash.put(nucleo.board.flash.base, nucleo.loader.bin)
    client = LoaderClient(VirtualBoard(nucleo.board, None, flash=flash))
    client.connect()
    client.flash(nucleo.board, nucleo.application)
    assert path.stat().st_size == nucleo.board.flash.size
    again = FlashMemory(nucleo.board.flash, path)
    assert running_version(VirtualBoard(nucleo.board, None, flash=again)) == "A"


def test_a_crash_names_the_address(nucleo: Bench) -> None:
    """Without an image there are no names."""
    broken = nucleo.power_up()
    assert running_version(broken) == "A"
    broken.cpu.write(nucleo.board.application.start + 0x40, b"\x00\xde" * 200)
    broken.cpu.flash_changed()
    broken.write(b"?")
    with pytest.raises(DeviceError) as caught:
        broken.read(0)
    assert caught.value.code == "D003"
    assert caught.value.where.startswith("0x0800")
