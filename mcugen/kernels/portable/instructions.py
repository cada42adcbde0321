"""What each part of ``firmware/kernels`` takes (``cost.py``); ``benchmarks/costs.py`` fits it."""

from __future__ import annotations

from collections.abc import Mapping

INSTRUCTIONS: Mapping[str, Mapping[str, float]] = {
    "add_s8": {
        "call": -81.92,
        "value": 99.4,
    },
    "mean_s8": {
        "call": 49,
        "row": 8,
        "pixel": 16,
        "output": 51,
        "output: row": 7,
        "tap": 6,
    },
    "softmax_s8": {
        "call": 53.9,
        "row": 174.3,
        "value": 48.9,
    },
    "pad_s8": {
        "call": 112.2,
        "row": 51.1,
        "row: 16": 6.83,
        "row: 4": 5.36,
        "row: 1": 0,
        "row: any 1": 11.6,
        "pixel": 27,
        "pixel: 64": 35.3,
        "pixel: 16": 10.3,
        "pixel: 4": 4.05,
        "pixel: 1": 0,
        "pixel anywhere": 27.1,
        "pixel anywhere: 64": 0,
        "pixel anywhere: 16": 13.3,
        "pixel anywhere: 4": 5.9,
        "pixel anywhere: 1": 2.56,
    },
    "lookup_8": {
        "call": 41,
        "value": 5,
    },
    "quantize_f32": {
        "call": 45,
        "value": 27,
    },
    "dequantize_s8": {
        "call": 41,
        "value": 8,
    },
}
