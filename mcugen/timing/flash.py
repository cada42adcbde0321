"""What the flash adds: waits of an accelerator's caches when they miss."""

from __future__ import annotations

from mcugen.boards import Accelerator
from mcugen.timing import constants
from mcugen.timing.trace import BlockTrace


def waits(trace: BlockTrace, accelerator: Accelerator, wait_states: int) -> int:
    """Cycles of an inference that the core waits for the flash."""
    reads = accelerator.line_bytes // accelerator.read_bytes
    data = _reads(reads, constants.DATA_MISS)
    code = _reads(reads, constants.CODE_MISS)
    return wait_states * (data * trace.data_misses + code * trace.code_misses)


def _reads(of_line: int, share: tuple[int, int]) -> int:
    return max(1, of_line * share[0] // share[1])
