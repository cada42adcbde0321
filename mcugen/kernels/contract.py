"""What a kernel promises when it is called on a strip of rows instead of a whole picture."""

from __future__ import annotations

from dataclasses import dataclass

from mcugen.ir import Shape


@dataclass(frozen=True)
class RowContract:
    """Rows [y, y + n) of the output need rows [y * stride - top, (y + n - 1) * stride - top +
    window) of every input, as far as these exist.

    A strip's call is given those that exist as its whole input, and of the rows above the picture
    those that the strip lacks, max(0, top - y * stride), as its padding. ``call_cost`` are the
    instructions that each call takes besides its outputs, about.
    """

    window: int
    stride: int
    top: int
    call_cost: int

    def first_needed(self, row: int) -> int:
        """The first row of the input, of a picture without end below, that ``row`` reads."""
        return max(0, row * self.stride - self.top)

    def end_needed(self, end: int, height: int) -> int:
        """The end of the rows, of ``height``, that output rows before ``end`` read."""
        return max(0, min(height, (end - 1) * self.stride - self.top + self.window))


BY_ROW = RowContract(window=1, stride=1, top=0, call_cost=40)
"""An element of the output needs the elements of the inputs at its own place."""


def window_rows(
    source: Shape, output: Shape, *, window: int, stride: int, top: int, call_cost: int
) -> RowContract | None:
    """The contract of a kernel whose window walks over a picture (n, h, w, c).

    None for several pictures at once, and where a window may lie wholly outside: a strip without
    rows cannot be told to a kernel.
    """
    contract = RowContract(window, stride, top, call_cost)
    last = output[1] - 1
    lies_inside = top < window and contract.first_needed(last) < source[1]
    return contract if source[0] == 1 and lies_inside else None
