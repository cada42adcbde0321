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
        "call": 46.4,
        "row": 52.8,
        "row: 16": 7.12,
        "row: 4": 4.07,
        "row: 1": 0.71,
        "row: any 1": 15.9,
        "pixel": 27.5,
        "pixel: lead": 0,
        "pixel: 64": 33.2,
        "pixel: 16": 9.75,
        "pixel: 4": 4.05,
        "pixel: 1": 0,
        "odd pixel": 30.4,
        "odd pixel: lead": 4.83,
        "odd pixel: 64": 36.2,
        "odd pixel: 16": 11.2,
        "odd pixel: 4": 5.51,
        "odd pixel: 1": 0,
        "small pixel": 29.4,
        "small pixel: lead": 0,
        "small pixel: 64": 0,
        "small pixel: 16": 0,
        "small pixel: 4": 0,
        "small pixel: 1": 1.01,
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
