"""Cycles and milliseconds of an inference by a model of the core. Nobody measured them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mcugen.boards import Board
from mcugen.timing import constants, cortex_m4, cortex_m7
from mcugen.timing.flash import waits
from mcugen.timing.instructions import Code, Instruction
from mcugen.timing.trace import BlockTrace

M4_MODEL = "cortex-m4-art"
M7_LEAST, M7_SINGLE = "cortex-m7-dual-issue", "cortex-m7-single-issue"


@dataclass(frozen=True)
class Estimate:
    """``cycles`` by the ``model`` of that name, at ``clock_hz``."""

    model: str
    cycles: int
    clock_hz: int

    @property
    def milliseconds(self) -> float:
        return 1000 * self.cycles / self.clock_hz

    def as_json(self) -> dict[str, object]:
        return {
            "model": self.model,
            "cycles": self.cycles,
            "clock_hz": self.clock_hz,
            "milliseconds": round(self.milliseconds, 3),
        }


def estimate(board: Board, code: Code, trace: BlockTrace) -> tuple[Estimate, ...]:
    """One for a Cortex-M4, the low and the high end of a range for a Cortex-M7.

    () where the board file does not say what stands between a Cortex-M4 and its flash.
    """
    if board.chip.core == "cortex-m4":
        return _m4(board, code, trace)
    hz = board.clock.hz
    return (
        Estimate(M7_LEAST, _sum(code, trace, cortex_m7.least_cycles), hz),
        Estimate(M7_SINGLE, _sum(code, trace, cortex_m7.single_cycles), hz),
    )


def _m4(board: Board, code: Code, trace: BlockTrace) -> tuple[Estimate, ...]:
    accelerator, pll = board.flash.accelerator, board.clock.pll
    if accelerator is None or pll is None:
        return ()
    core = core_cycles(code, trace)
    flash = waits(trace, accelerator, pll.flash_wait_states)
    return (Estimate(M4_MODEL, core + flash, board.clock.hz),)


def core_cycles(code: Code, trace: BlockTrace) -> int:
    """What a Cortex-M4 takes when its flash never makes it wait."""
    jumps = sum(block.jumps for block in trace.blocks)
    return _sum(code, trace, cortex_m4.cycles) + constants.TAKEN_BRANCH * jumps


def _sum(code: Code, trace: BlockTrace, cycles: Callable[[Sequence[Instruction]], int]) -> int:
    return sum(one.runs * cycles(code.block(one.address, one.bytes)) for one in trace.blocks)
