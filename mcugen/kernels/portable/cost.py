"""What the functions of ``firmware/kernels`` cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from mcugen.kernels.cost import Formula, Terms
from mcugen.kernels.portable.instructions import INSTRUCTIONS
from mcugen.kernels.portable.params import (
    AddCall,
    AffineCall,
    CopyCall,
    ExtremumCall,
    JoinCall,
    LookupCall,
    MeanCall,
    MulCall,
    PadCall,
    PreluCall,
    ReductionCall,
    ResizeCall,
    SoftmaxCall,
    SubCall,
    TakeCall,
)


def _values(call: AddCall | AffineCall | LookupCall) -> Terms:
    return {"call": 1, "value": call.count}


def _pairs(call: SubCall | MulCall | PreluCall | ExtremumCall) -> Terms:
    operands = call.operands
    return {"call": 1, "value": operands.count, "restart": operands.restarts}


def _mean(call: MeanCall) -> Terms:
    _, height, width, channels = call.input
    rows = height // call.window[0]
    pixels = rows * (width // call.window[1])
    return {
        "call": 1,
        "row": rows,
        "pixel": pixels,
        "output": pixels * channels,
        "output: row": pixels * channels * call.window[0],
        "tap": height * width * channels,
    }


def _softmax(call: SoftmaxCall) -> Terms:
    """Of a row whose exponentials sum up to less than 512; beyond, all shares are 0 and cheaper."""
    return {"call": 1, "row": call.rows, "value": call.rows * call.depth}


def _pad(call: PadCall) -> Terms:
    """``memset`` of each output row, ``memcpy`` of each pixel of the input: in 64, 16, 4 and 1."""
    rows, row = math.prod(call.output[:2]), math.prod(call.output[2:])
    return {
        "call": 1,
        "row": rows,
        "row: 16": rows * (row // 16),
        "row: 4": rows * (row % 16 // 4),
        "row: 1": rows * (row % 4),
        "row: any 1": rows * (row % 4 > 0),
        **_copied_pixels(math.prod(call.input[:3]), call.input[3]),
    }


def _copied_pixels(
    pixels: int, pixel: int, first: int = 0, stride: int | None = None
) -> dict[str, int]:
    """``memcpy`` copies bytes up to a word first; pixels of odd sizes begin anywhere in one.

    They are written from byte ``first`` on, every ``stride`` bytes (without a gap).
    """
    stride = stride or pixel
    starts = [first + count * stride for count in range(4)]
    leads = [-start % 4 if pixel >= 4 else 0 for start in starts]
    bodies = [pixel - lead for lead in leads]
    whole = first % 4 == stride % 4 == pixel % 4 == 0
    name = "pixel" if whole else "small pixel" if pixel < 4 else "odd pixel"
    counts = {
        f"{name}": 4,
        f"{name}: lead": sum(leads),
        f"{name}: 64": sum(body // 64 for body in bodies),
        f"{name}: 16": sum(body % 64 // 16 for body in bodies),
        f"{name}: 4": sum(body % 16 // 4 for body in bodies),
        f"{name}: 1": sum(body % 4 for body in bodies),
    }
    return {part: count * pixels // 4 for part, count in counts.items()}


def _copy(call: CopyCall) -> Terms:
    """``memcpy`` where the innermost loop reads byte after byte."""
    planes, rows, width = math.prod(call.sizes[:2]), math.prod(call.sizes[:3]), call.sizes[3]
    counts = {"call": 1, "outer": call.sizes[0], "plane": planes}
    if call.strides[3] == 1:
        return {**counts, **_copied_pixels(rows, width)}
    return {**counts, "strided row": rows, "strided byte": rows * width}


def _join(call: JoinCall) -> Terms:
    """A ``memcpy`` a row; source and target lie at any places in their words."""
    found: dict[str, int] = {"call": 1}
    for part in call.parts:
        counts = {"part": 1, **_copied_pixels(call.rows, part.width, part.start, call.width)}
        found |= {name: found.get(name, 0) + count for name, count in counts.items()}
    return found


def _take(call: TakeCall) -> Terms:
    return {
        "call": 1,
        "plane": math.prod(call.sizes[:2]),
        "row": math.prod(call.sizes[:3]),
        **_copied_pixels(math.prod(call.sizes), call.run),
    }


def _reduction(call: ReductionCall) -> Terms:
    outputs, values = math.prod(call.kept.sizes), math.prod(call.reduced.sizes)
    return {
        "call": 1,
        "outer": call.kept.sizes[0],
        "output": outputs,
        "row": outputs * call.reduced.sizes[0],
        "value": outputs * values,
    }


def _resize(call: ResizeCall) -> Terms:
    pixels = call.height * call.width
    return {"call": 1, "row": call.height, "pixel": pixels, "value": pixels * call.channels}


_TERMS: Mapping[str, Callable[[Any], Terms]] = {
    "add_s8": _values,
    "copy_s8": _copy,
    "dequantize_s8": _values,
    "join_s8": _join,
    "lookup_8": _values,
    "max_s8": _reduction,
    "maximum_s8": _pairs,
    "mean_s8": _mean,
    "minimum_s8": _pairs,
    "mul_s8": _pairs,
    "pad_s8": _pad,
    "prelu_s8": _pairs,
    "quantize_f32": _values,
    "resize_s8": _resize,
    "softmax_s8": _softmax,
    "sub_s8": _pairs,
    "sum_s8": _reduction,
    "take_s8": _take,
}

COSTS: Mapping[str, Formula] = {
    function: Formula(terms, INSTRUCTIONS[function]) for function, terms in _TERMS.items()
}
"""Of each C function."""
