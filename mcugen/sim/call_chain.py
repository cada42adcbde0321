"""Who called whom when the firmware crashed, as far as registers and stack can tell."""

from __future__ import annotations

from mcugen.image import Image
from mcugen.sim.cpu import Cpu

_MOST_CALLERS = 8


def call_chain(cpu: Cpu, image: Image) -> tuple[str, ...]:
    """The callers, nearest first.

    The link register, then the words on the stack that point just behind a call instruction. A
    word that an earlier call left behind looks the same, so a name too many is possible.
    """
    top = image.address_of("_stack_top")
    callers = [image.describe(cpu.lr & ~1)] if _follows_call(image, cpu.lr) else []
    if image.address_of("_stack_bottom") <= cpu.sp < top:
        stack = cpu.read(cpu.sp & ~3, top - (cpu.sp & ~3))
        for offset in range(0, len(stack), 4):
            word = int.from_bytes(stack[offset : offset + 4], "little")
            name = image.describe(word & ~1)
            if _follows_call(image, word) and name not in callers:
                callers.append(name)
    return tuple(callers[:_MOST_CALLERS])


def _follows_call(image: Image, address: int) -> bool:
    """Whether a Thumb return address: in a function, behind BL (4 bytes) or BLX (2 bytes)."""
    symbol = image.symbol_at(address & ~1)
    offset = (address & ~1) - image.load_address
    if not address & 1 or symbol is None or not symbol.is_function or offset < 4:
        return False
    first, second = (
        int.from_bytes(image.bin[start : start + 2], "little") for start in (offset - 4, offset - 2)
    )
    is_bl = first >> 11 == 0b11110 and second & 0xD000 == 0xD000
    is_blx = second & 0xFF87 == 0x4780
    return is_bl or is_blx
