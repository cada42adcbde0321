"""All numbers of the models of time, frozen. Cycles, unless they say otherwise.

The Cortex-M4's costs are those of Arm's manual for the core (DDI 0439, instruction set summary),
but for TAKEN_BRANCH, which the manual gives as 1 to 3: 2 was picked, and 1 more or less moves a
network by up to 4 %.

What a miss of the accelerator's caches costs, in flash reads per line, was picked after the times
of four networks on one chip had been seen (STM32L4R5 at 120 MHz, 5 wait states, stock CMSIS-NN at
-O2; MLPerf Tiny 1.0, closed division, microTVM): visual wake words 301.2 ms, ResNet-8 389.6 ms,
DS-CNN 99.8 ms, autoencoder 8.605 ms. So the agreement with these four is a fit and no prediction.
The one time out of sample, a person detector on an STM32F413 with flags and clock that are not
known, is 25 % above the model. So no band is claimed, for any chip; one run with a cycle counter on
a board would settle it, and these numbers must stay as they are before it.

Nothing of the Cortex-M7 is fitted to anything.
"""

LOAD = 2
PIPELINED_LOAD = 1
"""Right behind another load, and at an address that does not come from it."""

STORE = 1
INDEXED_STORE = 2
"""At the sum of two registers."""

TRANSFER = 1
"""Of several registers, besides 1 for each."""

DIVISION = 7
"""The manual says 2 to 12, by the operands."""

FLOAT_DIVISION = 14
FLOAT_MULTIPLY_ADD = 3
TAKEN_BRANCH = 2
"""More than the 1 of any branch."""

DATA_MISS = (1, 1)
"""Share of a line's reads that a load waits for, as a fraction: all."""

CODE_MISS = (1, 2)
"""Share of a line's reads that a jump waits for, but one read at least: it lands in the middle of a
line on average, and the other half comes while the first one runs."""
