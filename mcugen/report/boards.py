"""The answer of ``boards``, as an object and as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mcugen.boards import Board
from mcugen.report.layout import Block, Column, Table

Answer = Mapping[str, Any]


def describe_boards(boards: Sequence[Board]) -> dict[str, object]:
    """What ``--json`` prints: sizes in bytes, clocks in Hz."""
    return {"boards": [_describe(board) for board in _ordered(boards)]}


def _ordered(boards: Sequence[Board]) -> list[Board]:
    return sorted(boards, key=lambda board: (board.target, not board.default, board.id))


def _describe(board: Board) -> dict[str, Any]:
    return {
        "id": board.id,
        "name": board.name,
        "target": board.target,
        "default": board.default,
        "chip": board.chip.part,
        "core": board.chip.core,
        "clock_hz": board.clock.hz,
        "flash_bytes": board.flash.size,
        "ram_bytes": board.ram.size,
        "application_start": board.application.start,
        "product_id": board.chip.product_id,
        "serial": board.console.peripheral,
        "usb_serial": board.usb_serial,
        "rom_pins": [] if board.rom is None else list(board.rom.pins),
        "rom_on_usb_serial": board.rom is not None and board.rom.on_usb_serial,
        "resident_loader": board.loader is not None,
        "tried": board.tried,
    }


def render_boards(answer: Answer) -> tuple[Block, ...]:
    """A line a board, then what its USB serial port reaches."""
    boards = answer["boards"]
    columns = (
        Column("target"),
        Column("board"),
        Column("chip"),
        Column("core", spare=True),
        Column("MHz", number=True, spare=True),
        Column("flash KB", number=True),
        Column("RAM KB", number=True),
        Column("loader", spare=True),
        Column("tried"),
    )
    return (
        Table(columns, tuple(_row(board) for board in boards)),
        "",
        "USB serial ports:",
        *(f"  {board['id']}: {board['usb_serial']}" for board in boards),
    )


def list_boards(boards: Sequence[Board]) -> tuple[str, ...]:
    """A line a board: what it is called, and how much it has."""
    described = [_describe(board) for board in _ordered(boards)]
    rows = [
        (
            str(one["id"]),
            f"{one['target']}{'*' if one['default'] else ''}",
            str(one["chip"]),
            f"{one['ram_bytes'] // 1024:,} KB RAM, {one['flash_bytes'] // 1024:,} KB flash",
        )
        for one in described
    ]
    widths = [max(len(row[place]) for row in rows) for place in range(3)]
    return (
        *(
            "  ".join(
                (*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3])
            )
            for row in rows
        ),
        "* what this target stands for",
    )


def _row(board: Answer) -> tuple[str, ...]:
    return (
        board["target"] + ("*" if board["default"] else ""),
        board["id"],
        board["chip"],
        board["core"],
        f"{board['clock_hz'] // 1_000_000}",
        f"{board['flash_bytes'] // 1024:,}",
        f"{board['ram_bytes'] // 1024:,}",
        "yes" if board["resident_loader"] else "no",
        board["tried"],
    )
