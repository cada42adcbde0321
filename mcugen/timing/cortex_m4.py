"""Cycles of a Cortex-M4's instructions, while no flash makes it wait."""

from __future__ import annotations

from collections.abc import Sequence

from mcugen.timing import constants
from mcugen.timing.instructions import Instruction


def cycles(block: Sequence[Instruction]) -> int:
    """Of instructions one after the other; a branch among them is not taken."""
    before: Instruction | None = None
    total = 0
    for one in block:
        total += _cost(one, before)
        before = one
    return total


def _cost(one: Instruction, before: Instruction | None) -> int:
    if one.loads:
        return constants.PIPELINED_LOAD if _follows(one, before) else constants.LOAD
    if one.stores:
        return constants.INDEXED_STORE if one.has_index_register else constants.STORE
    if one.words_loaded or one.words_stored:
        return constants.TRANSFER + one.words_loaded + one.words_stored
    if one.divides:
        return constants.DIVISION
    if one.divides_floats:
        return constants.FLOAT_DIVISION
    if one.adds_float_products:
        return constants.FLOAT_MULTIPLY_ADD
    if one.name.startswith("tb"):
        return constants.LOAD
    return 1


def _follows(one: Instruction, before: Instruction | None) -> bool:
    """A load right behind a load that does not make its address."""
    return before is not None and before.loads and not before.written & one.address_registers
