"""A loader that gives nothing out: it flashes and proves all the same, and none gets around it."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mcugen.boards import load_board
from mcugen.cli import main
from mcugen.errors import DeviceError
from mcugen.flash import FlashResult, flash
from mcugen.flash.discover import PortInfo
from mcugen.flash.events import Event, Warned
from mcugen.flash.job import Surroundings
from mcugen.footer import LoaderInfo, footer_for, read_info
from mcugen.image import ERASED
from mcugen.sim.board import VirtualBoard
from mcugen.sim.flash_memory import FlashMemory
from mcugen.sim.line_faults import FaultyLine, LineFaults
from mcugen.tflite import write_model
from tests.flash.builds import PORT, write_build
from tests.flash.fakes import Clock
from tests.flash.test_resident_loader import BoardLine, Kit
from tests.networks import small_mobilenet
from tests.sim.loaded_boards import (
    LoaderClient,
    RefusedError,
    make_application,
    make_loader,
    running_version,
)

BOARD = load_board("nucleo-f746zg")
START = BOARD.application.start
END = BOARD.flash.base + BOARD.flash.size


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory, object_cache: Path) -> Kit:
    root = tmp_path_factory.mktemp("no_read")
    old, new = (make_application(root / version, BOARD, version, object_cache) for version in "AB")
    loader = make_loader(root / "loader", BOARD, object_cache, no_read=True)
    return Kit(BOARD, loader, old, new, write_build(root / "build", BOARD, new))


@pytest.fixture
def held(kit: Kit) -> tuple[VirtualBoard, LoaderClient]:
    """A board with an application, and something far behind it, that waits in its loader."""
    board = kit.boot(kit.old)
    board.flash.put(BOARD.flash.base + 0xC0000, b"secret" * 100)
    client = LoaderClient(board)
    client.connect()
    return board, client


def test_it_says_so(held: tuple[VirtualBoard, LoaderClient]) -> None:
    info = read_info(held[1].read, BOARD.flash.base, START)
    assert info == LoaderInfo(BOARD.id, no_read=True)
    assert held[1].read(0x1FF0_F442, 2) == (1024).to_bytes(2, "little")


def test_a_read_is_refused(held: tuple[VirtualBoard, LoaderClient]) -> None:
    """Of the application, of what is behind it, and of RAM; also one that begins in the loader."""
    _, client = held
    places = (START, START + 0x1000, BOARD.flash.base + 0xC0000, END - 1)
    for place in (*places, *(memory.base for memory in BOARD.memory), BOARD.ram.end - 1):
        with pytest.raises(RefusedError, match="1f"):
            client.read(place, 1)
    with pytest.raises(RefusedError, match="1f"):
        client.read(START - 1, 2)
    assert len(client.read(START - 1, 1)) == 1


def test_sums_are_told_of_whole_blocks_only(
    kit: Kit, held: tuple[VirtualBoard, LoaderClient]
) -> None:
    """The sums of two pieces that differ by a byte would tell the byte."""
    _, client = held
    content = kit.old.ljust(2048, ERASED)
    assert client.crc(START, 256) == zlib.crc32(content[:256])
    assert client.crc(START + 256, 1024) == zlib.crc32(content[256:1280])
    for place, size in ((START, 255), (START, 257), (START, 1), (START + 4, 256), (START + 1, 255)):
        with pytest.raises(RefusedError, match="1f"):
            client.crc(place, size)
    with pytest.raises(RefusedError, match="1f"):
        client.crc(END - 256, 512)
    with pytest.raises(RefusedError, match="1f"):
        client.crc(BOARD.ram.base, 256)


def test_no_program_gets_beside_what_is_there(
    kit: Kit, held: tuple[VirtualBoard, LoaderClient]
) -> None:
    """One that reads out the rest would be the way around."""
    board, client = held
    client.erase(1)
    with pytest.raises(RefusedError, match="1f"):
        client.write(START, kit.new[:256])
    client.erase(7)
    client.write(START, kit.new[:256])
    board.power_on()
    client = LoaderClient(board)
    client.connect()
    with pytest.raises(RefusedError, match="1f"):
        client.write(START + 256, kit.new[256:512])


def test_flash_and_flash_again(kit: Kit) -> None:
    board = kit.boot(b"")
    first = kit.flash(board)
    assert (first.outcome.erased, first.outcome.started) == ((1,), True)
    assert running_version(board) == "B"
    board.write(b"x")
    assert kit.flash(board).nothing_to_do
    assert kit.loader_is_untouched(board)


def test_a_change_erases_everything(kit: Kit, held: tuple[VirtualBoard, LoaderClient]) -> None:
    board, _ = held
    done = kit.flash(board)
    assert done.outcome.erased == (1, 7)
    assert done.outcome.kept == (2, 3, 4, 5, 6)
    rest = END - START - len(kit.new)
    assert board.flash.read(START, len(kit.new) + rest) == kit.new + ERASED * rest
    assert running_version(board) == "B"


def over_two_sectors(application: bytes, last: int) -> bytes:
    """The application with something behind it that reaches into the second sector."""
    content = application[:-32].ljust(40_000, b"\xa5") + bytes([last, 0, 0, 0])
    pointer = (START + len(content)).to_bytes(4, "little")
    content = content[:0x1C] + pointer + content[0x20:]
    return content + footer_for(content, "5a" * 32).pack()


def test_a_change_in_one_sector_erases_all(kit: Kit, tmp_path: Path) -> None:
    """Nothing may be written beside what is there, so nothing is left there."""
    old, new = (over_two_sectors(kit.new, last) for last in (1, 2))
    differing = replace(kit, new=new, build=write_build(tmp_path / "build", BOARD, new))
    board = kit.boot(old)
    done = differing.flash(board)
    assert done.outcome.erased == (1, 2)
    assert differing.holds(board, new)
    assert running_version(board) == "B"


def test_what_is_spoilt_later_is_noticed(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Verification is by sums, and is one: every word was read back when it was written."""
    board = kit.boot(b"")
    program = FlashMemory.program

    def clumsy(self: FlashMemory, address: int, data: bytes) -> None:
        program(self, address, data)
        if address == START + 512:
            self.put(START + 256, b"\0")

    assert kit.new[256] != 0
    monkeypatch.setattr(FlashMemory, "program", clumsy)
    with pytest.raises(DeviceError) as caught:
        kit.flash(board)
    assert caught.value.code == "D012"
    assert running_version(board) == ""


@pytest.mark.parametrize("seed", range(8))
def test_faults_never_deceive(kit: Kit, seed: int) -> None:
    board = kit.boot(kit.old)
    rate = (1e-4, 1e-3)[seed % 2]
    try:
        kit.flash(board, LineFaults(drop=rate, dup=rate, flip=rate, seed=seed))
    except DeviceError:
        board.power_on()
        kit.flash(board)
    assert kit.holds(board, kit.new)
    assert kit.loader_is_untouched(board)


def test_a_build_that_does_not_read_on_a_loader_that_does(
    kit: Kit, tmp_path: Path, object_cache: Path
) -> None:
    """`flash` does not replace the loader, and says what that means."""
    reading = replace(kit, loader=make_loader(tmp_path / "loader", BOARD, object_cache))
    build = write_build(tmp_path / "build", BOARD, kit.new)
    full = kit.loader.bin.ljust(START - BOARD.flash.base, ERASED) + kit.new
    write_full(build, full)
    for board_kit, warned in ((reading, True), (kit, False)):
        seen: list[Event] = []
        flash_to(board_kit.boot(b""), build, seen.append)
        assert any(isinstance(event, Warned) for event in seen) == warned


def write_full(build: Path, full: bytes) -> None:
    """Gives the build another firmware-full.bin."""
    from mcugen.manifest import hash_files, read_manifest, write_manifest

    manifest = read_manifest(build)
    (build / "firmware-full.bin").write_bytes(full)
    (build / "manifest.json").unlink()
    write_manifest(build, replace(manifest, files=hash_files(build)))


def flash_to(board: VirtualBoard, build: Path, listen: Callable[[Event], None]) -> FlashResult:
    clock = Clock()
    line = BoardLine(FaultyLine(board, LineFaults()), clock)
    machine = Surroundings(
        open_port=lambda path, baud: line,
        clock=clock,
        sleep=clock.sleep,
        find_ports=lambda: (PortInfo(PORT),),
        which=lambda name: None,
    )
    return flash(build, port=PORT, via="loader", surroundings=machine, on_event=listen)


def test_build_makes_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "small.tflite"
    model.write_bytes(write_model(small_mobilenet()))
    words = ["build", str(model), "--loader-no-read", "--json", "-o"]
    assert main([*words, str(tmp_path / "b"), "-t", "stm32f7"]) == 0
    full = (tmp_path / "b" / "firmware-full.bin").read_bytes()
    base = BOARD.flash.base
    info = read_info(lambda address, size: full[address - base :][:size], base, START)
    assert info == LoaderInfo(BOARD.id, no_read=True)
    capsys.readouterr()
    assert main([*words, str(tmp_path / "c"), "-t", "mps2-an500"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "U006"
    assert not (tmp_path / "c").exists()
