"""Whether a chip is the one that a build is for: asked before anything is erased."""

from __future__ import annotations

from mcugen.boards import Board
from mcugen.errors import DeviceError
from mcugen.flash.an3155 import Client
from mcugen.flash.layout import Sector, sectors
from mcugen.flash.program import readout_protected
from mcugen.flash.stages import RefusedError
from mcugen.footer import LoaderInfo, read_info

_CHIPS = {
    0x410: "STM32F10x medium density",
    0x411: "STM32F2xx",
    0x413: "STM32F405/407",
    0x415: "STM32L475/476/486",
    0x419: "STM32F42x/43x",
    0x421: "STM32F446",
    0x423: "STM32F401xB/C",
    0x431: "STM32F411",
    0x433: "STM32F401xD/E",
    0x449: "STM32F74x/75x",
    0x450: "STM32H743/753",
    0x451: "STM32F76x/77x",
    0x452: "STM32F72x/73x",
    0x468: "STM32G431",
    0x469: "STM32G474",
    0x470: "STM32L4R/L4S",
    0x482: "STM32U575/585",
}


def check_chip(client: Client, board: Board, image_end: int) -> tuple[Sector, ...]:
    """The chip's sectors, once it is known to be the board's.

    Raises DeviceError D009 for another chip or one with less flash, D011 where it is protected.
    """
    found = client.product_id()
    if found != board.chip.product_id:
        raise DeviceError(
            "D009",
            f"the build is for {board.chip.part}, but the chip is {chip_name(found)}",
            where=f"product id 0x{found:03x}, not 0x{board.chip.product_id or 0:03x}",
            hint="is this the right port? otherwise build with another `--target`",
        )
    _check_size(client, board, image_end)
    return sectors(board.flash.base, _sector_sizes(client, board))


def check_loader(client: Client, board: Board) -> LoaderInfo:
    """What the resident loader says of itself. Raises DeviceError D009 for another board's."""
    found = loader_info(client, board)
    if found is None or found.board != board.id:
        what = f"of {found.board}" if found else "of nobody: it has no info block"
        raise DeviceError(
            "D009",
            f"the build is for {board.id}, but the board's loader is that {what}",
            hint="is this the right port? otherwise build with another `--target`",
        )
    return found


def loader_info(client: Client, board: Board) -> LoaderInfo | None:
    """The info block of the loader in sector 0; None where there is no loader."""
    flash = board.flash
    return read_info(
        lambda address, size: _read(client, address, size),
        flash.base,
        flash.base + flash.sectors[0],
    )


def chip_name(product_id: int) -> str:
    """A chip as its makers call it, or its product id."""
    return _CHIPS.get(product_id, f"one with the product id 0x{product_id:03x}")


def _check_size(client: Client, board: Board, image_end: int) -> None:
    address = board.chip.flash_size_address
    if address is None:
        return
    kilobytes = int.from_bytes(_read(client, address, 2), "little")
    end = board.flash.base + 1024 * kilobytes
    if image_end > end:
        raise DeviceError(
            "D009",
            f"the chip has {kilobytes} KB of flash, less than the image needs",
            where=f"the image ends at 0x{image_end:08x}, the flash at 0x{end:08x}",
            hint=f"the build is for a {board.chip.part}; choose another `--target`",
        )


def _sector_sizes(client: Client, board: Board) -> tuple[int, ...]:
    """They may depend on a bank mode, whose option word is read and never written."""
    mode = board.flash.other_mode
    if mode is None:
        return board.flash.sectors
    word = int.from_bytes(_read(client, mode.option_address, 4), "little")
    return board.flash.sectors_when(word)


def _read(client: Client, address: int, size: int) -> bytes:
    try:
        return client.read_surely(address, size)
    except RefusedError as error:
        raise readout_protected(error) from error
