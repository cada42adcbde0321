"""What the header prints of pixels: rows of a camera's picture as rows of the model's input."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcugen.errors import UsageError
from mcugen.inputs import integer_range, model_input
from mcugen.ir import DType, Tensor
from mcugen.pixel_line import PixelLine, pixel_line
from mcugen.pixels import PixelRule, pixel_rule
from mcugen.program import Program


@dataclass(frozen=True)
class PixelView:
    """``rule`` says in words what real value a pixel stands for; ``line`` is None for an input of
    real numbers, which is then one of the rules itself."""

    channels: int
    rule: str
    line: PixelLine | None


def pixel_view(program: Program) -> PixelView | None:
    """None where the input is no picture of 1 or 3 channels, where it does not say what its pixels
    are, or where no line gives them."""
    tensor = model_input(program.schedule.graph)
    shape = tensor.shape
    if len(shape) != 4 or shape[0] != 1 or shape[3] not in (1, 3):
        return None
    ends = integer_range(tensor)
    try:
        rule = pixel_rule(tensor.quant, *ends, shape=shape, where="")
    except UsageError:
        return None
    if tensor.dtype is DType.FLOAT32:
        return PixelView(shape[3], rule.words, None)
    line = _line(rule, tensor)
    return None if line is None else PixelView(shape[3], rule.words, line)


def _line(rule: PixelRule, tensor: Tensor) -> PixelLine | None:
    ends = integer_range(tensor)
    values = rule.quantise(np.arange(256, dtype=np.uint8), tensor.qparams, *ends)
    return pixel_line(values.tolist(), *ends)
