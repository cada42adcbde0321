"""Padding of operators that move a window over a picture, by TFLite's rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from mcugen.ops.base import Options, UnsupportedOptionError

Pair = tuple[int, int]
"""(height, width)"""

Margins = tuple[int, int, int, int]
"""(top, left, bottom, right)"""

LARGEST = 32767
"""CMSIS-NN holds sizes and strides in 16 bits in places."""

_SCHEMES: tuple[Literal["SAME", "VALID"], ...] = ("SAME", "VALID")


@dataclass(frozen=True)
class Padding:
    """How many rows and columns of zero points surround the picture.

    SAME and VALID are TFLite's; EXPLICIT, which only passes make, has ``margins``.
    """

    scheme: Literal["SAME", "VALID", "EXPLICIT"]
    top: int = 0
    left: int = 0
    bottom: int = 0
    right: int = 0

    def resolve(self, input_hw: tuple[int, ...], kernel_hw: Pair, stride: Pair) -> Margins:
        """(top, left, bottom, right); of an odd total the bottom and right get the larger half.

        TFLite ``ComputePaddingWithOffset`` (kernels/padding.h).
        """
        if self.scheme == "EXPLICIT":
            return self.top, self.left, self.bottom, self.right
        if self.scheme == "VALID":
            return 0, 0, 0, 0
        rows = _same_total(input_hw[0], kernel_hw[0], stride[0])
        columns = _same_total(input_hw[1], kernel_hw[1], stride[1])
        top, left = rows // 2, columns // 2
        return top, left, rows - top, columns - left

    def output_hw(self, input_hw: tuple[int, ...], kernel_hw: Pair, stride: Pair) -> Pair:
        """Size of the result. TFLite ``ComputeOutSize``; 0 or less where no window fits."""
        top, left, bottom, right = self.resolve(input_hw, kernel_hw, stride)
        return (
            (input_hw[0] + top + bottom - kernel_hw[0]) // stride[0] + 1,
            (input_hw[1] + left + right - kernel_hw[1]) // stride[1] + 1,
        )


def _same_total(size: int, kernel: int, stride: int) -> int:
    outputs = -(-size // stride)
    return max((outputs - 1) * stride + kernel - size, 0)


def parse_padding(options: Options) -> Padding:
    """Raises UnsupportedOptionError for a number that the schema does not have."""
    number = int(options["Padding"])
    if number not in (0, 1):
        raise UnsupportedOptionError(f"padding {number} is neither SAME (0) nor VALID (1)")
    return Padding(_SCHEMES[number])


def unparse_padding(padding: Padding) -> int:
    """Raises ValueError for EXPLICIT, which TFLite has no number for."""
    if padding.scheme == "EXPLICIT":
        raise ValueError("EXPLICIT padding has no TFLite form")
    return _SCHEMES.index(padding.scheme)


def parse_pair(options: Options, height: str, width: str) -> Pair:
    return int(options[height]), int(options[width])


def window_problems(kernel_hw: Pair, stride: Pair) -> Iterator[str]:
    """Sizes that no window can have, or that do not fit CMSIS-NN's arguments."""
    for what, pair in (("window", kernel_hw), ("stride", stride)):
        if not all(1 <= size <= LARGEST for size in pair):
            yield f"{what} {pair[0]}x{pair[1]} must lie between 1 and {LARGEST}"
