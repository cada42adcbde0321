"""What a call costs: instructions, as a sum over how often each part of its kernel runs.

The parts are read off the kernel's loops; how many instructions each takes was measured on the
virtual Cortex-M7 with arm-none-eabi-gcc 12.2 (``benchmarks/costs.py`` measures and fits anew).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Terms = Mapping[str, int]
"""How often each part of a kernel runs."""


@dataclass(frozen=True)
class Formula:
    """``terms`` counts the parts in a call's params, ``instructions`` is what one of each takes."""

    terms: Callable[[Any], Terms]
    instructions: Mapping[str, float]

    def __call__(self, params: object) -> int:
        terms = self.terms(params).items()
        return round(sum(self.instructions.get(name, 0.0) * count for name, count in terms))


@dataclass(frozen=True)
class Taps:
    """One axis of a window that walks over a picture, summed over its outputs.

    ``inside`` are taps inside the picture; ``first`` and ``last`` are the outputs whose first and
    last tap is inside, ``cut`` those with a tap outside.
    """

    inside: int
    first: int
    last: int
    cut: int


def taps(size: int, window: int, stride: int, before: int, outputs: int) -> Taps:
    """``before`` is the margin before the picture of ``size`` pixels."""
    starts = [output * stride - before for output in range(outputs)]
    inside = [max(0, min(window, size - start) - max(0, -start)) for start in starts]
    return Taps(
        inside=sum(inside),
        first=sum(start >= 0 for start in starts),
        last=sum(start + window <= size for start in starts),
        cut=sum(count < window for count in inside),
    )


def clamps(activation: tuple[int, int]) -> int:
    """How many of the ends of int8 an output is clamped to besides."""
    return (activation[0] > -128) + (activation[1] < 127)
