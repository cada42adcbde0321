"""Two-instruction requantisation: equal to TFLite's rounding over all that a channel can reach."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mcugen import numerics
from mcugen.kernels.rows import requantise as module
from mcugen.kernels.rows.requantise import (
    Channels,
    Requantisation,
    apply,
    first_multiple,
    reachable,
    requantise,
)

WAYS = ((1, True), (256, False), (256, True))


def random_channels(rng: np.random.Generator, count: int = 40) -> Channels:
    """Ranges from one sum to a quarter of a million, scales so that the outputs spread."""
    width = np.exp(rng.uniform(0, np.log(2**18), count)).astype(np.int64)
    least = rng.integers(-width, 1)
    real = rng.uniform(20, 600, count) / np.maximum(width, 4096)
    pairs = [numerics.quantize_multiplier(float(one)) for one in real]
    multiplier, shift = (np.array(column, np.int64) for column in zip(*pairs, strict=True))
    low = int(rng.choice([-128, -128, -100, 0]))
    high = int(rng.choice([127, 127, 90]))
    zero_point = int(rng.choice([-128, -128, 127, *rng.integers(-128, 128, 2)]))
    return Channels(multiplier, shift, least, least + width, zero_point, (low, high))


def every_sum(channels: Channels, index: int) -> np.ndarray:
    return np.arange(channels.least[index], channels.most[index] + 1)[None, :]


def one_of(found: Requantisation, index: int) -> Requantisation:
    arrays = {
        name: getattr(found, name)[index : index + 1]
        for name in ("bias", "multiplier", "addend", "constant", "exact")
    }
    return replace(found, **arrays)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("scale", "addend"), WAYS)
def test_every_reachable_sum_gives_the_references_output(
    scale: int, addend: bool, seed: int
) -> None:
    channels = random_channels(np.random.default_rng(seed))
    found = requantise(channels, scale, addend=addend)
    # Rounding half away from zero is another one on either side of the zero point.
    one_sided = channels.zero_point <= channels.activation[0]
    assert found.exact.mean() > (0.8 if one_sided else 0.1)
    for index in np.flatnonzero(found.exact):
        sums = every_sum(channels, index)
        expected = channels.take(np.arange(len(found.exact)) == index).outputs(sums)
        actual = apply(one_of(found, index), sums, channels.activation)
        np.testing.assert_array_equal(actual, expected)


def test_steps_that_are_not_the_references_prove_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof does not rest on the search's word for where the reference steps."""
    channels = random_channels(np.random.default_rng(2))
    found = requantise(channels, 256, addend=True)
    live = found.exact & ~found.constant
    assert live.any()
    assert module._proven(found, channels, module._Steps.of(channels))[live].all()
    first_sums = module._first_sums
    monkeypatch.setattr(module, "_first_sums", lambda *words: first_sums(*words) + 2**40)
    nowhere = module._Steps.of(channels)
    assert not module._proven(found, channels, nowhere)[live].any()


@pytest.mark.parametrize(("scale", "addend"), WAYS)
def test_operands_stay_within_32_bits(scale: int, addend: bool) -> None:
    channels = random_channels(np.random.default_rng(11), 200)
    found = requantise(channels, scale, addend=addend)
    live = found.exact & ~found.constant
    for sums in (channels.least, channels.most):
        scaled = (found.scale * sums + found.bias)[live]
        assert (scaled >= -(2**31)).all()
        assert (scaled < 2**31).all()
    assert (found.multiplier[found.exact] < 2**31).all()
    assert (abs(found.addend) < 2**31).all()
    assert (abs(found.bias) < 2**31).all()
    assert addend or not found.addend.any()


def test_a_sum_too_large_for_eight_bits_more_is_not_exact() -> None:
    multiplier, shift = numerics.quantize_multiplier(1.3 * 2.0**-16)
    channels = Channels(
        np.array([multiplier, multiplier]),
        np.array([shift, shift]),
        np.array([-(2**24), -(2**20)]),
        np.array([2**24, 2**20]),
        zero_point=-128,
        activation=(-128, 127),
    )
    assert requantise(channels, 256, addend=False).exact.tolist() == [False, True]
    assert requantise(channels, 1, addend=True).exact.tolist() == [True, True]


@pytest.mark.parametrize("output", [-128, -3, 0, 127])
def test_a_channel_of_one_value_needs_no_sum(output: int) -> None:
    channels = Channels(
        np.array([2**30, 0]),
        np.array([-30, 0]),
        np.array([-900, -(2**30)]),
        np.array([900, 2**30]),
        zero_point=output,
        activation=(-128, 127),
    )
    for scale, addend in WAYS:
        found = requantise(channels, scale, addend=addend)
        assert found.constant.all()
        assert found.exact.all()
        assert (apply(found, np.zeros((2, 1), np.int64), (-128, 127)) == output).all()


def test_ranges_count_margins_as_zero_and_both_signs() -> None:
    weights = np.array([[3, -1], [-2, 0]], np.int64)
    least, most = reachable(weights, np.array([10, -4], np.int64), -128)
    assert least.tolist() == [10 - 2 * 255, -4 - 255]
    assert most.tolist() == [10 + 3 * 255, -4]


@pytest.mark.parametrize("seed", range(3))
def test_first_multiple_is_the_least(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(300):
        modulus = int(rng.integers(2, 200))
        step = int(rng.integers(0, modulus))
        start = int(rng.integers(0, modulus))
        length = int(rng.integers(0, 1 + modulus // 4))
        hits = [x for x in range(modulus) if (step * x - start) % modulus <= length]
        assert first_multiple(step, modulus, start, length) == (hits[0] if hits else None)
