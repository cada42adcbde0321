"""Virtual devices on a pseudo-terminal: what other programs open as a serial port."""

from __future__ import annotations

import os
import random
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mcugen.boards import Board, load_board
from mcugen.errors import UsageError
from mcugen.image import Image
from mcugen.sim.board import VirtualBoard
from mcugen.sim.flash_memory import FlashMemory
from mcugen.sim.rom import RomBootloader
from mcugen.sim.rom_chips import rom_chip
from mcugen.sim.serial_server import Device, SerialServer
from tests.sim.loaded_boards import (
    LoaderClient,
    RefusedError,
    fresh_flash,
    make_application,
    make_loader,
)

NUCLEO = "nucleo-f746zg"
ROOT = Path(__file__).parents[2]
ANSWER_SECONDS = 20.0

needs_stm32flash = pytest.mark.skipif(
    shutil.which("stm32flash") is None, reason="stm32flash is not installed"
)


class OpenPort:
    """A client's end of a port; `Port` of the protocol. A busy machine may take its time."""

    least_seconds = ANSWER_SECONDS

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self._descriptor)

    def write(self, data: bytes) -> None:
        assert os.write(self._descriptor, data) == len(data)

    def read(self, deadline_seconds: float) -> bytes:
        seconds = max(deadline_seconds, self.least_seconds)
        ready, _, _ = select.select([self._descriptor], [], [], seconds)
        return os.read(self._descriptor, 4096) if ready else b""

    def close(self) -> None:
        os.close(self._descriptor)


@contextmanager
def opened(path: str) -> Iterator[OpenPort]:
    port = OpenPort(path)
    try:
        yield port
    finally:
        port.close()


def application_answers(port: OpenPort) -> bool:
    """Asked until it does: a byte that comes while the loader listens for a knock is lost."""
    port.least_seconds = 0.0
    for _ in range(200):
        port.write(b"?")
        if port.read(0.1):
            return True
    return False


@contextmanager
def served(device: Device, link: Path | None = None) -> Iterator[SerialServer]:
    """The device on a port, until the end of the block."""
    failures: list[BaseException] = []

    def serve() -> None:
        try:
            server.serve()
        except BaseException as failure:
            failures.append(failure)

    with SerialServer(device, link) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server
        finally:
            server.stop()
            thread.join()
    assert failures == []


@pytest.fixture(scope="module")
def board() -> Board:
    return load_board(NUCLEO)


@pytest.fixture(scope="module")
def loader(board: Board, tmp_path_factory: pytest.TempPathFactory, object_cache: Path) -> Image:
    return make_loader(tmp_path_factory.mktemp("loader"), board, object_cache)


@pytest.fixture(scope="module")
def application(
    board: Board, tmp_path_factory: pytest.TempPathFactory, object_cache: Path
) -> bytes:
    return make_application(tmp_path_factory.mktemp("application"), board, "A", object_cache)


def virtual(board: Board, flash: FlashMemory) -> VirtualBoard:
    return VirtualBoard(board, None, flash=flash, least_wait_seconds=0.0)


def test_an_update_over_the_port(board: Board, loader: Image, application: bytes) -> None:
    with served(virtual(board, fresh_flash(board, loader))) as server, opened(server.path) as port:
        client = LoaderClient(port)
        client.connect()
        client.flash(board, application)
        assert application_answers(port)


def test_the_port_outlives_its_clients(board: Board, loader: Image, application: bytes) -> None:
    flash = fresh_flash(board, loader, application)
    with served(virtual(board, flash)) as server:
        for _ in range(3):
            with opened(server.path) as port:
                assert application_answers(port)


def test_all_bytes_pass_unchanged(board: Board, loader: Image) -> None:
    """Also those that a terminal would interpret, such as Ctrl-C and Ctrl-S."""
    flash = fresh_flash(board, loader, bytes(range(256)))
    with served(virtual(board, flash)) as server, opened(server.path) as port:
        client = LoaderClient(port)
        client.connect()
        assert client.read(board.application.start, 256) == bytes(range(256))


def test_a_message_that_comes_in_pieces(board: Board, loader: Image) -> None:
    with served(virtual(board, fresh_flash(board, loader))) as server, opened(server.path) as port:
        LoaderClient(port).connect()
        port.write(b"\x02")
        port.write(b"\xfd")
        assert port.read(ANSWER_SECONDS)[:1] == b"\x79"


def test_half_a_message_is_given_up(board: Board, loader: Image) -> None:
    """The loader's own deadline passes on the board, while nothing comes from the host."""
    with served(virtual(board, fresh_flash(board, loader))) as server, opened(server.path) as port:
        LoaderClient(port).connect()
        port.write(b"\x02")
        assert port.read(ANSWER_SECONDS) == b"\x1f"


def test_an_idle_board_uses_no_time(board: Board, loader: Image, application: bytes) -> None:
    virtual_board = virtual(board, fresh_flash(board, loader, application))
    with served(virtual_board) as server, opened(server.path) as port:
        assert application_answers(port)
        time.sleep(0.2)
        before = virtual_board.cpu.instructions
        time.sleep(0.3)
        assert virtual_board.cpu.instructions == before


def test_power_comes_back(board: Board, loader: Image, application: bytes) -> None:
    flash = fresh_flash(board, loader)
    flash.cut_power_at(20)
    with served(virtual(board, flash)) as server, opened(server.path) as port:
        client = LoaderClient(port)
        client.connect()
        client.erase(1)
        port.write(b"\x31\xce")
        assert port.read(ANSWER_SECONDS) == b"\x79"
        port.write(bytes.fromhex("0800800088"))
        assert port.read(ANSWER_SECONDS) == b"\x79"
        port.write(bytes([255]) + bytes(256) + bytes([255]))
        deadline = time.monotonic() + ANSWER_SECONDS
        while flash.operations < 20 or not flash.powered:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        client.connect()
        assert client.product_id() == 0x449


def test_link(board: Board, loader: Image, tmp_path: Path) -> None:
    link = tmp_path / "board"
    link.symlink_to("/dev/pts/stale")
    with served(virtual(board, fresh_flash(board, loader)), link) as server:
        assert os.readlink(link) == server.path
        with opened(str(link)) as port:
            LoaderClient(port).connect()
    assert not link.is_symlink()


def test_a_file_is_no_link(board: Board, loader: Image, tmp_path: Path) -> None:
    link = tmp_path / "precious"
    link.write_text("data")
    with pytest.raises(UsageError) as caught:
        SerialServer(virtual(board, fresh_flash(board, loader)), link)
    assert caught.value.code == "U006"
    assert link.read_text() == "data"


def stm32flash(path: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """8N1, because a pseudo-terminal has no parity."""
    return subprocess.run(
        ["stm32flash", "-m", "8n1", "-b", "115200", *arguments, path],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@contextmanager
def board_command(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`mcugen board` as a process of its own, and the port that it prints."""
    process = subprocess.Popen(
        [sys.executable, "-m", "mcugen", "board", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        assert process.stdout is not None
        path = process.stdout.readline().strip()
        assert path, process.communicate()
        yield process, path
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command(
    board: Board, loader: Image, application: bytes, tmp_path: Path, number: signal.Signals
) -> None:
    link, kept = tmp_path / "port", tmp_path / "board.bin"
    kept.write_bytes(loader.bin)
    arguments = ("--target", "stm32f7", "--flash", str(kept), "--link", str(link))
    with board_command(*arguments) as (process, path):
        assert path == str(link)
        with opened(path) as port:
            client = LoaderClient(port)
            client.connect()
            client.flash(board, application)
            assert application_answers(port)
        process.send_signal(number)
        _, notes = process.communicate(timeout=ANSWER_SECONDS)
        assert process.returncode == 0
        assert "Ctrl-C ends it" in notes
    assert not link.is_symlink()
    offset = board.application.start - board.flash.base
    assert kept.read_bytes()[offset:][: len(application)] == application


def test_the_command_in_rom_mode_with_faults() -> None:
    arguments = ("--target", "nucleo-h743zi", "--rom", "--fault", "nack=2")
    with board_command(*arguments, "--fault", "product-id=413") as (_, path), opened(path) as port:
        client = LoaderClient(port)
        client.connect()
        assert client.product_id() == 0x413
        with pytest.raises(RefusedError):
            client.product_id()
        assert client.product_id() == 0x413


@needs_stm32flash
@pytest.mark.parametrize("product_id", [0x449, 0x451, 0x421, 0x450])
def test_stm32flash_with_the_rom(product_id: int, tmp_path: Path) -> None:
    content = random.Random(product_id).randbytes(4992)
    wanted, got = tmp_path / "wanted.bin", tmp_path / "got.bin"
    wanted.write_bytes(content)
    rom = RomBootloader(rom_chip(product_id))
    first_sector = rom.flash.sector(1)
    with served(rom) as server:
        where = f"0x{first_sector.base:08x}"
        done = stm32flash(server.path, "-w", str(wanted), "-v", "-S", where)
        assert done.returncode == 0, done.stdout + done.stderr
        done = stm32flash(server.path, "-r", str(got), "-S", f"{where}:4992")
        assert done.returncode == 0, done.stdout + done.stderr
    assert got.read_bytes() == content
    assert rom.flash.read(first_sector.base, len(content)) == content
    assert rom.record.erased == [1]
    assert rom.record.offences == []


@needs_stm32flash
def test_stm32flash_with_the_resident_loader(
    board: Board, loader: Image, application: bytes, tmp_path: Path
) -> None:
    wanted, got = tmp_path / "wanted.bin", tmp_path / "got.bin"
    wanted.write_bytes(application)
    flash = fresh_flash(board, loader)
    start = board.application.start
    with served(virtual(board, flash)) as server:
        done = stm32flash(server.path, "-w", str(wanted), "-v", "-S", f"0x{start:08x}")
        assert done.returncode == 0, done.stdout + done.stderr
        done = stm32flash(server.path, "-r", str(got), "-S", f"0x{start:08x}:{len(application)}")
        assert done.returncode == 0, done.stdout + done.stderr
    assert got.read_bytes() == application
    assert flash.read(start, len(application)) == application
    assert flash.erased == [1]
