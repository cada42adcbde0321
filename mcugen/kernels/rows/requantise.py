"""Requantisation in two instructions, with constants that give TFLite's result for every sum.

TFLite rounds twice; the kernels compute

    output = clamp(((sum * scale + bias) * multiplier + addend * 2**32) >> (32 + shift))

with ``scale`` 1 or 256, which is SMMUL or SMMLA and then SSAT. Both are monotone in the sum, so
they agree on a channel's whole reachable range if they agree on both sides of each sum where
TFLite's output steps up, and at the ends. Of the multipliers the search takes the one that leaves
the most room between what all steps ask for, then a bias (and addend) that lands there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mcugen import numerics

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

_INT32 = 2**31
_HIGH_WORD = 2**32
_MOST_SHIFT = 21
"""Keeps the products of the search within 63 bits."""

_UNBOUNDED = 2**62
_NEIGHBOURS = (0, 1, -1, 2, -2, 3, -3, 5, -5, 8, -8, 13, -13)
"""Multipliers to try about the best one."""


@dataclass(frozen=True)
class Channels:
    """What the reference does with the sums of each channel, and which sums there can be.

    ``multiplier``, ``shift`` as in ``numerics.multiply_by_quantized_multiplier``; sums, bias
    included, lie in [``least``, ``most``]. All arrays are (channels,).
    """

    multiplier: Ints
    shift: Ints
    least: Ints
    most: Ints
    zero_point: int
    activation: tuple[int, int]

    def outputs(self, sums: Ints) -> Ints:
        """The reference's outputs for sums of shape (channels, n)."""
        scaled = numerics.multiply_by_quantized_multiplier(
            sums, self.multiplier[:, None], self.shift[:, None]
        )
        clamped: Ints = np.clip(scaled + self.zero_point, *self.activation)
        return clamped

    def take(self, chosen: Flags) -> Channels:
        return replace(
            self,
            multiplier=self.multiplier[chosen],
            shift=self.shift[chosen],
            least=self.least[chosen],
            most=self.most[chosen],
        )


@dataclass(frozen=True)
class Requantisation:
    """Constants of each channel; ``exact`` says where they are proven, elsewhere they mean nothing.

    ``constant`` marks the channels whose output is the same whatever the input: their constants
    hold for the sum 0, so their weights and biases count as 0. Arrays are (channels,).
    """

    scale: int
    shift: int
    bias: Ints
    multiplier: Ints
    addend: Ints
    constant: Flags
    exact: Flags


def reachable(weights: Ints, bias: Ints, zero_point: int) -> tuple[Ints, Ints]:
    """The least and greatest sum of each channel; ``weights`` are (taps, channels).

    A tap in the margin contributes 0, as an input at the zero point does.
    """
    low, high = weights * (-128 - zero_point), weights * (127 - zero_point)
    least: Ints = bias + np.minimum(low, high).sum(axis=0)
    most: Ints = bias + np.maximum(low, high).sum(axis=0)
    return least, most


def requantise(channels: Channels, scale: int, *, addend: bool) -> Requantisation:
    """The constants for sums that the kernel scales by ``scale``; without ``addend`` it is 0."""
    steps = _Steps.of(channels)
    ends = channels.outputs(np.stack([channels.least, channels.most], axis=1))
    constant: Flags = ends[:, 0] == ends[:, 1]
    shift = _common_shift(channels.take(~constant), scale)
    bias, multiplier, extra = np.zeros((3, len(constant)), np.int64)
    nowhere = np.zeros_like(constant)
    found = Requantisation(scale, shift, bias, multiplier, extra, constant, nowhere)
    if shift < 0:
        return found
    _solve_constant(found, ends[:, 0])
    _solve(found, channels, steps, addend=addend)
    return replace(found, exact=_proven(found, channels, steps))


@dataclass(frozen=True)
class _Steps:
    """What each output above the least one asks for: arrays are (channels, outputs).

    The sum ``reaching`` must get at least that output where ``reached``, the sum ``missing`` must
    get less where ``missed``. ``first`` is the first sum of all integers that gets it.
    """

    outputs: Ints
    first: Ints
    reaching: Ints
    reached: Flags
    missing: Ints
    missed: Flags

    @classmethod
    def of(cls, channels: Channels) -> _Steps:
        low, high = channels.activation
        outputs = np.arange(low + 1, high + 1, dtype=np.int64)
        first = _first_sums(channels, outputs - channels.zero_point)
        least, most = channels.least[:, None], channels.most[:, None]
        return cls(
            outputs,
            first,
            reaching=np.clip(first, least, most),
            reached=first <= most,
            missing=np.clip(first - 1, least, most),
            missed=first > least,
        )

    def take(self, chosen: Flags) -> _Steps:
        return _Steps(
            self.outputs,
            self.first[chosen],
            self.reaching[chosen],
            self.reached[chosen],
            self.missing[chosen],
            self.missed[chosen],
        )


def _first_sums(channels: Channels, results: Ints) -> Ints:
    """The first sum whose rescaled value is at least each of ``results``: (channels, results).

    Rounding half away from zero reaches a positive value at its lower half, others just above.
    """
    right = np.maximum(-channels.shift, 0)[:, None]
    left = np.maximum(channels.shift, 0)[:, None]
    half = np.where(right > 0, np.int64(1) << np.maximum(right - 1, 0), 0)
    high = (results[None, :] << right) - half + ((results[None, :] <= 0) & (right > 0))
    high = np.clip(high, -_INT32, _INT32)
    product = (high << 31) - 2**30
    shifted = -(-product // np.maximum(channels.multiplier, 1)[:, None])
    sums: Ints = -((-shifted) >> left)
    return sums


def _common_shift(channels: Channels, scale: int) -> int:
    """The most that leaves every multiplier below 2**31; negative where there is none."""
    if not len(channels.multiplier):
        return 0
    real = channels.multiplier * 2.0 ** (channels.shift - 31)
    largest = float(real.max()) / scale
    return min(_MOST_SHIFT, int(np.floor(-1 - np.log2(largest * (1 + 2**-20)))))


def _solve_constant(found: Requantisation, outputs: Ints) -> None:
    """A bias that gives the output by itself."""
    where = found.constant
    multiplier = 2**30
    middle = (2 * outputs[where] + 1) << (31 + found.shift)
    found.multiplier[where] = multiplier
    found.bias[where] = middle // multiplier


def _solve(found: Requantisation, channels: Channels, steps: _Steps, *, addend: bool) -> None:
    """Fills in multiplier, bias and addend; channels without a solution keep multiplier 0."""
    left = ~found.constant
    if not left.any():
        return
    best = np.zeros_like(found.multiplier)
    best[left] = _widest(channels.take(left), steps.take(left), found.scale, found.shift)
    for offset in _NEIGHBOURS:
        if not left.any():
            return
        chosen = channels.take(left)
        multiplier = np.clip(best[left] + offset, 1, _INT32 - 1)
        low, high = _window(steps.take(left), multiplier, found.scale, found.shift)
        bias, extra = (_with_addend if addend else _without)(low, high, multiplier)
        fits = (
            (low <= bias * multiplier + extra * _HIGH_WORD)
            & (bias * multiplier + extra * _HIGH_WORD < high)
            & (found.scale * chosen.least + bias >= -_INT32)
            & (found.scale * chosen.most + bias < _INT32)
            & (abs(extra) < _INT32)
        )
        index = np.flatnonzero(left)[fits]
        found.multiplier[index] = multiplier[fits]
        found.bias[index] = bias[fits]
        found.addend[index] = extra[fits]
        left[index] = False


def _window(steps: _Steps, multiplier: Ints, scale: int, shift: int) -> tuple[Ints, Ints]:
    """bias * multiplier + addend * 2**32 must lie in [low, high): what the steps ask for."""
    low, high = _bounds(steps, multiplier, scale, shift)
    return low.max(axis=1), high.min(axis=1)


def _bounds(steps: _Steps, multiplier: Ints, scale: int, shift: int) -> tuple[Ints, Ints]:
    wanted = steps.outputs[None, :] << (32 + shift)
    step = scale * multiplier[:, None]
    low = np.where(steps.reached, wanted - step * steps.reaching, -_UNBOUNDED)
    high = np.where(steps.missed, wanted - step * steps.missing, _UNBOUNDED)
    return low, high


def _widest(channels: Channels, steps: _Steps, scale: int, shift: int) -> Ints:
    """The multiplier with the widest window, which is concave in it: bisection on its slope."""
    real = channels.multiplier * 2.0 ** (channels.shift - 31)
    about = np.rint(real * 2.0 ** (32 + shift) / scale).astype(np.int64)
    least = np.maximum(about - (about >> 9) - 64, 1)
    most = np.minimum(about + (about >> 9) + 64, _INT32 - 1)
    rows = np.arange(len(about))
    while (least < most).any():
        middle = (least + most) >> 1
        low, high = _bounds(steps, middle, scale, shift)
        rising = steps.reaching[rows, low.argmax(axis=1)] > steps.missing[rows, high.argmin(axis=1)]
        least = np.where(rising, np.minimum(middle + 1, most), least)
        most = np.where(rising, most, middle)
    found: Ints = least
    return found


def _without(low: Ints, high: Ints, multiplier: Ints) -> tuple[Ints, Ints]:
    """The bias in the middle of those that land in [low, high)."""
    first, last = -(-low // multiplier), (high - 1) // multiplier
    return (first + last) >> 1, np.zeros_like(first)


def _with_addend(low: Ints, high: Ints, multiplier: Ints) -> tuple[Ints, Ints]:
    """The least bias that lands in [low, high) with some addend."""
    least = [
        first_multiple(int(m), _HIGH_WORD, int(a) % _HIGH_WORD, int(b - a - 1)) if b > a else 0
        for m, a, b in zip(multiplier, low, high, strict=True)
    ]
    bias = np.array([0 if one is None or one >= _INT32 else one for one in least], np.int64)
    return bias, -((bias * multiplier - low) // _HIGH_WORD)


def first_multiple(step: int, modulus: int, start: int, length: int) -> int | None:
    """The least x >= 0 with step * x modulo ``modulus`` in [start, start + length], cyclically.

    Euclid's algorithm: where no multiple falls in before the modulus, count the rounds instead.
    """
    end = start + length
    if start == 0 or end >= modulus:
        return 0
    step %= modulus
    if step == 0:
        return None
    x = -(-start // step)
    if x * step <= end:
        return x
    rounds = first_multiple(modulus % step, step, -end % step, length)
    return None if rounds is None else -(-(start + modulus * rounds) // step)


def apply(found: Requantisation, sums: Ints, activation: tuple[int, int]) -> Ints:
    """What the kernels compute for sums of shape (channels, n)."""
    scaled = np.where(found.constant[:, None], 0, sums) * found.scale + found.bias[:, None]
    high = (scaled * found.multiplier[:, None] >> 32) + found.addend[:, None]
    clamped: Ints = np.clip(high >> found.shift, *activation)
    return clamped


def _proven(found: Requantisation, channels: Channels, steps: _Steps) -> Flags:
    """Equal to the reference at both sides of every step and at both ends of the range.

    That the steps are where the reference steps is asked of the reference, too; a channel of one
    value has none, and its ends are enough.
    """
    ends = np.stack([channels.least, channels.most], axis=1)
    sums = np.concatenate([steps.reaching, steps.missing, ends], axis=1)
    equal = apply(found, sums, channels.activation) == channels.outputs(sums)
    reaches = channels.outputs(steps.reaching) >= steps.outputs
    misses = channels.outputs(steps.missing) < steps.outputs
    are_steps = ((reaches | ~steps.reached) & (misses | ~steps.missed)).all(axis=1)
    exact: Flags = equal.all(axis=1) & (are_steps | found.constant) & (found.multiplier > 0)
    return exact
