"""When a kernel reads and writes which byte: the check of an output that lies on its input.

For the validator only; it shares no code with the contracts that the planner goes by.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

NEVER = -1


@dataclass(frozen=True)
class Walk:
    """A call on ``rows`` of input of ``width`` pixels of ``depth`` bytes, with padding above and to
    the left; window and stride are (height, width), the output is (rows, width, bytes a pixel).

    ``columns`` windows are gathered before their pixels are written; 0: channel by channel.
    """

    rows: int
    width: int
    depth: int
    window: tuple[int, int]
    stride: tuple[int, int]
    above: int
    left: int
    output: tuple[int, int, int]
    columns: int


def is_safe(walk: Walk, output_behind: int) -> bool:
    """Whether no byte is read after it was written over, if the output starts so many bytes behind
    the input's first one (before it, where that is negative)."""
    read, written = _times(walk)
    low, high = max(0, output_behind), min(len(read), output_behind + len(written))
    if low >= high:
        return True
    shared = written[low - output_behind : high - output_behind]
    return bool(np.all(read[low:high] < shared))


@lru_cache(maxsize=256)
def _times(walk: Walk) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each byte of the input when it is last read, for each of the output when it is written.

    Time counts blocks of windows that are read (even) and blocks of pixels that are written (odd).
    """
    rows, width, depth = walk.output
    read = np.full((walk.rows, walk.width, walk.depth), NEVER, np.int64)
    written = np.empty((rows * width, depth), np.int64)
    for pixel in range(rows * width):
        y = pixel // width * walk.stride[0] - walk.above
        x = pixel % width * walk.stride[1] - walk.left
        seen = read[max(0, y) : y + walk.window[0], max(0, x) : x + walk.window[1]]
        if walk.columns:
            when = 2 * (pixel // walk.columns)
            seen[:] = when
            written[pixel] = when + 1
        else:
            # Four channels at a time; one at a time is a finer order of the same.
            when_by_channel = 2 * (pixel * depth + np.arange(depth) // 4)
            seen[:] = when_by_channel
            written[pixel] = when_by_channel + 1
    return read.reshape(-1), written.reshape(-1)
