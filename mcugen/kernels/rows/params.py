"""What the row kernels are called with, as the templates spell it out."""

from __future__ import annotations

from dataclasses import dataclass

from mcugen.ir import Shape


@dataclass(frozen=True)
class Result:
    """``struct rows_result``."""

    rounding: str
    shift: int
    zero_point: int
    low: int
    high: int


@dataclass(frozen=True)
class PointwiseCall:
    """Arguments of ``rows_pointwise_t`` and ``_w``, called for each of ``strips`` strips."""

    strips: int
    pixels: int
    depth: int
    units: int
    even: Result
    odd: Result


@dataclass(frozen=True)
class LonePixelCall:
    """Arguments of ``rows_lone_pixel``."""

    depth: int
    units: int
    result: Result


@dataclass(frozen=True)
class WindowCall:
    """Arguments of ``rows_depthwise`` and ``rows_convolve``; shapes are (n, h, w, c)."""

    input: Shape
    output: Shape
    stride: int
    slots: int
    top: int
    left: int
    zero_point: int
    scale: int
    result: Result
