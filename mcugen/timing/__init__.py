"""From what ran on the virtual board to time: estimates by models of Arm's cores.

Costs of instructions, the caches before the flash, the facts of a board and the fitted numbers are
apart from each other: ``cortex_m4.py`` and ``cortex_m7.py``, ``flash.py`` (the caches run beside
the emulator, in ``firmware/host/cache_lines.h``), the board's file, ``constants.py``.
"""

from mcugen.timing.estimate import Estimate, estimate
from mcugen.timing.instructions import Code, read_disassembly
from mcugen.timing.trace import Block, BlockTrace

__all__ = ["Block", "BlockTrace", "Code", "Estimate", "estimate", "read_disassembly"]
