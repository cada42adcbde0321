"""What a pixel of 8 bits becomes in integer arithmetic: a straight line, cut off at the ends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_MOST_SHIFT = 22
"""255 times a slope of about one, shifted so far, is well within 32 bits."""

_TRIED = 4
"""Multipliers of a shift; the first ones that are steep enough."""

_STEEPEST = 256.0
"""Of any line that is asked for."""


@dataclass(frozen=True)
class PixelLine:
    """((pixel * ``multiplier`` + ``offset``) >> ``shift``) - ``bias``, all unsigned but the last
    difference, and then at least ``low`` and at most ``high``.

    ``clamps`` says whether that last step changes anything.
    """

    multiplier: int
    offset: int
    shift: int
    bias: int
    low: int
    high: int

    @property
    def clamps(self) -> bool:
        return self._line(0) < self.low or self._line(255) > self.high

    def value(self, pixel: int) -> int:
        return min(max(self._line(pixel), self.low), self.high)

    def _line(self, pixel: int) -> int:
        return ((pixel * self.multiplier + self.offset) >> self.shift) - self.bias


def pixel_line(values: Sequence[int], low: int, high: int) -> PixelLine | None:
    """The line that gives every one of the 256 ``values``, which rise from ``low`` or more to
    ``high`` or less, with the smallest shift; None where no line does."""
    least, most = _slopes(values, low, high)
    for shift in range(_MOST_SHIFT + 1):
        first = math.floor(least * (1 << shift))
        for multiplier in range(max(first, 0), math.ceil(most * (1 << shift)) + 1)[:_TRIED]:
            offset = _offset(values, low, high, multiplier, shift)
            if offset is not None:
                bias = max(0, -(offset >> shift))
                return PixelLine(multiplier, offset + (bias << shift), shift, bias, low, high)
    return None


def _slopes(values: Sequence[int], low: int, high: int) -> tuple[float, float]:
    """Between these all slopes lie with which a line can be right at every two pixels.

    At a pixel it is at least the value, unless that is the lowest, and less than one more, unless
    that is the highest.
    """
    found = np.asarray(values, np.float64)
    pixels = np.arange(len(found), dtype=np.float64)
    distance = pixels[None, :] - pixels[:, None]
    room = found[None, :] + 1 - found[:, None]
    counts = (found > low)[:, None] & (found < high)[None, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = room / distance
    above, below = slopes[counts & (distance > 0)], slopes[counts & (distance < 0)]
    return float(np.max(below, initial=0.0)), float(np.min(above, initial=_STEEPEST))


def _offset(values: Sequence[int], low: int, high: int, multiplier: int, shift: int) -> int | None:
    """The least one with which the line is right at every pixel."""
    least = max(
        ((one << shift) - pixel * multiplier for pixel, one in enumerate(values) if one > low),
        default=0,
    )
    most = min(
        (
            ((one + 1) << shift) - 1 - pixel * multiplier
            for pixel, one in enumerate(values)
            if one < high
        ),
        default=least,
    )
    return least if least <= most else None
