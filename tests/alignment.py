"""Finds loads and stores of several words at addresses that hardware refuses.

Cortex-M traps LDRD, STRD, LDM and STM at addresses that are no multiple of 4, Unicorn does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import unicorn
from unicorn import arm_const as arm

from mcugen.image import Symbol
from mcugen.sim.board import VirtualBoard

_REGISTERS = [getattr(arm, f"UC_ARM_REG_R{index}") for index in range(13)]
_REGISTERS += [arm.UC_ARM_REG_SP, arm.UC_ARM_REG_LR, arm.UC_ARM_REG_PC]


def base_register(first: int) -> int | None:
    """The register that addresses several words, from an instruction's first halfword."""
    several = first & 0xFE40 == 0xE800  # LDM, STM
    double = first & 0xFE40 == 0xE840 and first & 0x0120  # LDRD, STRD; else exclusive accesses
    if (several or double) and first & 0xF != 15:
        return first & 0xF
    if first & 0xF000 == 0xC000:  # LDM, STM of 16 bits
        return first >> 8 & 7
    return None


@contextmanager
def misaligned_accesses(board: VirtualBoard, code: Symbol) -> Iterator[list[int]]:
    """The addresses of instructions in ``code`` that hardware would trap; filled while it runs."""
    uc, found, seen = board.cpu._uc, [], [0]

    def on_instruction(uc: unicorn.Uc, address: int, size: int, _: object) -> None:
        register = base_register(int.from_bytes(uc.mem_read(address, 2), "little"))
        if register is not None:
            seen[0] += 1
            if uc.reg_read(_REGISTERS[register]) % 4:
                found.append(address)

    hook = uc.hook_add(
        unicorn.UC_HOOK_CODE, on_instruction, begin=code.address, end=code.address + code.size - 1
    )
    yield found
    uc.hook_del(hook)
    assert seen[0], "no such instruction was executed"
