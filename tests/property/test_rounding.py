"""The reference's rounding in the row kernels: the C against numpy, for all that may reach it."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import pytest

from mcugen import numerics
from mcugen.kernels.rows.requantise import Channels
from mcugen.kernels.rows.rounding import Rounding, twice_rounded
from tests.shim import shared_library

KINDS = ("ROWS_PROVEN", "ROWS_PROVEN_ADDEND", "ROWS_TWICE", "ROWS_TWICE_LEFT")
"""``enum rows_rounding``, in its order."""

LIMIT = 2**29
"""Of a sum, shifted to the left where its scale asks for that."""


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    source = Path(__file__).parent / "rows_requantise_shim.c"
    return shared_library(source, tmp_path_factory.mktemp("shim"))


def c_outputs(
    shim: ctypes.CDLL, rounding: Rounding, channels: Channels, index: int, doubled: np.ndarray
) -> np.ndarray:
    """The kernels' outputs for twice the sums of channel ``index``."""
    fields = (KINDS.index(rounding.kind), rounding.shift, channels.zero_point, *channels.activation)
    sums = np.ascontiguousarray(doubled, np.int32)
    assert (sums == doubled).all()
    outputs = np.zeros_like(sums)
    pointer = ctypes.POINTER(ctypes.c_int32)
    shim.shim_requantise(
        (ctypes.c_int32 * len(fields))(*fields),
        *(ctypes.c_int32(int(word)) for word in rounding.words[index]),
        sums.ctypes.data_as(pointer),
        outputs.ctypes.data_as(pointer),
        len(sums),
    )
    return outputs


def channels_of(rng: np.random.Generator, low: float, high: float, count: int = 12) -> Channels:
    """Scales between two powers of two, and sums as far as they may go."""
    pairs = [numerics.quantize_multiplier(2.0**power) for power in rng.uniform(low, high, count)]
    multiplier, shift = (np.array(column, np.int64) for column in zip(*pairs, strict=True))
    furthest = (LIMIT >> np.maximum(shift, 0)) - 1
    zero_point = int(rng.choice([-128, 127, *rng.integers(-128, 128, 2)]))
    activation = (int(rng.choice([-128, -128, -90])), int(rng.choice([127, 127, 80])))
    return Channels(multiplier, shift, -furthest, furthest, zero_point, activation)


def hard_sums(rng: np.random.Generator, channels: Channels, index: int) -> np.ndarray:
    """About every step of the output, about 0, at the ends, and any others."""
    scale = channels.multiplier[index] * 2.0 ** (channels.shift[index] - 31)
    steps = np.rint((np.arange(-260, 261) + 0.5) / scale)
    near = steps[:, None] + np.arange(-3, 4)
    most = channels.most[index]
    sums = np.concatenate(
        [near.ravel(), np.arange(-600, 601), [-most, most], rng.integers(-most, most, 4000)]
    )
    return np.unique(np.clip(sums, -most, most)).astype(np.int64)


@pytest.mark.parametrize("scale", [1, 2, 256])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("low", "high", "kind"),
    [(-30, -1.01, "ROWS_TWICE"), (-12, -4, "ROWS_TWICE"), (-4, 9, "ROWS_TWICE_LEFT")],
)
def test_c_rounds_as_the_reference_does(
    shim: ctypes.CDLL, low: float, high: float, kind: str, seed: int, scale: int
) -> None:
    rng = np.random.default_rng([seed, scale])
    channels = channels_of(rng, low, high)
    if scale == 256:
        channels = replaced_range(channels, 64)
    rounding = twice_rounded(channels, scale)
    assert rounding is not None
    assert rounding.kind == kind
    for index in np.flatnonzero(~rounding.constant):
        sums = hard_sums(rng, channels, index)
        expected = channels.take(np.arange(len(channels.least)) == index).outputs(sums[None, :])[0]
        actual = c_outputs(shim, rounding, channels, index, 2 * sums)
        np.testing.assert_array_equal(actual, expected)


def replaced_range(channels: Channels, factor: int) -> Channels:
    """Sums that are smaller by a factor."""
    return Channels(
        channels.multiplier,
        channels.shift,
        -(channels.most // factor),
        channels.most // factor,
        channels.zero_point,
        channels.activation,
    )


@pytest.mark.parametrize("scale", [1, 2, 256])
@pytest.mark.parametrize("output", [-128, -7, 0, 127])
def test_a_channel_of_one_value_is_its_bias(shim: ctypes.CDLL, output: int, scale: int) -> None:
    """Whatever its sums and its scale: weights and biases count as 0."""
    channels = Channels(
        np.array([2**30, 2**30, 2**31 - 1]),
        np.array([-30, 10, 0]),
        np.array([-900, 2**29, -(2**31)]),
        np.array([900, 2**30, -(2**30)]),
        zero_point=output,
        activation=(-128, 127),
    )
    rounding = twice_rounded(channels, scale)
    assert rounding is not None
    assert rounding.constant.all()
    assert rounding.kind == "ROWS_TWICE"
    found = [
        c_outputs(shim, rounding, channels, c, 2 * rounding.bias[c : c + 1] // scale)[0]
        for c in range(3)
    ]
    assert found == channels.outputs(channels.least[:, None])[:, 0].tolist()


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("shift", "scale", "furthest"),
    [
        (-12, 1, 2**29),
        (-12, 2, 2**29),
        (-12, 256, 2**23),
        (0, 2, 2**29),
        (3, 2, 2**26),
        (9, 256, 2**20),
    ],
)
def test_a_sum_too_large_for_32_bits_is_refused(
    shift: int, scale: int, furthest: int, sign: int
) -> None:
    def lowered(most: int) -> Rounding | None:
        ends = sorted((0, sign * most))
        channels = Channels(
            np.array([2**30]), np.array([shift]), *(np.array([end]) for end in ends), 0, (-128, 127)
        )
        return twice_rounded(channels, scale)

    assert lowered(furthest) is None
    assert lowered(furthest - 1) is not None
