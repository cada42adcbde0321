"""What a kernel promises when it is called on a strip of rows instead of a whole picture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from mcugen.ir import Shape


@dataclass(frozen=True)
class Lag:
    """How a kernel that works pixel by pixel, row by row, reads ahead of what it writes.

    It reads the windows of ``pixels`` outputs and then writes these; ``by_channel`` it does so for
    a few channels after the other, and channel c of an output is made of channel c of its window.
    Pixels have ``input_bytes`` and ``output_bytes``.
    """

    input_width: int
    output_width: int
    input_bytes: int
    output_bytes: int
    stride: int
    left: int
    pixels: int = 1
    by_channel: bool = False


@dataclass(frozen=True)
class RowContract:
    """Rows [y, y + n) of the output need rows [y * stride - top, (y + n - 1) * stride - top +
    window) of every input, as far as these exist.

    A strip's call is given those that exist as its whole input, and of the rows above the picture
    those that the strip lacks, max(0, top - y * stride), as its padding. ``call_cost`` are the
    instructions that each call takes besides its outputs, about. ``lag`` is None where the output
    may never lie on the input, ``in_place`` is for what works by element.
    """

    window: int
    stride: int
    top: int
    call_cost: int
    lag: Lag | None = None
    in_place: bool = False

    def first_needed(self, row: int) -> int:
        """The first row of the input, of a picture without end below, that ``row`` reads."""
        return max(0, row * self.stride - self.top)

    def end_needed(self, end: int, height: int) -> int:
        """The end of the rows, of ``height``, that output rows before ``end`` read."""
        return max(0, min(height, (end - 1) * self.stride - self.top + self.window))

    def distance(self, row: int, rows: int) -> int | None:
        """How many bytes before the first of its rows of input the output of a strip must start to
        lie on them all the same; negative: so many behind. None where it must not at all."""
        if self.in_place:
            return 0
        if self.lag is None:
            return None
        padding = self.first_needed(row) - (row * self.stride - self.top)
        return _distance(self.lag, self.stride, padding, rows)


@lru_cache(maxsize=4096)
def _distance(lag: Lag, stride: int, padding: int, rows: int) -> int:
    """The most by which the end of a write is ahead of the first byte that is still to be read."""
    starts = [
        (max(0, y * stride - padding) * lag.input_width + max(0, x * lag.stride - lag.left))
        * lag.input_bytes
        for y, x in product(range(rows), range(lag.output_width))
    ]
    later = list(starts)
    for pixel in range(len(later) - 2, -1, -1):
        later[pixel] = min(later[pixel], later[pixel + 1])
    ahead = [
        done * lag.output_bytes - later[done] for done in range(lag.pixels, len(later), lag.pixels)
    ]
    if lag.by_channel:
        ahead += [pixel * lag.output_bytes - start for pixel, start in enumerate(starts)]
    # Without a pixel still to be read nothing is forbidden but to end behind what was read.
    return max(ahead, default=0)


BY_ROW = RowContract(window=1, stride=1, top=0, call_cost=40, in_place=True)
"""An element of the output needs the elements of the inputs at its own place."""


def window_rows(
    source: Shape,
    output: Shape,
    *,
    window: int,
    stride: int,
    top: int,
    call_cost: int,
    lag: Lag | None = None,
) -> RowContract | None:
    """The contract of a kernel whose window walks over a picture (n, h, w, c).

    None for several pictures at once, and where a window may lie wholly outside: a strip without
    rows cannot be told to a kernel.
    """
    contract = RowContract(window, stride, top, call_cost, lag)
    last = output[1] - 1
    lies_inside = top < window and contract.first_needed(last) < source[1]
    return contract if source[0] == 1 and lies_inside else None
