"""Chips as their ROM bootloaders know them (AN2606), written down apart from the board files.

All facts are read from ST's text (AN2606, the reference manuals), none tried on hardware.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from mcugen.boards.board import Flash, SectorRun
from mcugen.errors import BoardError

_BASE = 0x0800_0000
_KB = 1024
_UID = bytes.fromhex("250030000d51383138383436")


@dataclass(frozen=True)
class RomChip:
    """``fixed`` are addresses that can be read and not written: identification, option bytes.

    ``has_ecc``: what was programmed once cannot be programmed again before it is erased.
    ``extended`` says which of the two erase commands there is. ``bank_sectors`` is the number of
    sectors in bank 1, 0 for a chip with one bank.
    """

    name: str
    product_id: int
    version: int
    flash: Flash
    fixed: Mapping[int, bytes]
    extended: bool = True
    has_ecc: bool = False
    bank_sectors: int = 0


def rom_chip(product_id: int, banks: int = 0) -> RomChip:
    """The chip with this product id; ``banks`` 1 or 2 chooses a bank mode where there are several,
    0 is the mode of a new chip. Raises BoardError B003 for a chip or mode that is not here."""
    for chip, modes in ((_F767, _F767_MODES), (_L4R5, _L4R5_MODES)):
        if product_id == chip.product_id and banks:
            return modes[banks]
    for chip in _CHIPS:
        if product_id == chip.product_id and banks in (0, 2 if chip.bank_sectors else 1):
            return chip
    raise BoardError(
        "B003",
        f"no ROM bootloader is modelled for product id 0x{product_id:03x}"
        + (f" with {banks} banks" if banks else ""),
        hint="there are " + ", ".join(f"{chip.name} (0x{chip.product_id:03x})" for chip in _CHIPS),
    )


def _flash(program_bytes: int, *runs: tuple[int, int]) -> Flash:
    size = sum(count * kilobytes for count, kilobytes in runs) * _KB
    layout = tuple(SectorRun(count, kilobytes * _KB) for count, kilobytes in runs)
    return Flash(_BASE, size, program_bytes, layout)


def _identification(uid: int, size: int, kilobytes: int) -> dict[int, bytes]:
    """The unique id and the word with the flash's size."""
    return {
        uid: _UID,
        size & ~3: (kilobytes << 8 * (size & 3)).to_bytes(4, "little"),
    }


def _halves(*values: int) -> bytes:
    """Option halfwords of an F4 or F7, each with its complement, eight bytes apart."""
    return b"".join(
        (value | (value ^ 0xFFFF) << 16).to_bytes(4, "little") + b"\xff" * 4 for value in values
    )


_F746 = RomChip(
    "STM32F74x",
    0x449,
    0x31,
    _flash(4, (4, 32), (1, 128), (3, 256)),
    {**_identification(0x1FF0_F420, 0x1FF0_F442, 1024), 0x1FFF_0000: _halves(0xAAFD, 0xC0FF)},
)
_F767_IDENTIFICATION = _identification(0x1FF0_F420, 0x1FF0_F442, 2048)
_F767 = RomChip(
    "STM32F76x",
    0x451,
    0x31,
    _flash(4, (4, 32), (1, 128), (7, 256)),
    {**_F767_IDENTIFICATION, 0x1FFF_0000: _halves(0xAAFD, 0xFFFF)},
)
_F767_MODES = {
    1: _F767,
    # nDBANK, bit 13, is 0; the sectors of bank 2 are numbered from 12.
    2: replace(
        _F767,
        flash=_flash(4, *((4, 16), (1, 64), (7, 128)) * 2),
        fixed={**_F767_IDENTIFICATION, 0x1FFF_0000: _halves(0xAAFD, 0xDFFF)},
        bank_sectors=12,
    ),
}
_F446 = RomChip(
    "STM32F446",
    0x421,
    0x31,
    _flash(4, (4, 16), (1, 64), (3, 128)),
    {**_identification(0x1FFF_7A10, 0x1FFF_7A22, 512), 0x1FFF_C000: _halves(0xAAED, 0x0FFF)},
)
_L4R5_IDENTIFICATION = _identification(0x1FFF_7590, 0x1FFF_75E0, 2048)
_L4R5 = RomChip(
    "STM32L4R/L4S",
    0x470,
    0x31,
    _flash(8, (512, 4)),
    {**_L4R5_IDENTIFICATION, 0x1FF0_0000: (0xFFEF_F8AA).to_bytes(4, "little")},
    has_ecc=True,
    bank_sectors=256,
)
_L4R5_MODES = {
    # DBANK, bit 22, is 0.
    1: replace(
        _L4R5,
        flash=_flash(8, (256, 8)),
        fixed={**_L4R5_IDENTIFICATION, 0x1FF0_0000: (0xFFAF_F8AA).to_bytes(4, "little")},
        bank_sectors=0,
    ),
    2: _L4R5,
}
_H743 = RomChip(
    "STM32H743",
    0x450,
    0x31,
    _flash(32, (16, 128)),
    _identification(0x1FF1_E800, 0x1FF1_E880, 2048),
    has_ecc=True,
    bank_sectors=8,
)
_F103 = RomChip(
    "STM32F103",
    0x410,
    0x22,
    _flash(2, (128, 1)),
    _identification(0x1FFF_F7E8, 0x1FFF_F7E0, 128),
    extended=False,
)
_CHIPS = (_F746, _F767, _F446, _L4R5, _H743, _F103)
