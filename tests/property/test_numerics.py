"""Fixed point: numpy against exact rationals, and the portable C against numpy."""

from __future__ import annotations

import ctypes
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcugen import numerics
from tests.shim import shared_library

INT32 = st.integers(-(2**31), 2**31 - 1)
MULTIPLIERS = st.integers(2**30, 2**31 - 1)


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    source = Path(__file__).parent / "fixed_point_shim.c"
    return shared_library(source, tmp_path_factory.mktemp("shim"))


def round_half_away(value: Fraction) -> int:
    return math.floor(abs(value) + Fraction(1, 2)) * (1 if value >= 0 else -1)


@given(st.floats(2.0**-30, 2.0**30))
def test_multiplier_is_the_nearest_of_31_bits(real: float) -> None:
    multiplier, shift = numerics.quantize_multiplier(real)
    assert 2**30 <= multiplier < 2**31
    step = Fraction(2) ** (shift - 31)
    assert abs(multiplier * step - Fraction(real)) <= step / 2


@pytest.mark.parametrize(
    ("real", "expected"),
    [(0.0, (0, 0)), (1.0, (2**30, 1)), (1.0 - 2.0**-40, (2**30, 1)), (2.0**-40, (0, 0))],
)
def test_multiplier_at_the_edges(real: float, expected: tuple[int, int]) -> None:
    assert numerics.quantize_multiplier(real) == expected


@given(INT32, st.integers(0, 31))
def test_divide_by_pot_rounds_half_away_from_zero(x: int, exponent: int) -> None:
    result = numerics.rounding_divide_by_pot(np.array([x]), exponent)
    assert result[0] == round_half_away(Fraction(x, 2**exponent))


@given(INT32, INT32, st.integers(0, 31))
def test_c_equals_numpy(shim: ctypes.CDLL, x: int, multiplier: int, exponent: int) -> None:
    array = np.array([x])
    assert shim.shim_divide_by_pot(x, exponent) == numerics.rounding_divide_by_pot(array, exponent)
    expected = numerics.rounding_doubling_high_mul(array, multiplier)
    assert shim.shim_doubling_high_mul(x, multiplier) == expected[0]


@given(st.integers(-(2**20), 2**20), MULTIPLIERS, st.integers(-31, 10))
def test_c_requantises_like_numpy(shim: ctypes.CDLL, x: int, multiplier: int, shift: int) -> None:
    expected = numerics.multiply_by_quantized_multiplier(x, multiplier, shift)
    assert shim.shim_requantize(x, multiplier, shift) == expected


@given(st.floats(0.001, 2.0), st.floats(0.1, 2.0))
def test_exp_table_is_close_to_exp(scale: float, beta: float) -> None:
    """Within the polynomial's error: this guards the formula, the reference guards the bits."""
    table = numerics.softmax_exp_table(beta, scale) / 2**31
    exact = np.exp(-np.arange(256) * beta * scale)
    counted = np.arange(256) * beta * scale < 30.0
    assert np.abs(table - exact)[counted].max() < 2e-6
    assert (np.diff(table) <= 0).all()


@given(st.integers(1, 10_000), st.floats(0.01, 100.0))
def test_mean_multiplier_folds_the_division(count: int, real: float) -> None:
    multiplier, shift = numerics.mean_multiplier(real, count)
    assert 0 < multiplier < 2**31
    assert multiplier * 2.0 ** (shift - 31) == pytest.approx(real / count, rel=1e-8)
