"""The arena's time in a picture: steps of one moment are narrow where others have rows to show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from mcugen.report.arena import Step

_MOST_OF_STILL_STEPS = 0.3
"""The share of the picture that steps of one moment may take from those in which rows move."""

_LEAD = 2
"""Layers' width that a step in which rows move has besides those of its layers."""


@dataclass(frozen=True)
class Tick:
    """A text at a place of an axis."""

    at: float
    text: str


@dataclass(frozen=True)
class Axis:
    """Moments of ``steps`` between 0 and ``width``."""

    steps: Sequence[Step]
    width: float

    def at(self, moment: int) -> float:
        """Where a moment begins."""
        for step, left, width in zip(self.steps, self.edges, self.widths, strict=False):
            if moment < step.end:
                return left + width * (moment - step.start) / step.moments
        return self.width

    @cached_property
    def edges(self) -> tuple[float, ...]:
        """Where each step begins, and the last one ends."""
        return tuple(accumulate(self.widths, initial=0.0))

    @cached_property
    def widths(self) -> tuple[float, ...]:
        moving = [step for step in self.steps if step.moments > 1]
        still = len(self.steps) - len(moving)
        if not moving:
            return (self.width / len(self.steps),) * len(self.steps)
        narrow = self.width / len(self.steps)
        if still:
            narrow = min(narrow, self.width * _MOST_OF_STILL_STEPS / still)
        share = (self.width - narrow * still) / sum(step.layers + _LEAD for step in moving)
        return tuple(
            narrow if step.moments == 1 else share * (step.layers + _LEAD) for step in self.steps
        )
