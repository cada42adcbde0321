"""Programs an image through a bootloader: compare, erase, write, verify, first blocks last."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mcugen.errors import DeviceError
from mcugen.flash import plan as planning
from mcugen.flash.an3155 import BLOCK, Client
from mcugen.flash.events import (
    Compared,
    Erased,
    EraseStarted,
    Listener,
    Note,
    Verified,
    Written,
)
from mcugen.flash.plan import Block, Part, Plan
from mcugen.flash.stages import LineError, RefusedError
from mcugen.image import ERASED

_ROUNDS = 3
_TRIES = 3
_PROBE = BLOCK
"""Bytes of an erased sector that are looked at to see that something happened."""

_CRC_PIECE = 32 * 1024
"""Bytes whose CRC-32 is asked for at once while verifying, so that a progress bar moves."""


@dataclass(frozen=True)
class Programmed:
    """Numbers of the sectors that were erased and written, and of those that were as they should
    be; in a dry run, that would be and are."""

    erased: tuple[int, ...]
    kept: tuple[int, ...]
    bytes_written: int


class _SpoiltError(Exception):
    """Flash holds something else than was written: the sector must be erased again."""


class Programmer:
    """``extended`` says which of the two erase commands there is, ``has_crc`` whether ranges can be
    compared by their CRC-32; otherwise they are read back. ``all_or_nothing``: the bootloader
    writes into empty flash only, so that one sector that differs means all."""

    def __init__(
        self,
        client: Client,
        *,
        extended: bool,
        has_crc: bool,
        all_or_nothing: bool = False,
        on_event: Listener,
    ):
        self._client = client
        self._extended = extended
        self._has_crc = has_crc
        self._all_or_nothing = all_or_nothing
        self._on_event = on_event

    def plan(self, parts: Sequence[Part], heads: Sequence[int]) -> Plan:
        """Compares every sector that the image touches. Raises DeviceError D011."""
        differing = []
        for part in parts:
            differs = not self._holds(Block(part.sector.address, part.data), tries=1)
            self._on_event(Compared(part.sector.number, differs))
            if differs:
                differing.append(part.sector.number)
        if self._all_or_nothing and differing:
            differing += [part.sector.number for part in parts if not part.is_blank]
        return planning.make_plan(parts, differing, heads)

    def program(self, parts: Sequence[Part], heads: Sequence[int]) -> Programmed:
        """Brings the image into flash and proves it. Raises DeviceError D011, D012 or D013."""
        erased: dict[int, None] = {}
        written = 0
        for _ in range(_ROUNDS):
            plan = self.plan(parts, heads)
            if not plan.erase:
                return Programmed(tuple(erased), _kept(parts, erased), written)
            erased |= {sector.number: None for sector in plan.erase}
            written += plan.write_bytes
            try:
                self._carry_out(plan, parts)
            except _SpoiltError as spoilt:
                self._on_event(Note(f"{spoilt}; comparing again"))
                continue
            return Programmed(tuple(erased), _kept(parts, erased), written)
        raise DeviceError(
            "D012",
            f"after {_ROUNDS} attempts the flash still does not hold the image",
            hint="run it again; if it stays so, the flash is worn out or a sector write protected",
        )

    def _carry_out(self, plan: Plan, parts: Sequence[Part]) -> None:
        self._erase(plan)
        self._write(plan.first, 0, plan)
        pieces = planning.ranges_without(parts, plan.last)
        total = sum(len(piece.data) for piece in (*pieces, *plan.last))
        done = 0
        for piece in pieces:
            done = self._verify(piece, done, total)
        for count, block in enumerate(plan.last):
            self._write((block,), len(plan.first) + count, plan)
            done = self._verify(block, done, total)

    def _erase(self, plan: Plan) -> None:
        done = 0
        for sector in plan.erase:
            self._on_event(EraseStarted(sector.number, done, plan.erase_bytes))
            try:
                self._client.erase(sector.number, extended=self._extended)
            except RefusedError as error:
                raise DeviceError(
                    "D013",
                    f"the bootloader refuses to erase sector {sector.number}",
                    where=f"0x{sector.address:08x}",
                    hint="the sector may be write protected; mcugen never changes that",
                ) from error
            self._check_blank(Block(sector.address, ERASED * _PROBE))
            done += sector.size
            self._on_event(Erased(sector.number, done, plan.erase_bytes))

    def _check_blank(self, block: Block) -> None:
        """Erasing a protected sector reports no error; only reading shows it."""
        if not self._holds(block, _TRIES):
            raise DeviceError(
                "D011",
                "a sector is still not blank after it was erased",
                where=f"0x{block.address:08x}",
                hint="it is write protected, perhaps with the vendor's tool; mcugen never changes "
                "that",
            )

    def _write(self, blocks: Sequence[Block], before: int, plan: Plan) -> None:
        for count, block in enumerate(blocks, before + 1):
            self._write_block(block)
            self._on_event(Written(count * BLOCK, plan.write_bytes))

    def _write_block(self, block: Block) -> None:
        """Programs a block once: flash with error correction takes no second time."""
        for _ in range(_TRIES):
            try:
                self._client.write_once(block.address, block.data)
                return
            except (LineError, RefusedError):
                self._client.stages.recover()
            if self._holds(block, _TRIES):
                return
            if not self._holds(Block(block.address, ERASED * len(block.data)), _TRIES):
                raise _SpoiltError(f"0x{block.address:08x} was written wrongly")
        raise _SpoiltError(f"0x{block.address:08x} cannot be written")

    def _verify(self, piece: Block, done: int, total: int) -> int:
        for part in _blocks(piece, _CRC_PIECE if self._has_crc else BLOCK):
            if not self._holds(part, _TRIES):
                raise _SpoiltError(f"0x{part.address:08x} does not hold what was written")
            done += len(part.data)
            self._on_event(Verified(done, total))
        return done

    def _holds(self, piece: Block, tries: int) -> bool:
        """Reading stops at the first block that differs. Raises DeviceError D011, D013."""
        client = self._client
        try:
            if self._has_crc:
                crc = zlib.crc32(piece.data)
                return client.holds_crc(piece.address, len(piece.data), crc, tries)
            return all(
                client.holds(block.address, block.data, tries) for block in _blocks(piece, BLOCK)
            )
        except RefusedError as error:
            raise readout_protected(error) from error


def readout_protected(error: RefusedError) -> DeviceError:
    """What a NACK to Read means: at its first stage the chip is readout protected."""
    if error.stage == 1:
        return DeviceError(
            "D011",
            "the chip does not let its flash be read: readout protection is on",
            hint="remove it with STM32CubeProgrammer, which erases the whole chip; mcugen never "
            "touches protection",
        )
    return DeviceError(
        "D013",
        "the bootloader refuses an address or length that the chip should have",
        details=(str(error),),
        hint="is this the board that the build is for?",
    )


def _kept(parts: Sequence[Part], erased: dict[int, None]) -> tuple[int, ...]:
    return tuple(part.sector.number for part in parts if part.sector.number not in erased)


def _blocks(piece: Block, size: int) -> Iterator[Block]:
    for offset in range(0, len(piece.data), size):
        yield Block(piece.address + offset, piece.data[offset : offset + size])
