"""What CMSIS-NN's functions cost on a core with the DSP extension (release 4.0.0)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from mcugen.kernels.cmsis_nn.instructions import INSTRUCTIONS
from mcugen.kernels.cmsis_nn.params import ConvCall, FullyConnectedCall, PoolCall, Window
from mcugen.kernels.cost import Formula, Taps, Terms, taps


def _product(pixels: int, units: int, depth: int, calls: int = 1) -> dict[str, int]:
    """``arm_nn_mat_mult_nt_t_s8``: blocks of two pixels by two units, the depth in 16, 4 and 1."""
    pairs, blocks, halves = units // 2, units // 2 * (pixels // 2), units // 2 * (pixels % 2)
    sixteens, fours, ones = depth // 16, depth % 16 // 4, depth % 4
    odd = units % 2 * pixels
    counts = {
        "call": 1,
        "unit pair": pairs,
        "sum of weights": pairs * depth,
        "block": blocks,
        "block: 16": blocks * sixteens,
        "block: any 16": blocks * (sixteens > 0),
        "block: 4": blocks * fours,
        "block: any 4": blocks * (fours > 0),
        "block: 1": blocks * ones,
        "block: any 1": blocks * (ones > 0),
        "half": halves,
        "half: 16": halves * sixteens,
        "half: 4": halves * fours,
        "half: 1": halves * ones,
        "odd unit": odd,
        "odd unit: 1": odd * depth,
    }
    return {name: count * calls for name, count in counts.items()}


def _pointwise(call: ConvCall) -> Terms:
    """``arm_convolve_1x1_s8_fast``: one product over all pixels."""
    return _product(math.prod(call.input[:3]), call.output[3], call.input[3])


def _pointwise_strided(call: ConvCall) -> Terms:
    """``arm_convolve_1x1_s8``: a product for each row."""
    return _product(call.output[2], call.output[3], call.input[3], call.output[1])


def _axes(window: Window, size: tuple[int, int], call: ConvCall | PoolCall) -> tuple[Taps, Taps]:
    rows, columns = (
        taps(
            call.input[1 + axis],
            size[axis],
            window.stride[axis],
            window.padding[axis],
            call.output[1 + axis],
        )
        for axis in (0, 1)
    )
    return rows, columns


def _filter_size(call: ConvCall) -> tuple[int, int]:
    return call.filter[1], call.filter[2]


def _convolution(call: ConvCall) -> Terms:
    """``arm_convolve_s8``: columns of two windows, then blocks of two pixels by two units."""
    size, channels = _filter_size(call), call.input[3]
    rows, columns = _axes(call.window, size, call)
    pixels, units = call.output[1] * call.output[2], call.output[3]
    inside, column = rows.inside * columns.inside, math.prod(size) * channels
    outside = pixels * math.prod(size) - inside
    blocks, odd, lone = pixels // 2 * (units // 2), pixels // 2 * (units % 2), pixels % 2 * units
    return {
        "call": 1,
        "row": call.output[1],
        "pixel": pixels,
        "window row": pixels * size[0],
        "tap": inside,
        "tap: 4": inside * (channels // 4),
        "tap: 1": inside * (channels % 4),
        "tap outside": outside,
        "tap outside: 1": outside * channels,
        **_by_fours("block", blocks, column),
        **_by_fours("odd unit", odd, column),
        **_by_fours("lone pixel", lone, column),
    }


def _by_fours(name: str, times: int, depth: int) -> dict[str, int]:
    return {name: times, f"{name}: 4": times * (depth // 4), f"{name}: 1": times * (depth % 4)}


def _depthwise_3x3(call: ConvCall) -> Terms:
    """``arm_depthwise_conv_3x3_s8``: four channels at a time, a row of the window in a turn."""
    rows, columns = _axes(call.window, (3, 3), call)
    height, width, channels = call.output[1:]
    sides = rows.inside * (columns.first + columns.last)
    counts = {"": height * width, ": row": rows.inside * width, ": side": sides}
    return {
        "call": 1,
        "row": height,
        "pixel": height * width,
        **{f"four{name}": count * (channels // 4) for name, count in counts.items()},
        **{f"one{name}": count * (channels % 4) for name, count in counts.items()},
    }


def _depthwise_columns(call: ConvCall) -> Terms:
    """``arm_depthwise_conv_s8_opt``: a column of 16-bit inputs for each pixel."""
    size, channels = _filter_size(call), call.input[3]
    rows, columns = _axes(call.window, size, call)
    height, width = call.output[1:3]
    window = math.prod(size)
    inside = rows.inside * columns.inside
    outside = rows.inside * (width * size[1] - columns.inside)
    above = (height * size[0] - rows.inside) * width
    fours, ones = height * width * (channels // 4), height * width * (channels % 4)
    return {
        "call": 1,
        "row": height,
        "pixel": height * width,
        "window row": rows.inside * width,
        "tap": inside,
        "tap: 4": inside * (channels // 4),
        "tap: 1": inside * (channels % 4),
        "tap outside": outside,
        "tap outside: 1": outside * channels,
        "rows outside": rows.cut * width,
        "rows outside: 1": above * size[1] * channels,
        "four": fours,
        "four: 2": fours * (window // 2),
        "four: 1": fours * (window % 2),
        "one": ones,
        "one: 1": ones * window,
    }


def _depthwise(call: ConvCall) -> Terms:
    """``arm_depthwise_conv_s8``: channel by channel, or four where the multiplier allows."""
    rows, columns = _axes(call.window, _filter_size(call), call)
    height, width, units = call.output[1:]
    fours = call.channel_multiplier % 4 == 0
    name, times = ("four", units // 4) if fours else ("one", units)
    return {
        "call": 1,
        "row": height,
        "pixel": height * width,
        f"channel: {name}": height * width * call.input[3],
        name: height * width * times,
        f"{name}: row": rows.inside * width * times,
        f"{name}: row of 1": rows.inside * width * times * (call.filter[2] == 1),
        f"{name}: tap": rows.inside * columns.inside * times,
    }


def _fully_connected(call: FullyConnectedCall) -> Terms:
    """``arm_fully_connected_s8``: two units at a time."""
    return {
        "call": 1,
        "row": call.batch,
        **_by_fours("pair", call.batch * (call.units // 2), call.depth),
        **_by_fours("odd unit", call.batch * (call.units % 2), call.depth),
    }


def _average_pool(call: PoolCall) -> Terms:
    """``arm_avgpool_s8``: sums of all channels in scratch, tap by tap."""
    rows, columns = _axes(call.window, call.filter, call)
    _, height, width, channels = call.output
    inside = rows.inside * columns.inside
    return {
        "call": 1,
        "pixel": height * width,
        "output": height * width * channels,
        "window row": rows.inside * width,
        "tap": inside,
        "tap: 1": inside * channels,
    }


def _max_pool(call: PoolCall) -> Terms:
    """``arm_max_pool_s8``: the first tap is copied, others are compared; then all is clamped."""
    rows, columns = _axes(call.window, call.filter, call)
    _, height, width, channels = call.output
    pixels = height * width
    compared = rows.inside * columns.inside - pixels
    return {
        "call": 1,
        "pixel": pixels,
        "pixel: 1": pixels * (channels % 4),
        "window row": rows.inside * width,
        **_by_fours("compared", compared, channels),
        "clamped: 4": pixels * channels // 4,
    }


_TERMS: Mapping[str, Callable[[Any], Terms]] = {
    "arm_avgpool_s8": _average_pool,
    "arm_convolve_1x1_s8": _pointwise_strided,
    "arm_convolve_1x1_s8_fast": _pointwise,
    "arm_convolve_s8": _convolution,
    "arm_depthwise_conv_3x3_s8": _depthwise_3x3,
    "arm_depthwise_conv_s8": _depthwise,
    "arm_depthwise_conv_s8_opt": _depthwise_columns,
    "arm_fully_connected_s8": _fully_connected,
    "arm_max_pool_s8": _max_pool,
}

COSTS: Mapping[str, Formula] = {
    function: Formula(terms, INSTRUCTIONS[function]) for function, terms in _TERMS.items()
}
"""Of each C function."""
