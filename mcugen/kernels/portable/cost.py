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
    LookupCall,
    MeanCall,
    PadCall,
    SoftmaxCall,
)


def _values(call: AddCall | AffineCall | LookupCall) -> Terms:
    return {"call": 1, "value": call.count}


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
    pixels, pixel = math.prod(call.input[:3]), call.input[3]
    aligned = not (call.output[3] % 4 or pixel % 4 or call.before[3] % 4)
    name = "pixel" if aligned else "pixel anywhere"
    return {
        "call": 1,
        "row": rows,
        "row: 16": rows * (row // 16),
        "row: 4": rows * (row % 16 // 4),
        "row: 1": rows * (row % 4),
        "row: any 1": rows * (row % 4 > 0),
        name: pixels,
        f"{name}: 64": pixels * (pixel // 64),
        f"{name}: 16": pixels * (pixel % 64 // 16),
        f"{name}: 4": pixels * (pixel % 16 // 4),
        f"{name}: 1": pixels * (pixel % 4),
    }


_TERMS: Mapping[str, Callable[[Any], Terms]] = {
    "add_s8": _values,
    "dequantize_s8": _values,
    "lookup_8": _values,
    "mean_s8": _mean,
    "pad_s8": _pad,
    "quantize_f32": _values,
    "softmax_s8": _softmax,
}

COSTS: Mapping[str, Formula] = {
    function: Formula(terms, INSTRUCTIONS[function]) for function, terms in _TERMS.items()
}
"""Of each C function."""
