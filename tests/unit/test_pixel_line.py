"""Integer lines are what the pixel rules say, for all 256 pixels of any quantisation that suits."""

from __future__ import annotations

import numpy as np
import pytest

from mcugen.ir import Quant
from mcugen.pixel_line import PixelLine, pixel_line
from mcugen.pixels import pixel_rule

PIXELS = np.arange(256, dtype=np.uint8)
ENDS = ((-128, 127), (0, 255))
RANGES = ((-1.0, 1.0), (0.0, 1.0), (0.0, 255.0))


def line_of(scale: float, zero_point: int, ends: tuple[int, int]) -> PixelLine:
    """Held against the rule."""
    quant = Quant((float(np.float32(scale)),), (zero_point,))
    rule = pixel_rule(quant, *ends, shape=(1, 1, 1, 1), where="")
    values = rule.quantise(PIXELS, quant, *ends).tolist()
    line = pixel_line(values, *ends)
    assert line is not None
    assert [line.value(pixel) for pixel in range(256)] == values
    assert line.offset >= 0
    assert 255 * line.multiplier + line.offset < 2**31
    return line


@pytest.mark.parametrize("seed", range(40))
def test_any_quantisation_has_a_line(seed: int) -> None:
    """Ranges whose ends are up to 5 % aside; 0 is in all of them, as an integer."""
    rng = np.random.default_rng(seed)
    for (first, last), ends in ((one, two) for one in RANGES for two in ENDS):
        slack = 0.045 * (last - first)
        low = first + rng.uniform(-slack, slack if first else 0)
        scale = (last + rng.uniform(-slack, slack) - low) / 255
        line_of(scale, ends[0] - round(low / scale), ends)


@pytest.mark.parametrize(
    ("scale", "zero_point", "ends", "bias"),
    [
        (1 / 127.5, -1, ENDS[0], 128),
        (1 / 255, -128, ENDS[0], 128),
        (1.0, 0, ENDS[1], 0),
        (1 / 127.5, 127, ENDS[1], 0),
    ],
)
def test_usual_ones_are_a_difference(
    scale: float, zero_point: int, ends: tuple[int, int], bias: int
) -> None:
    line = line_of(scale, zero_point, ends)
    assert line == PixelLine(1, 0, 0, bias, *ends)
    assert not line.clamps


def test_a_power_of_two_is_cut_off() -> None:
    """255 would be 128."""
    assert line_of(1 / 128, 0, ENDS[0]).clamps


def test_what_is_no_line_has_none() -> None:
    assert pixel_line([0, 10, *range(11, 265)], 0, 300) is None
