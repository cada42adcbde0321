"""What lies in every sector: nothing is lost and nothing is counted twice."""

from __future__ import annotations

from typing import Any

from mcugen.report.flash_map import Piece, flash_map

BASE = 0x0800_0000
START = BASE + 0x100


def build(*sectors: int, loader: int | None = 40) -> dict[str, Any]:
    return {
        "flash_base": BASE,
        "application_start": START,
        "loader_bytes": loader,
        "sectors": list(sectors),
        "image_parts": [
            {"kind": "code", "address": START, "bytes": 0x180},
            {"kind": "weights", "address": START + 0x180, "bytes": 0x200},
            {"kind": "footer", "address": START + 0x380, "bytes": 32},
        ],
    }


def test_pieces_by_sector() -> None:
    found = flash_map(build(0x100, 0x100, 0x100, 0x400))
    assert [(one.first, one.last, one.bytes) for one in found] == [
        (0, 0, 0x100),
        (1, 1, 0x100),
        (2, 2, 0x100),
        (3, 3, 0x400),
    ]
    assert found[0].pieces == (
        Piece("loader", BASE, 40),
        Piece("reserved", BASE + 40, 0x100 - 40),
    )
    assert found[1].pieces == (Piece("code", START, 0x100),)
    assert [(piece.kind, piece.bytes) for piece in found[2].pieces] == [
        ("code", 0x80),
        ("weights", 0x80),
    ]
    assert [(piece.kind, piece.bytes) for piece in found[3].pieces] == [
        ("weights", 0x180),
        ("footer", 32),
        ("free", 0x400 - 0x180 - 32),
    ]


def test_every_sector_is_full_of_pieces() -> None:
    for sectors in ((0x100, 0x100, 0x100, 0x400), (0x40,) * 64, (0x1000,)):
        address = BASE
        for one in flash_map(build(*sectors)):
            assert one.address == address
            assert sum(piece.bytes for piece in one.pieces) == one.bytes
            assert one.pieces[0].address == address
            for piece, following in zip(one.pieces, one.pieces[1:], strict=False):
                assert piece.end == following.address
            address += one.bytes * (one.last - one.first + 1)
        assert address == BASE + sum(sectors)


def test_neighbours_that_are_alike_are_joined() -> None:
    found = flash_map(build(*(0x80,) * 16))
    shown = [(one.first, one.last, tuple(piece.kind for piece in one.pieces)) for one in found]
    assert shown == [
        (0, 0, ("loader", "reserved")),
        (1, 1, ("reserved",)),
        (2, 4, ("code",)),
        (5, 8, ("weights",)),
        (9, 9, ("footer", "free")),
        (10, 15, ("free",)),
    ]


def test_a_board_without_a_loader() -> None:
    found = flash_map(build(0x100, 0x800, loader=None))
    assert found[0].pieces == (Piece("reserved", BASE, 0x100),)
