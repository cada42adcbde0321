"""How a layer's kernel gets from sums to outputs: in two instructions where that is proven exact
for all of its channels, elsewhere with the reference's own two roundings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcugen.kernels.rows.requantise import Channels, Flags, Ints, Requantisation

_SCALED_LIMIT = 2**31
"""Of a sum times the kernel's scale."""

_DOUBLED_LIMIT = 2**30
"""Of twice a sum, shifted to the left: half of what 32 bits hold, as the result is doubled and the
zero point added."""


@dataclass(frozen=True)
class Rounding:
    """A layer's rounding, and the constants that it asks for.

    ``kind`` is C's ``enum rows_rounding``; ``scale`` is the sums', ``shift`` the layer's. ``bias``
    (channels,) is added to the scaled one, ``words`` (channels, 1 or 2) stand in the stream.
    ``constant`` (channels,) marks those whose weights and biases count as 0.
    """

    kind: str
    scale: int
    shift: int
    bias: Ints
    constant: Flags
    words: Ints


def two_instructions(found: Requantisation, *, addend: bool) -> Rounding:
    """What ``requantise`` found, with an addend or without; whether it is exact is not asked."""
    columns = [found.multiplier, found.addend] if addend else [found.multiplier]
    return Rounding(
        "ROWS_PROVEN_ADDEND" if addend else "ROWS_PROVEN",
        found.scale,
        found.shift,
        found.bias,
        found.constant,
        np.stack(columns, axis=1),
    )


def twice_rounded(channels: Channels, scale: int = 2) -> Rounding | None:
    """The reference's rounding, of sums that the kernel scales by ``scale``.

    TFLite shifts the sum to the left, takes the high half of twice the product, rounded half up,
    and shifts that to the right, rounded half away from zero; so does the kernel, in 32 bits. None
    where a sum can be too large for them. A shift of s to the left is -1 - s in the stream, one of
    s > 0 to the right is s - 1.
    """
    ends = channels.outputs(np.stack([channels.least, channels.most], axis=1))
    constant: Flags = ends[:, 0] == ends[:, 1]
    left = np.where(constant, 0, np.maximum(channels.shift, 0))
    furthest = np.where(constant, 0, np.maximum(abs(channels.least), abs(channels.most)))
    too_large = (scale * furthest >= _SCALED_LIMIT) | (2 * furthest >= _DOUBLED_LIMIT >> left)
    if too_large.any():
        return None
    # Twice four times the output, times 2**30 / 2**31, halved.
    bias = np.where(constant, scale * 4 * (ends[:, 0] - channels.zero_point), 0)
    multiplier = np.where(constant, 2**30, channels.multiplier)
    shift = np.where(constant, 0, -1 - channels.shift)
    return Rounding(
        "ROWS_TWICE" if shift.min() >= 0 else "ROWS_TWICE_LEFT",
        scale,
        0,
        bias,
        constant,
        np.stack([multiplier, shift], axis=1),
    )
