"""Firmware around the tiny model, built once a run for each board and misbehaviour."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from mcugen.boards import load_board
from mcugen.firmware import build_firmware, firmware_tree
from mcugen.image import Image
from mcugen.staging import write_tree

_TINY = Path(__file__).parent / "tiny_model"

TinyBuilder = Callable[..., Image]


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory, object_cache: Path) -> TinyBuilder:
    """Builds the tiny model's firmware for a board; macros (see model.c) make it misbehave."""
    built: dict[tuple[str, ...], Image] = {}

    def build(board_id: str = "nucleo-f746zg", *macros: str) -> Image:
        key = (board_id, *macros)
        if key not in built:
            root = tmp_path_factory.mktemp("tiny")
            board = load_board(board_id)
            defines = "".join(f"#define {macro}\n" for macro in macros)
            tree = {
                "model/model.h": (_TINY / "model.h").read_text(),
                "model/model.c": defines + (_TINY / "model.c").read_text(),
            }
            write_tree(root, {**tree, **firmware_tree(board)})
            built[key] = build_firmware(root, board, root / "objects", object_cache)
        return built[key]

    return build


def _tiny_layers(data: bytes) -> tuple[bytes, bytes, bytes]:
    flipped = [(byte ^ 0x55) - 256 * ((byte ^ 0x55) > 127) for byte in data]
    # The sums are written over the input, from the end: the first ones are read after that.
    memory = bytearray(value & 0xFF for value in flipped)
    memory += bytes(1200 - len(memory))
    for index in reversed(range(300)):
        low, high = struct.unpack_from("<bb", memory, 2 * index)
        struct.pack_into("<i", memory, 4 * index, low + 3 * high)
    sums = struct.unpack("<300i", memory)
    floats = struct.pack("<300f", *(value * 0.25 for value in sums))
    return bytes(value & 0xFF for value in flipped), bytes(memory), floats


@pytest.fixture
def tiny_layers() -> Callable[[bytes], tuple[bytes, bytes, bytes]]:
    """What the tiny model's layers give for an input of 600 bytes."""
    return _tiny_layers
