"""1x1 convolutions and fully connected layers: when a row kernel runs one, with which constants.

What a strip of pixels needs of the input has been widened into scratch before its output is
written, so the output may lie over the input as far as the strips to come allow.
"""

from __future__ import annotations

import math

from mcugen.boards import Core
from mcugen.ir import Graph, Op
from mcugen.kernels.call import Call, Overlap
from mcugen.kernels.rows import pack
from mcugen.kernels.rows.cost import COSTS
from mcugen.kernels.rows.family import FAMILY
from mcugen.kernels.rows.layer import (
    distance_of,
    layer_of,
    proven,
    reference_rounding,
    result_of,
    round_up,
    stream_constant,
)
from mcugen.kernels.rows.pack import Layer, Words
from mcugen.kernels.rows.params import LonePixelCall, PointwiseCall
from mcugen.kernels.rows.requantise import requantise
from mcugen.kernels.rows.rounding import Rounding, twice_rounded, two_instructions
from mcugen.ops.conv_2d import Conv2D

_PIXELS_WORTH_FLASH = 256
"""From here on, a byte of flash saves 16 instructions."""

_STRIP_BYTES = 4096
"""Of widened inputs: several short rows go through the pointwise kernel as one."""


def pointwise_t(graph: Graph, op: Op, core: Core) -> Call | None:
    """1x1 convolution or fully connected over several pixels, two weights in a halfword."""
    if not core.dsp_at_best or not _is_pointwise(graph, op):
        return None
    layer = layer_of(graph, op)
    even = requantise(layer.channels, 1, addend=True)
    odd = requantise(layer.channels, 256, addend=False)
    if not (even.exact[0::2].all() and odd.exact[1::2].all()):
        return None
    return _paired(
        graph,
        op,
        layer,
        two_instructions(even, addend=True),
        two_instructions(odd, addend=False),
    )


def pointwise_t_twice_rounded(graph: Graph, op: Op, core: Core) -> Call | None:
    """The same with the reference's rounding."""
    if not core.dsp_at_best or not _is_pointwise(graph, op):
        return None
    layer = layer_of(graph, op)
    even, odd = (twice_rounded(layer.channels, scale) for scale in (1, 256))
    return _paired(graph, op, layer, even, odd) if even and odd else None


def pointwise_w(graph: Graph, op: Op, core: Core) -> Call | None:
    """1x1 convolution or fully connected over many pixels, a weight in a halfword.

    It saves an instruction for every 16 multiplications, and costs a byte of flash a weight.
    """
    if not core.dsp_at_best or not _is_pointwise(graph, op):
        return None
    if math.prod(_pixels(graph, op)) < _PIXELS_WORTH_FLASH:
        return None
    layer = layer_of(graph, op)
    return _unpaired(graph, op, layer, proven(layer))


def pointwise_w_twice_rounded(graph: Graph, op: Op, core: Core) -> Call | None:
    """The same with the reference's rounding; over few pixels, too, if weights do not pair."""
    if not core.dsp_at_best or not _is_pointwise(graph, op):
        return None
    few = math.prod(_pixels(graph, op)) < _PIXELS_WORTH_FLASH
    if few and pointwise_t_twice_rounded(graph, op, core) is not None:
        return None
    layer = layer_of(graph, op)
    return _unpaired(graph, op, layer, reference_rounding(layer))


def lone_pixel(graph: Graph, op: Op, core: Core) -> Call | None:
    """Fully connected, or 1x1 convolution over one pixel."""
    if not core.dsp_at_best or _pixels(graph, op) != (1, 1) or not _has_one_tap(graph, op):
        return None
    layer = layer_of(graph, op)
    even, odd = (twice_rounded(layer.channels, scale) for scale in (1, 256))
    stream = pack.lone_pixel(layer, even, odd) if even and odd else None
    if even is None or stream is None:
        return None
    params = LonePixelCall(layer.taps, layer.units, result_of(even, layer.channels))
    return Call(
        backend=FAMILY.name,
        function="rows_lone_pixel",
        template="rows_lone_pixel.c.j2",
        params=params,
        cost=COSTS["rows_lone_pixel"](params),
        constants=(stream_constant(stream),),
        scratch_bytes=2 * round_up(layer.taps, 4),
        overlaps=(Overlap(0, 0),),
    )


def _is_pointwise(graph: Graph, op: Op) -> bool:
    return _has_one_tap(graph, op) and _pixels(graph, op) != (1, 1)


def _has_one_tap(graph: Graph, op: Op) -> bool:
    """Each output pixel is made of the input pixel at the same place."""
    if op.kind == "FULLY_CONNECTED":
        return True
    attrs = op.attributes(Conv2D)
    size, kernel = graph.input(op, 0).shape[1:3], graph.input(op, 1).shape[1:3]
    margins = attrs.padding.resolve(size, (kernel[0], kernel[1]), attrs.stride)
    strided = attrs.stride != (1, 1) and size != (1, 1)
    return kernel == (1, 1) and not strided and margins == (0, 0, 0, 0)


def _pixels(graph: Graph, op: Op) -> tuple[int, int]:
    """(rows, columns); a fully connected layer's batch is one row."""
    source = graph.input(op, 0)
    if op.kind == "FULLY_CONNECTED":
        return 1, source.elements // graph.input(op, 1).shape[1]
    return source.shape[1], source.shape[2]


def _paired(graph: Graph, op: Op, layer: Layer, even: Rounding, odd: Rounding) -> Call | None:
    stream = pack.pointwise_t(layer, even, odd)
    if stream is None:
        return None
    return _pointwise(graph, op, layer, "rows_pointwise_t", stream, (even, odd))


def _unpaired(graph: Graph, op: Op, layer: Layer, rounding: Rounding | None) -> Call | None:
    if rounding is None:
        return None
    stream = pack.pointwise_w(layer, rounding)
    return _pointwise(graph, op, layer, "rows_pointwise_w", stream, (rounding, rounding))


def _pointwise(
    graph: Graph,
    op: Op,
    layer: Layer,
    function: str,
    stream: Words,
    roundings: tuple[Rounding, Rounding],
) -> Call:
    rows, columns = _pixels(graph, op)
    widened = 2 * round_up(layer.taps, 4)
    strip = max(
        (n for n in range(1, rows + 1) if not rows % n and n * columns * widened <= _STRIP_BYTES),
        default=1,
    )
    strips, pixels = rows // strip, strip * columns
    distance = distance_of(
        pixels * layer.units, [pixels * layer.taps * (one + 1) for one in range(strips)]
    )
    results = (result_of(rounding, layer.channels) for rounding in roundings)
    params = PointwiseCall(strips, pixels, layer.taps, layer.units, *results)
    return Call(
        backend=FAMILY.name,
        function=function,
        template="rows_pointwise.c.j2",
        params=params,
        cost=COSTS[function](params),
        constants=(stream_constant(stream),),
        scratch_bytes=round_up(pixels, 2) * widened,
        overlaps=(Overlap(0, distance),),
    )
