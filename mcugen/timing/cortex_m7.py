"""Between what a Cortex-M7 may stay: the least by what it can issue at once, and one at a time."""

from __future__ import annotations

from collections.abc import Sequence

from mcugen.timing.instructions import Instruction


def least_cycles(block: Sequence[Instruction]) -> int:
    """Two instructions a cycle, in order, wherever the second one does not need the first one's
    result and both do not need what the core has once; every result is there at once."""
    total, at = 0, 0
    while at < len(block):
        pair = block[at : at + 2]
        total += max(_alone(one) for one in pair[:1])
        at += 2 if len(pair) == 2 and _together(*pair) else 1
    return total


def single_cycles(block: Sequence[Instruction]) -> int:
    """One instruction a cycle."""
    return len(block)


def _alone(one: Instruction) -> int:
    """64 bits of memory a cycle."""
    words = one.words_loaded + one.words_stored
    return max(1, -(-words // 2))


def _together(first: Instruction, second: Instruction) -> bool:
    if first.branches or any(one.words_loaded + one.words_stored > 2 for one in (first, second)):
        return False
    once = (
        (first.multiplies, second.multiplies),
        (first.stores or first.words_stored, second.stores or second.words_stored),
        (first.divides or first.divides_floats, second.divides or second.divides_floats),
        (first.words_loaded, second.words_loaded or second.loads),
    )
    if any(one and other for one, other in once):
        return False
    return not first.written & (second.read | second.written)
