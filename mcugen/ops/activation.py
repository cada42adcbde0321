"""Fused activations: clamps in the output's integers."""

from __future__ import annotations

import enum
from collections.abc import Iterator

from mcugen import numerics
from mcugen.ir import Quant
from mcugen.ops.base import Options, UnsupportedOptionError

_INT32_LIMIT = 2.0**31
_INT8 = (-128, 127)


class Activation(enum.Enum):
    """The activations that clamp; the value is the schema's number."""

    NONE = 0
    RELU = 1
    RELU_N1_TO_1 = 2
    RELU6 = 3

    @property
    def bounds(self) -> tuple[float | None, float | None]:
        """The real values between which the output is kept."""
        return _BOUNDS[self]


_BOUNDS: dict[Activation, tuple[float | None, float | None]] = {
    Activation.NONE: (None, None),
    Activation.RELU: (0.0, None),
    Activation.RELU_N1_TO_1: (-1.0, 1.0),
    Activation.RELU6: (0.0, 6.0),
}


def parse_activation(options: Options) -> Activation:
    """Raises UnsupportedOptionError for TANH, SIGN_BIT and numbers that the schema lacks."""
    number = int(options["FusedActivationFunction"])
    try:
        return Activation(number)
    except ValueError:
        raise UnsupportedOptionError(
            f"fused activation {number} is not NONE, RELU, RELU6 or RELU_N1_TO_1: "
            "make it an operator of its own before converting"
        ) from None


def activation_problems(activation: Activation, output: Quant) -> Iterator[str]:
    """The reference refuses bounds that do not fit 32 bits in the output's scale."""
    for bound in activation.bounds:
        if bound is not None and abs(bound) / output.scale >= _INT32_LIMIT:
            yield f"output scale {output.scale:g} is too small to express the bound {bound:g}"


def activation_range(activation: Activation, output: Quant) -> tuple[int, int]:
    """The clamp in the output's integers that a fused activation becomes."""
    low, high = (
        None
        if bound is None
        else numerics.quantize_activation_bound(bound, output.scale, output.zero_point)
        for bound in activation.bounds
    )
    return (
        _INT8[0] if low is None else max(_INT8[0], low),
        _INT8[1] if high is None else min(_INT8[1], high),
    )
