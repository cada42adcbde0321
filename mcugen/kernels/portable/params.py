"""What the functions of ``firmware/kernels`` are called with, as the templates spell it out."""

from __future__ import annotations

from dataclasses import dataclass

from mcugen.ir import Shape


@dataclass(frozen=True)
class Rescale:
    """One operand's way onto another scale."""

    offset: int
    multiplier: int
    shift: int


@dataclass(frozen=True)
class AddCall:
    """Arguments of ``add_s8``."""

    a: Rescale
    b: Rescale
    output: Rescale
    activation: tuple[int, int]
    count: int
    constant_operand: bool


@dataclass(frozen=True)
class Operands:
    """Two inputs of ``count`` values, each of which begins anew after its period.

    ``constant`` is the position of the one that is a constant, None where both are variables.
    """

    periods: tuple[int, int]
    constant: int | None
    count: int

    @property
    def restarts(self) -> int:
        return sum(self.count // period for period in self.periods)


@dataclass(frozen=True)
class SubCall:
    """Arguments of ``sub_s8``."""

    a: Rescale
    b: Rescale
    output: Rescale
    activation: tuple[int, int]
    operands: Operands


@dataclass(frozen=True)
class MulCall:
    """Arguments of ``mul_s8``."""

    offsets: tuple[int, int]
    output: Rescale
    activation: tuple[int, int]
    operands: Operands


@dataclass(frozen=True)
class PreluCall:
    """Arguments of ``prelu_s8``; the offsets of ``positive`` and ``negative`` are the inputs'."""

    positive: Rescale
    negative: Rescale
    output_offset: int
    operands: Operands


@dataclass(frozen=True)
class ExtremumCall:
    """Arguments of ``maximum_s8`` and ``minimum_s8``."""

    operands: Operands


@dataclass(frozen=True)
class MeanCall:
    """Arguments of ``mean_s8``: ``window`` is the (height, width) averaged over."""

    input: Shape
    window: tuple[int, int]
    input_zero_point: int
    output_zero_point: int
    multiplier: int
    shift: int


@dataclass(frozen=True)
class Loops:
    """Two loops, the outer one first: rounds, and bytes from one round to the next."""

    sizes: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass(frozen=True)
class ReductionCall:
    """Arguments of ``sum_s8`` and ``max_s8``: the loops over outputs and over what becomes one.

    Of a sum, ``centre`` is what all zero points together are, and ``output`` its rescaling.
    """

    kept: Loops
    reduced: Loops
    centre: int = 0
    output: Rescale = Rescale(0, 0, 0)


@dataclass(frozen=True)
class ResizeCall:
    """Arguments of ``resize_s8``: the size of the output."""

    height: int
    width: int
    channels: int


@dataclass(frozen=True)
class SoftmaxCall:
    """Arguments of ``softmax_s8``."""

    rows: int
    depth: int


@dataclass(frozen=True)
class PadCall:
    """Arguments of ``pad_s8``; shapes and margins are brought to four dimensions."""

    before: Shape
    input: Shape
    output: Shape
    value: int


@dataclass(frozen=True)
class CopyCall:
    """Arguments of ``copy_s8``: ``start`` is the first byte read, sizes and strides are of four
    loops, the outermost first."""

    start: int
    sizes: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass(frozen=True)
class JoinPart:
    """An input whose rows of ``width`` bytes go to byte ``start`` of the output's rows.

    ``constant`` is its name where it is one, else ``position`` counts the variable inputs.
    """

    constant: str
    position: int
    start: int
    width: int


@dataclass(frozen=True)
class JoinCall:
    """Calls of ``join_s8``: the output has ``rows`` of ``width`` bytes."""

    rows: int
    width: int
    parts: tuple[JoinPart, ...]


@dataclass(frozen=True)
class TakeCall:
    """Arguments of ``take_s8``: rounds of four loops, the outermost first, and bytes at a time."""

    sizes: tuple[int, ...]
    run: int


@dataclass(frozen=True)
class LookupCall:
    """Arguments of ``lookup_8``."""

    count: int


@dataclass(frozen=True)
class AffineCall:
    """Arguments of ``quantize_f32`` and ``dequantize_s8``; the scale as a C literal."""

    count: int
    scale: str
    zero_point: int
