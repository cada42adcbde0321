"""Footer and info block: what an image in flash says about itself."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from mcugen import resources
from mcugen.flash.an3155 import BLOCK
from mcugen.footer import (
    FOOTER_BYTES,
    INFO_BYTES,
    POINTER_OFFSET,
    Footer,
    LoaderInfo,
    footer_for,
    parse_footer,
    parse_info,
    read_info,
    whole_footer,
)

START = 0x0800_8000
SHA256 = "0123456789abcdef" * 4


def application(size: int = 400, pointer: int | None = None) -> bytes:
    """Bytes that look like an application: word 7 and the footer are right."""
    content = bytearray(range(256)) * (size // 256 + 1)
    del content[size:]
    where = START + size if pointer is None else pointer
    struct.pack_into("<I", content, POINTER_OFFSET, where)
    return bytes(content) + footer_for(bytes(content), SHA256).pack()


def memory_at(start: int, data: bytes) -> Callable[[int, int], bytes]:
    return lambda address, length: data[address - start : address - start + length]


def test_the_footer_as_the_format_says() -> None:
    content = b"abcd" * 100
    packed = footer_for(content, SHA256).pack()
    assert len(packed) == FOOTER_BYTES == 32
    assert packed[:4] == b"MCGF"
    assert struct.unpack("<III", packed[4:16]) == (1, 400, zlib.crc32(content))
    assert packed[16:] == bytes.fromhex(SHA256)[:16]
    assert parse_footer(packed) == footer_for(content, SHA256)


@pytest.mark.parametrize("at", [0, 1, 4, 7])
def test_another_magic_or_format_is_no_footer(at: int) -> None:
    packed = bytearray(Footer(400, 5, bytes(16)).pack())
    packed[at] ^= 1
    assert parse_footer(bytes(packed)) is None


@pytest.mark.parametrize("length", [0, 31, 33])
def test_another_length_is_no_footer(length: int) -> None:
    assert parse_footer(Footer(400, 5, bytes(16)).pack().ljust(64, b"\0")[:length]) is None


def test_a_whole_application() -> None:
    image = application()
    assert whole_footer(image, START) == parse_footer(image[-32:])
    assert whole_footer(image + b"\xff" * 1000, START) is not None, "a dump of flash goes on"


@pytest.mark.parametrize("at", [0, 100, 399, 400, 404, 408, 412])
def test_a_changed_byte_makes_it_no_whole_application(at: int) -> None:
    image = bytearray(application())
    image[at] ^= 0x10
    assert whole_footer(bytes(image), START) is None


def test_an_interrupted_flash_is_no_whole_application() -> None:
    image = application()
    assert POINTER_OFFSET + 4 <= BLOCK
    assert whole_footer(b"\xff" * BLOCK + image[BLOCK:], START) is None
    assert whole_footer(image[:-1], START) is None
    assert whole_footer(b"\xff" * len(image), START) is None
    assert whole_footer(b"", START) is None


@pytest.mark.parametrize(
    "pointer", [0, 4, START - 4, START + 32, START + 399, START + 404, 0xFFFF_FFFF]
)
def test_a_pointer_that_leads_nowhere(pointer: int) -> None:
    image = application(pointer=pointer)
    assert whole_footer(image, START) is None


def test_a_footer_of_another_length_is_not_this_application_s() -> None:
    image = application()
    other = image[:-32] + Footer(404, zlib.crc32(image[:-32]), bytes(16)).pack()
    assert whole_footer(other, START) is None


def test_the_info_block() -> None:
    packed = LoaderInfo("nucleo-f746zg").pack()
    assert len(packed) == INFO_BYTES
    assert packed[:8] == b"MCGL" + b"\1\0\0\0"
    assert packed[8:].rstrip(b"\0") == b"nucleo-f746zg"
    assert parse_info(packed) == LoaderInfo("nucleo-f746zg")
    assert parse_info(packed[:-1]) is None
    assert parse_info(b"X" + packed[1:]) is None
    assert parse_info(packed[:8] + b"n" * 32) is None, "no zero ends the name"
    assert parse_info(packed[:8] + b"\xff" * 31 + b"\0") is None


def test_info_read_from_a_device() -> None:
    start = 0x0800_0000
    flash = bytearray(0x2000)
    struct.pack_into("<I", flash, POINTER_OFFSET, start + 0x40)
    flash[0x40 : 0x40 + INFO_BYTES] = LoaderInfo("x").pack()
    read = memory_at(start, bytes(flash))
    assert read_info(read, start, start + 0x2000) == LoaderInfo("x")
    assert read_info(read, start, start + 0x40 + INFO_BYTES - 1) is None
    erased = memory_at(start, b"\xff" * 0x2000)
    assert read_info(erased, start, start + 0x2000) is None


@pytest.mark.parametrize(
    ("name", "macro", "value"),
    [
        ("application.c", "FOOTER_MAGIC", "0x4647434Du"),
        ("application.c", "FOOTER_FORMAT", "1u"),
        ("application.c", "FOOTER_BYTES", "32u"),
        ("startup.c", "INFO_MAGIC", "0x4C47434Du"),
        ("startup.c", "INFO_FORMAT", "1u"),
    ],
)
def test_the_loader_has_the_same_numbers(name: str, macro: str, value: str) -> None:
    text = Path(resources.firmware_dir() / "loader" / name).read_text()
    line = next(line for line in text.splitlines() if line.startswith(f"#define {macro} "))
    assert line.split()[2] == value
