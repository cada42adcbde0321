"""Pixels as a model's input: which real values they stand for, and which integers.

A model says what its pixels are through its input's quantisation: the real values that the input
can hold are about [-1, 1], [0, 1] or [0, 255]. Any other range is not guessed at.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcugen.errors import UsageError
from mcugen.ir import Quant, Shape

_RANGE_TOLERANCE = 0.05
"""How far either end may lie from a rule's range, as a part of that range."""

_TIE_TOLERANCE = 1e-4
"""Steps. Covers the float32 rounding of a scale such as 1/127.5."""


@dataclass(frozen=True)
class PixelRule:
    """Pixels 0..255 stand for the real values ``low`` to ``high``, linearly: the same in every
    channel, or a pair of its own for each."""

    words: str
    low: float | tuple[float, ...]
    high: float | tuple[float, ...]

    def real(self, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
        """``pixels`` have the channels last."""
        low, high = np.asarray(self.low), np.asarray(self.high)
        values: NDArray[np.float64] = low + pixels.astype(np.float64) * ((high - low) / 255)
        return values

    def quantise(
        self, pixels: NDArray[np.uint8], quant: Quant, smallest: int, largest: int
    ) -> NDArray[np.int64]:
        """The nearest integers; ties go up.

        With scale 1/127.5 every pixel is a tie. Rounding it up is what maps the 256 pixel values to
        the 256 integers one to one, as training pipelines and other runners do (pixel - 128).
        """
        steps = np.floor(self.real(pixels) / quant.scale + 0.5 + _TIE_TOLERANCE)
        integers: NDArray[np.float64] = np.clip(steps + quant.zero_point, smallest, largest)
        return integers.astype(np.int64)


_RULES = (
    PixelRule("pixel/127.5 - 1", -1.0, 1.0),
    PixelRule("pixel/255", 0.0, 1.0),
    PixelRule("pixel", 0.0, 255.0),
)


def _suits(rule: PixelRule, low: float, high: float) -> bool:
    """Whether an input that holds the real values ``low`` to ``high`` asks for one of the rules."""
    first, last = np.asarray(rule.low), np.asarray(rule.high)
    slack = _RANGE_TOLERANCE * (last - first)
    return bool(abs(low - first) <= slack and abs(high - last) <= slack)


def normalised(
    mean: tuple[float, ...], deviation: tuple[float, ...], *, shape: Shape, where: str
) -> PixelRule:
    """(pixel/255 - mean) / deviation, one number for all channels of ``shape`` or one for each.

    Raises UsageError U006 for another number of them, or a deviation that is not positive.
    """
    channels = shape[-1] if shape else 1
    if not {len(mean), len(deviation)} <= {1, channels} or min(deviation) <= 0:
        raise UsageError(
            "U006",
            f"mean and standard deviation must be 1 or {channels} numbers, deviations above 0",
            where=where,
            hint="such as `--mean 0.485,0.456,0.406 --std 0.229,0.224,0.225`",
        )
    means, deviations = np.broadcast_arrays(np.array(mean), np.array(deviation))
    shown = [",".join(f"{value:g}" for value in values) for values in (mean, deviation)]
    return PixelRule(
        f"(pixel/255 - {shown[0]}) / {shown[1]}",
        tuple(((0 - means) / deviations).tolist()),
        tuple(((1 - means) / deviations).tolist()),
    )


def pixel_rule(
    quant: Quant | None, smallest: int, largest: int, *, shape: Shape, where: str
) -> PixelRule:
    """The rule that the input's quantisation implies. Raises UsageError U002 where none does.

    ``where`` names the picture in an error.
    """
    hint = f"give the input as a .npy file of shape {list(shape)}"
    if quant is None:
        raise UsageError(
            "U002",
            "the model does not say what real values its pixels stand for",
            where=where,
            hint=hint,
        )
    low = quant.scale * (smallest - quant.zero_point)
    high = quant.scale * (largest - quant.zero_point)
    for rule in _RULES:
        if _suits(rule, low, high):
            return rule
    raise UsageError(
        "U002",
        f"the model's input holds {low:.4g} to {high:.4g}: how pixels map to that is not known",
        where=where,
        details=("known are about -1 to 1, 0 to 1 and 0 to 255",),
        hint=f"{hint}, or to `eval` what it was trained with: `--mean`, `--std`",
    )
