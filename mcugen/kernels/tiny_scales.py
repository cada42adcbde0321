"""A right shift by 31 bits, which CMSIS-NN's C leaves undefined, replaced by an equal computation.

Pruned networks have channels whose weights are next to nothing and whose bias makes up for it. The
reference shifts their sums right by 31: the result is 1 from some positive sum T on, -1 from some
negative sum N down, else 0. Multiplier 2**30 and shift -30 do the same with other thresholds, so
the bias is moved by the difference. ``ops.checks`` keeps the taps' part of the sum below 2**28, so
of a sum that can reach one threshold neither the old nor the moved one comes near the other.
"""

from __future__ import annotations

from mcugen import numerics

_MULTIPLIER, _SHIFT = 2**30, -30
_FIRST_ONE, _LAST_MINUS_ONE = 2**30 - 1, -(2**30)
"""The thresholds of that multiplier and shift."""

# A smaller bias leaves every sum between the thresholds, old and new.
_BIAS_THAT_MATTERS = 2**29


def defined_requantisation(scale: float, bias: int) -> tuple[int, int, int]:
    """(multiplier, shift, bias) for a channel, with a shift of at least -30."""
    multiplier, shift = numerics.quantize_multiplier(scale)
    if shift > -31:
        return multiplier, shift, bias
    if bias >= _BIAS_THAT_MATTERS:
        bias += _FIRST_ONE - _first_one(multiplier)
    elif bias <= -_BIAS_THAT_MATTERS:
        bias += _LAST_MINUS_ONE - _last_minus_one(multiplier)
    return _MULTIPLIER, _SHIFT, bias


def _first_one(multiplier: int) -> int:
    """The least sum whose doubled high product, (sum * multiplier + 2**30) >> 31, is 2**30."""
    return -((2**30 - 2**61) // multiplier)


def _last_minus_one(multiplier: int) -> int:
    """The greatest sum whose doubled high product is -2**30."""
    return (2**30 - 2**61 - 1) // multiplier
