"""Boards at the other end of a line, for what talks to a board: in-process, spoilt, over a pty."""

from __future__ import annotations

import os
import select
import struct
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mcugen.boards import load_board
from mcugen.compiler import build
from mcugen.image import read_image
from mcugen.manifest import Manifest, read_manifest
from mcugen.protocol.frames import Decoder, Frame, encode
from mcugen.protocol.messages import AnswerType, Counts, RequestType
from mcugen.protocol.session import Port
from mcugen.sim.board import VirtualBoard
from mcugen.tflite import write_model
from tests.networks import small_mobilenet

_CHUNK = 4096


@dataclass(frozen=True)
class SmallBuild:
    """A build of the small network, and boards that run it."""

    folder: Path

    @property
    def manifest(self) -> Manifest:
        return read_manifest(self.folder)

    def board(self) -> VirtualBoard:
        """A freshly booted virtual board with the build's image."""
        image = read_image(self.folder / "firmware.elf", self.folder / "firmware.bin")
        return VirtualBoard(load_board(self.manifest.board), image)


def build_small(folder: Path, object_cache: Path) -> SmallBuild:
    """Builds the small network below ``folder``."""
    model = folder / "small_mobilenet.tflite"
    model.write_bytes(write_model(small_mobilenet()))
    output = folder / "build"
    build(model, target="stm32f7", output=output, object_cache=object_cache)
    return SmallBuild(output)


class SpoiltLine:
    """A port whose frames from the board pass through a function; None swallows the frame."""

    def __init__(self, board: Port, change: Callable[[Frame], Frame | None]) -> None:
        self._board = board
        self._change = change
        self._decoder = Decoder()

    def write(self, data: bytes) -> None:
        self._board.write(data)

    def read(self, deadline_seconds: float) -> bytes:
        frames = self._decoder.feed(self._board.read(deadline_seconds))
        changed = [self._change(frame) for frame in frames if isinstance(frame, Frame)]
        return b"".join(encode(frame) for frame in changed if frame is not None)


def other_layer_crc(index: int) -> Callable[[Frame], Frame]:
    """Makes the board say another CRC-32 of one layer."""

    def change(frame: Frame) -> Frame:
        if frame.type != AnswerType.LAYER:
            return frame
        layer, count, crc32, size = struct.unpack("<4I", frame.payload)
        payload = struct.pack("<4I", layer, count, crc32 ^ (layer == index), size)
        return Frame(frame.type, frame.sequence, payload)

    return change


def other_output(place: int) -> Callable[[Frame], Frame]:
    """Makes the board answer another byte at one place of its output."""

    def change(frame: Frame) -> Frame:
        if frame.type != AnswerType.OUTPUT:
            return frame
        payload = bytearray(frame.payload)
        payload[place] ^= 1
        return Frame(frame.type, frame.sequence, bytes(payload))

    return change


def other_hello(
    *,
    board: str | None = None,
    model_hash: str | None = None,
    layers: int | None = None,
    clock_hz: int | None = None,
    counts: Counts | None = None,
) -> Callable[[Frame], Frame]:
    """Makes the board say other things of itself."""

    def change(frame: Frame) -> Frame:
        if frame.type != AnswerType.HELLO:
            return frame
        version, hz, *sizes, count, unit = struct.unpack_from("<IIIIIB", frame.payload)
        texts = _texts(frame.payload[struct.calcsize("<IIIIIB") :])
        words = (board or texts[0], texts[1], model_hash or texts[2])
        numbers = (
            *(version, hz if clock_hz is None else clock_hz, *sizes),
            *(layers or count, unit if counts is None else counts.value),
        )
        payload = struct.pack("<IIIIIB", *numbers) + b"".join(
            bytes([len(word)]) + word.encode() for word in words
        )
        return Frame(frame.type, frame.sequence, payload)

    return change


def _texts(data: bytes) -> list[str]:
    texts = []
    while data:
        texts.append(data[1 : 1 + data[0]].decode())
        data = data[1 + data[0] :]
    return texts


class CountingLine:
    """A port that remembers which requests went over it."""

    def __init__(self, board: Port) -> None:
        self.requests: list[RequestType] = []
        self._board = board
        self._decoder = Decoder()

    def write(self, data: bytes) -> None:
        for found in self._decoder.feed(data):
            if isinstance(found, Frame):
                self.requests.append(RequestType(found.type))
        self._board.write(data)

    def read(self, deadline_seconds: float) -> bytes:
        return self._board.read(deadline_seconds)


@contextmanager
def on_pseudo_terminal(board: Port) -> Iterator[str]:
    """Puts a board behind a pseudo-terminal and gives the path to open."""
    master, slave = os.openpty()
    tty.setraw(slave)
    stop, wake = os.pipe()
    pump = threading.Thread(target=_pump, args=(board, master, stop), daemon=True)
    pump.start()
    try:
        yield os.ttyname(slave)
    finally:
        os.close(wake)
        pump.join()
        for descriptor in (stop, master, slave):
            os.close(descriptor)


def _pump(board: Port, master: int, stop: int) -> None:
    while True:
        ready, _, _ = select.select([master, stop], [], [])
        if stop in ready:
            return
        board.write(os.read(master, _CHUNK))
        data = memoryview(board.read(0))
        while data:
            data = data[os.write(master, data) :]
