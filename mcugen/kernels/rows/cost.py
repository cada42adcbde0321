"""What the row kernels cost.

They are compiled for one layer each, with literal sizes, and what gcc unrolls depends on those: a
formula counts how often each piece of unrolled code runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mcugen.kernels.cost import Formula, Terms, clamps
from mcugen.kernels.rows.instructions import INSTRUCTIONS
from mcugen.kernels.rows.params import LonePixelCall, PointwiseCall, Result, WindowCall


def _pointwise(call: PointwiseCall) -> Terms:
    """``rows_pointwise_t`` and ``_w``: blocks of two pixels by four units, and the rest."""
    fours, rest = divmod(call.units, 4)
    words = 2 * -(-call.depth // 4)
    pairs = call.strips * (call.pixels // 2 + call.pixels % 2)
    counts = {
        "call": 1,
        "strip": call.strips,
        "group": call.strips * (fours + (rest > 0)),
        **_results(call.odd, call.strips * call.pixels * call.units),
        **_turns("turn", words, pairs * fours),
        **_turns(f"by {rest}: turn", words, pairs * (rest > 0)),
        **_widened(call.depth, pairs),
    }
    for units, groups in ((4, fours), (rest, 1)):
        for name, times in (("pair", call.pixels // 2), ("lone", call.pixels % 2)):
            count = call.strips * groups * times * (units > 0)
            counts[f"{name} by {units}"] = count
            counts[f"{name} by {units}: word"] = count * words
    return {name: count for name, count in counts.items() if count}


def _turns(name: str, words: int, times: int) -> dict[str, int]:
    """Jumps back over the words of a sum, by how many of them are unrolled (``words_unrolled``)."""
    if words <= 16:
        return {}
    unrolled = next(count for count in (16, 8, 4, 2) if words % count == 0)
    return {f"{name} of {unrolled}": times * (words // unrolled)}


def _widened(depth: int, pairs: int) -> dict[str, int]:
    """Pixel pairs made 16 bits wide: five steps of 4 without a loop, more in turns of 16."""
    fours, rest = -(-depth // 4), depth % 4
    name = "odd pixels" if rest else "pixels"
    counts = {f"rest of {rest}": pairs * (rest > 0)}
    if fours <= 5:
        return {**counts, f"short {name}": pairs, f"short {name}: 4": pairs * fours}
    return {
        **counts,
        f"long {name}": pairs,
        f"long {name}: 16": pairs * (fours // 4),
        f"long {name}: 4": pairs * (fours % 4),
        f"long {name}: any 4": pairs * (fours % 4 > 0),
    }


def _lone_pixel(call: LonePixelCall) -> Terms:
    """``rows_lone_pixel``: eight units at a time."""
    eights, rest = divmod(call.units, 8)
    words = 2 * -(-call.depth // 4)
    return {
        "call": 1,
        "input: 4": call.depth // 4,
        "input: 1": call.depth % 4,
        **_results(call.result, call.units),
        **_turns("turn", words, eights + (rest > 0)),
        "group": eights,
        "group: word": eights * words,
        "rest": rest,
        "rest: words of pairs": rest // 2 * words,
        "rest: words of one": rest % 2 * words,
        "rest: words beyond 4": (rest > 4) * words,
    }


def _depthwise_row(call: WindowCall) -> Terms:
    return _depthwise(call, constants=call.output[1] * call.output[3])


def _depthwise_picture(call: WindowCall) -> Terms:
    return _depthwise(call, constants=call.output[3])


def _depthwise(call: WindowCall, constants: int) -> Terms:
    """Rows into the ring, then line by line; ``constants`` is how often a channel's are fetched."""
    _, height, width, channels = call.output
    lines = height * channels
    steps = width if call.stride == 2 else width // 2
    eights = steps // 8 if steps > 8 else 0
    name = f"line of stride {call.stride}"
    step = "step beside eights" if eights else "step"
    if call.stride == 1 and call.left == 0 and width % 2 and not eights:
        step = "step of an odd width inside"
    return {
        "call": 1,
        "row": height,
        "constants": constants,
        "constants doubled": constants * call.result.rounding.startswith("ROWS_TWICE"),
        **_ring(call),
        name: lines,
        f"{name}: {step}": lines * (steps - 8 * eights),
        f"{name}: 8 steps": lines * eights,
        **({f"{name}: odd pixel": lines * (width % 2)} if call.stride == 1 else {}),
        **_results(call.result, height * width * channels),
    }


def _ring(call: WindowCall) -> dict[str, int]:
    """Four channels (or the rest) of a row at a time, two pixels at a time; the pairs at both ends
    may be a pixel and a margin, two pixels, or two margins."""
    channels, width = call.output[3], call.output[2]
    fours, rest = divmod(channels, 4)
    pairs = width + 1 if call.stride == 2 else width // 2 + 1 + width % 2
    rows = (call.output[1] - 1) * call.stride + 3
    loaded = max(0, min(call.input[1], rows - call.top))
    between = max(0, pairs - 2)
    eights = between // 8 if between > 8 else 0
    pair = "pair beside eights" if eights else "pair"
    ends = [
        (0 <= x < call.input[2]) + (0 <= x + 1 < call.input[2])
        for x in (-call.left, 2 * (pairs - 1) - call.left)
    ]
    counts = {
        "ring row": loaded,
        "margin row": rows - loaded,
        "margin row: word": (rows - loaded) * pairs * channels,
        f"four: {pair}": loaded * fours * (between - 8 * eights),
        "four: 8 pairs": loaded * fours * eights,
        "rest: 8 pairs": loaded * (rest > 0) * eights,
    }
    if rest:
        counts[f"rest of {rest}"] = loaded
        counts[f"rest of {rest}: pair"] = loaded * between
    for channel, times in (("four", fours), ("rest", int(rest > 0))):
        counts[f"{channel}: first end cut"] = loaded * times * (ends[0] == 1)
        counts[f"{channel}: last end cut"] = loaded * times * (ends[1] == 1)
        counts[f"{channel}: end inside"] = loaded * times * ends.count(2)
        counts[f"{channel}: end outside"] = loaded * times * ends.count(0)
    return {name: count for name, count in counts.items() if count}


def _results(result: Result, outputs: int) -> dict[str, int]:
    """How sums become outputs, beyond the multiplication and saturation of a proven rounding."""
    return {
        "addend": outputs * (result.rounding == "ROWS_PROVEN_ADDEND"),
        "rounded twice": outputs * result.rounding.startswith("ROWS_TWICE"),
        "shifted left": outputs * (result.rounding == "ROWS_TWICE_LEFT"),
        "clamp": outputs * clamps((result.low, result.high)),
        "clamp below 0": outputs * ((-128 < result.low < 0) + (result.high < 0)),
    }


_UNROLLED_PAIRS = 13
"""So many pairs of a row over one channel are kept apart from the loop."""


def _convolve(call: WindowCall) -> Terms:
    """``rows_convolve``: rows into the window, then blocks of two pixels by four units."""
    _, height, width, units = call.output
    depth, stride = call.input[3], call.stride
    values = ((width - 1) * stride * depth + 3 * depth + 2) // 2 * 2
    rows = (height - 1) * stride + 3
    loaded = max(0, min(call.input[1], rows - call.top))
    seen = min(call.input[2] * depth, values - call.left * depth)
    words = (3 * depth + 1) // 2
    fours, rest = divmod(units, 4)
    where = "" if stride * depth % 2 == 0 else " anywhere"
    few = " of few" if depth == 1 and width // 2 <= _UNROLLED_PAIRS else ""
    counts = {
        "row": height,
        "group": height * (fours + (rest > 0)),
        "window row": loaded,
        "window row: 8": loaded * (seen // 8),
        "window row: 1": loaded * (seen % 8),
        "window row: margin": loaded * (values - seen),
        "margin row": rows - loaded,
        "margin row: 1": (rows - loaded) * values,
        "moved row": (height - 1) * (stride == 1),
        "moved row: 1": (height - 1) * (3 - stride) * values,
        f"block over {depth}{where}{few}": height * fours * (width // 2),
        "lone by 4": height * fours * (width % 2),
        "lone by 4: word": height * fours * (width % 2) * words,
        **_results(call.result, height * width * units),
    }
    if rest:
        counts[f"pair by {rest}{where}"] = height * (width // 2)
        counts[f"pair by {rest}{where}: word"] = height * (width // 2) * words
        counts[f"lone by {rest}"] = height * (width % 2)
        counts[f"lone by {rest}: word"] = height * (width % 2) * words
    return {name: count for name, count in counts.items() if count}


_TERMS: Mapping[str, Callable[[Any], Terms]] = {
    "rows_convolve": _convolve,
    "rows_depthwise_picture": _depthwise_picture,
    "rows_depthwise_row": _depthwise_row,
    "rows_lone_pixel": _lone_pixel,
    "rows_pointwise_t": _pointwise,
    "rows_pointwise_w": _pointwise,
}

COSTS: Mapping[str, Formula] = {
    function: Formula(terms, INSTRUCTIONS[function]) for function, terms in _TERMS.items()
}
"""Of each C function."""
