"""Where the linker put what a build holds: memories, weights, code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mcugen.boards import Board, ExternalFlash
from mcugen.boards.places import Places
from mcugen.emit_layers import constant_symbol
from mcugen.firmware import EXTERNAL_BIN, EXTERNAL_HEX
from mcugen.footer import FOOTER_BYTES
from mcugen.image import Image
from mcugen.manifest import ArenaArray, ExternalPart, ImagePart
from mcugen.program import Program

_LARGEST_ALIGNMENT = 8
"""Of a constant, in bytes."""


def arrays(program: Program, board: Board, image: Image, places: Places) -> Iterator[ArenaArray]:
    """The C arrays of a program's arena, in the memories of ``places``."""
    known = {one.symbol: one for one in places.arena}
    for part in program.arena.parts:
        place = known.get(part.space) or (places.arena[0] if places.arena else None)
        yield ArenaArray(
            symbol=part.symbol,
            memory="RAM" if place is None else place.name,
            address=image.address_of(part.symbol),
            offset=part.offset,
            bytes=part.bytes,
            available=board.arena_limit if place is None else place.bytes,
        )


def ram_bytes(programs: Sequence[Program], board: Board, image: Image) -> int:
    """All up to the variables' end, and arenas that lie in RAM behind it."""
    end = image.address_of("_ram_used_end")
    sizes = {part.symbol: part.bytes for one in programs for part in one.arena.parts}
    addresses = {symbol: image.address_of(symbol) for symbol in sizes}
    behind = [symbol for symbol, at in addresses.items() if at >= end and at in board.ram]
    return end - board.ram.base + sum(sizes[symbol] for symbol in behind)


def external(flash: ExternalFlash, image: Image) -> ExternalPart:
    """The weights that lie in ``flash``, outside the chip."""
    return ExternalPart(
        memory=flash.name,
        address=image.external[0].load_address,
        bytes=sum(len(segment.data) for segment in image.external),
        available=flash.size,
        file=EXTERNAL_BIN,
        hex_file=EXTERNAL_HEX,
        program=flash.program.format(file=EXTERNAL_HEX),
    )


def footer_bytes(board: Board) -> int:
    """Only firmware says of itself what it is."""
    return FOOTER_BYTES if board.has_firmware else 0


def image_parts(
    programs: Sequence[Program], image: Image, footer_bytes: int
) -> tuple[ImagePart, ...]:
    """Weights where the linker put them, the footer at the end, and code all around.

    What aligns a constant behind another one counts as weights.
    """
    constants = sorted(
        (symbol.address, symbol.address + symbol.size)
        for program in programs
        for step in program.schedule.steps
        for constant in step.call.constants
        for symbol in (image.symbol(constant_symbol(program.name, step.name, constant.name)),)
    )
    end = image.load_address + len(image.bin)
    footer = end - footer_bytes
    spans = [("weights", *span) for span in _joined(constants)]
    spans.append(("footer" if footer_bytes else "code", footer, end))
    parts, at = [], image.load_address
    for kind, start, stop in spans:
        if at < start:
            parts.append(ImagePart("code", at, start - at))
        if start < stop:
            parts.append(ImagePart(kind, start, stop - start))
        at = stop
    return tuple(parts)


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sorted spans, neighbours that only alignment keeps apart made one."""
    joined: list[tuple[int, int]] = []
    for start, stop in spans:
        if joined and start - joined[-1][1] < _LARGEST_ALIGNMENT:
            joined[-1] = (joined[-1][0], stop)
        else:
            joined.append((start, stop))
    return joined
