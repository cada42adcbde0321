"""What CMSIS-NN's functions are called with, as the templates spell it out."""

from __future__ import annotations

from dataclasses import dataclass

from mcugen.ir import Shape
from mcugen.ops.padding import Pair


@dataclass(frozen=True)
class Window:
    """How a kernel walks over a picture; pairs are (height, width), padding is top and left."""

    stride: Pair
    padding: Pair


@dataclass(frozen=True)
class ConvCall:
    """Arguments of a CMSIS-NN convolution; shapes are (n, h, w, c)."""

    input_offset: int
    output_offset: int
    window: Window
    activation: tuple[int, int]
    input: Shape
    filter: Shape
    output: Shape
    channel_multiplier: int = 1
    upscale_argument: bool = False


@dataclass(frozen=True)
class FullyConnectedCall:
    """Arguments of ``arm_fully_connected_s8`` with one multiplier for all outputs."""

    input_offset: int
    output_offset: int
    multiplier: int
    shift: int
    activation: tuple[int, int]
    batch: int
    depth: int
    units: int


@dataclass(frozen=True)
class PoolCall:
    """Arguments of a CMSIS-NN pooling function; shapes are (n, h, w, c)."""

    window: Window
    activation: tuple[int, int]
    input: Shape
    filter: tuple[int, int]
    output: Shape
