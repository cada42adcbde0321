"""The constants of a layer as one stream of 32-bit words, in the order in which its kernel reads
them; ``firmware/kernels/rows`` says what that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcugen.kernels.rows.requantise import Channels, Ints
from mcugen.kernels.rows.rounding import Rounding

Words = NDArray[np.uint32]


@dataclass(frozen=True)
class Layer:
    """What a layer computes: ``weights`` (taps, channels), ``bias`` (channels,) in units of a sum
    of raw products, that is with the input's zero point taken into account."""

    weights: Ints
    bias: Ints
    channels: Channels

    @property
    def taps(self) -> int:
        return self.weights.shape[0]

    @property
    def units(self) -> int:
        return self.weights.shape[1]

    def scaled(self, rounding: Rounding) -> tuple[Ints, Ints]:
        """Weights as they are and the kernel's bias, for what ``rounding`` asks for."""
        bias = np.where(rounding.constant, 0, rounding.scale * self.bias) + rounding.bias
        return np.where(rounding.constant, 0, self.weights), bias


def pointwise_t(layer: Layer, even: Rounding, odd: Rounding) -> Words | None:
    """For ``rows_pointwise_t``: ``even`` holds for channels 0, 2, ..., ``odd`` for the others.

    None where two weights do not fit into a halfword.
    """
    weights, bias = _of_pairs(layer, even, odd)
    paired = _paired(_padded(weights, 4, 4))
    if paired is None:
        return None
    constants = np.concatenate(
        [_padded(even.words, 4, 1)[0::2], _padded(odd.words, 4, 1)[1::2]], axis=1
    )
    return _stream(
        _groups(_paired_bias(_padded_row(bias, 4)), 4), _columns(paired, 2), _groups(constants, 2)
    )


def pointwise_w(layer: Layer, rounding: Rounding) -> Words:
    """For ``rows_pointwise_w``."""
    weights, bias = layer.scaled(rounding)
    words = _input_pairs(rounding.scale * _padded(weights, 4, 4))
    return _stream(
        _groups(_padded_row(bias, 4), 4),
        _columns(words, 4),
        _groups(_padded(rounding.words, 4, 1), 4),
    )


def lone_pixel(layer: Layer, even: Rounding, odd: Rounding) -> Words | None:
    """For ``rows_lone_pixel``; both round as the reference does, else as ``pointwise_t``."""
    weights, bias = _of_pairs(layer, even, odd)
    paired = _paired(_padded(weights, 4, 8))
    if paired is None:
        return None
    return _stream(
        _groups(_paired_bias(_padded_row(bias, 8)), 8),
        _columns(paired, 4),
        _groups(_padded(even.words, 8, 1), 8),
    )


def depthwise(layer: Layer, rounding: Rounding) -> Words:
    """For ``rows_depthwise``; ``weights`` are its nine taps, row by row."""
    weights, bias = layer.scaled(rounding)
    taps = weights.reshape(3, 3, layer.units) & 0xFF
    packed = taps[:, 1] | taps[:, 0] << 8 | taps[:, 2] << 16 | taps[:, 1] << 24
    return _words(np.stack([*packed, bias, *rounding.words.T], axis=1)).reshape(-1)


def convolution(layer: Layer, rounding: Rounding) -> Words:
    """For ``rows_convolve``; ``weights`` are three stretches of three pixels' channels."""
    weights, bias = layer.scaled(rounding)
    stretch = layer.taps // 3
    rows = np.zeros((3, stretch + stretch % 2, -(-layer.units // 4) * 4), np.int64)
    rows[:, :stretch, : layer.units] = rounding.scale * weights.reshape(3, stretch, layer.units)
    words = _halves(rows[:, 0::2], rows[:, 1::2]).reshape(-1, rows.shape[2])
    return _stream(
        _groups(_padded_row(bias, 4), 4),
        _columns(words, 4),
        _groups(_padded(rounding.words, 4, 1), 4),
    )


def _of_pairs(layer: Layer, even: Rounding, odd: Rounding) -> tuple[Ints, Ints]:
    """Weights and bias of each channel, for its rounding."""
    second = np.arange(layer.units) % 2 == 1
    first, other = layer.scaled(even), layer.scaled(odd)
    return np.where(second, other[0], first[0]), np.where(second, other[1], first[1])


def _padded(weights: Ints, taps: int, channels: int) -> Ints:
    """Zeros up to multiples of ``taps`` and ``channels``."""
    missing = [(0, -size % to) for size, to in zip(weights.shape, (taps, channels), strict=True)]
    return np.pad(weights, missing)


def _padded_row(values: Ints, to: int) -> Ints:
    return np.pad(values, (0, -len(values) % to))


def _paired(weights: Ints) -> Words | None:
    """Two channels in a halfword, then two inputs in a word: (taps / 2, channels / 2)."""
    both = weights[:, 0::2] + 256 * weights[:, 1::2]
    return _input_pairs(both) if both.min() >= -(2**15) and both.max() < 2**15 else None


def _paired_bias(bias: Ints) -> Ints:
    """The odd channel's sum is what the halfwords sum up to, less the even channel's."""
    result = bias.copy()
    result[1::2] += bias[0::2]
    return result


def _input_pairs(weights: Ints) -> Words:
    """Inputs 0 and 2 in a word, 1 and 3 in the next: (taps / 2, columns)."""
    fours = weights.reshape(-1, 2, 2, weights.shape[1])
    return _halves(fours[:, 0], fours[:, 1]).reshape(-1, weights.shape[1])


def _halves(low: Ints, high: Ints) -> Words:
    return _words((low & 0xFFFF) | (high & 0xFFFF) << 16)


def _words(values: Ints) -> Words:
    return (values & 0xFFFFFFFF).astype(np.uint32)


def _groups(values: Ints, size: int) -> Words:
    """Constants of ``size`` channels or pairs after each other: (groups, words)."""
    return _words(values).reshape(len(values) // size, -1)


def _columns(words: Words, size: int) -> Words:
    """Of each ``size`` columns all words, row by row: (groups, words)."""
    rows, columns = words.shape
    return words.reshape(rows, columns // size, size).transpose(1, 0, 2).reshape(-1, rows * size)


def _stream(*parts: Words) -> Words:
    """(groups, words) of each part, group by group."""
    return np.concatenate(parts, axis=1).reshape(-1)
