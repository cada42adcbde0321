"""3x3 convolutions, depthwise or of few channels: when a row kernel runs one, with which constants.

What a row needs of the input has been copied to scratch before its output is written, so the output
may lie over the input as far as the rows to come allow.
"""

from __future__ import annotations

from collections.abc import Callable

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
from mcugen.kernels.rows.params import WindowCall
from mcugen.kernels.rows.requantise import requantise
from mcugen.kernels.rows.rounding import Rounding, two_instructions
from mcugen.ops.conv_2d import Conv2D
from mcugen.ops.depthwise_conv_2d import DepthwiseConv2D
from mcugen.ops.padding import Margins

RoundingOf = Callable[[Layer], Rounding | None]

_SMALL_ARENA = 16384
"""In bytes: no board is short of these."""


def depthwise_picture(graph: Graph, op: Op, core: Core) -> Call | None:
    """3x3 depthwise convolution with the whole picture in scratch, where that raises no peak."""
    return _depthwise_picture(graph, op, core, _proven_depthwise)


def depthwise_picture_twice_rounded(graph: Graph, op: Op, core: Core) -> Call | None:
    """The same with the reference's rounding."""
    return _depthwise_picture(graph, op, core, reference_rounding)


def depthwise_row(graph: Graph, op: Op, core: Core) -> Call | None:
    """3x3 depthwise convolution, row by row."""
    return _depthwise(graph, op, core, "rows_depthwise_row", 3, _proven_depthwise)


def depthwise_row_twice_rounded(graph: Graph, op: Op, core: Core) -> Call | None:
    """The same with the reference's rounding."""
    return _depthwise(graph, op, core, "rows_depthwise_row", 3, reference_rounding)


def _depthwise_picture(graph: Graph, op: Op, core: Core, rounding_of: RoundingOf) -> Call | None:
    slots = (graph.output(op).shape[1] - 1) * op.attributes(DepthwiseConv2D).stride[0] + 3
    call = _depthwise(graph, op, core, "rows_depthwise_picture", slots, rounding_of)
    if call is None or slots == 3:
        return None
    alive = max(graph.input(op, 0).nbytes, graph.output(op).nbytes)
    fits = alive + call.scratch_bytes <= max(_largest_tensor(graph), _SMALL_ARENA)
    return call if fits else None


def _depthwise(
    graph: Graph, op: Op, core: Core, function: str, slots: int, rounding_of: RoundingOf
) -> Call | None:
    attrs = op.attributes(DepthwiseConv2D)
    source, output = graph.input(op, 0), graph.output(op)
    if not core.dsp_at_best or source.shape[3] != output.shape[3]:
        return None
    margins = _margins(graph, op, attrs)
    if margins is None:
        return None
    layer = layer_of(graph, op)
    rounding = rounding_of(layer)
    if rounding is None:
        return None
    width, channels = output.shape[2], output.shape[3]
    pairs = width + 1 if attrs.stride[0] == 2 else width // 2 + 1 + width % 2
    return _windowed(
        graph,
        op,
        function,
        "rows_depthwise.c.j2",
        attrs.stride[0],
        slots,
        margins,
        layer,
        rounding,
        pack.depthwise(layer, rounding),
        scratch_bytes=4 * slots * pairs * channels,
    )


def _largest_tensor(graph: Graph) -> int:
    """Bytes that the arena has anyhow."""
    return max(graph.output(op).nbytes for op in graph.ops)


def convolution(graph: Graph, op: Op, core: Core) -> Call | None:
    """3x3 convolution over 1 to 4 channels; over one, depthwise with a multiplier is the same."""
    return _convolution(graph, op, core, proven)


def convolution_twice_rounded(graph: Graph, op: Op, core: Core) -> Call | None:
    """The same with the reference's rounding."""
    return _convolution(graph, op, core, reference_rounding)


def _convolution(graph: Graph, op: Op, core: Core, rounding_of: RoundingOf) -> Call | None:
    attrs = op.attributes(Conv2D) if op.kind == "CONV_2D" else op.attributes(DepthwiseConv2D)
    depth = graph.input(op, 0).shape[3]
    if not core.dsp_at_best or not 1 <= depth <= (4 if op.kind == "CONV_2D" else 1):
        return None
    margins = _margins(graph, op, attrs)
    if margins is None:
        return None
    layer = layer_of(graph, op)
    rounding = rounding_of(layer)
    if rounding is None:
        return None
    values = ((graph.output(op).shape[2] - 1) * attrs.stride[0] + 3) * depth
    return _windowed(
        graph,
        op,
        "rows_convolve",
        "rows_convolve.c.j2",
        attrs.stride[0],
        3,
        margins,
        layer,
        rounding,
        pack.convolution(layer, rounding),
        scratch_bytes=3 * 2 * round_up(values + 1, 2),
    )


def _margins(graph: Graph, op: Op, attrs: Conv2D | DepthwiseConv2D) -> Margins | None:
    """The margins, where the window and its steps are those of the kernels."""
    kernel = graph.input(op, 1).shape[1:3]
    margins = attrs.padding.resolve(graph.input(op, 0).shape[1:3], (3, 3), attrs.stride)
    if kernel != (3, 3) or attrs.stride not in ((1, 1), (2, 2)) or max(margins) > 1:
        return None
    return margins


def _proven_depthwise(layer: Layer) -> Rounding | None:
    """Two instructions for all channels; with an addend the sums need not leave room for 8 bits."""
    rounding = proven(layer)
    if rounding is not None:
        return rounding
    found = requantise(layer.channels, 1, addend=True)
    return two_instructions(found, addend=True) if found.exact.all() else None


def _windowed(
    graph: Graph,
    op: Op,
    function: str,
    template: str,
    stride: int,
    slots: int,
    margins: Margins,
    layer: Layer,
    rounding: Rounding,
    stream: Words,
    *,
    scratch_bytes: int,
) -> Call:
    source, output = graph.input(op, 0), graph.output(op)
    _, height, width, depth = source.shape
    read = [
        min(height, row * stride - margins[0] + 3) * width * depth for row in range(output.shape[1])
    ]
    params = WindowCall(
        source.shape,
        output.shape,
        stride,
        slots,
        *margins[:2],
        source.qparams.zero_point,
        rounding.scale,
        result_of(rounding, layer.channels),
    )
    return Call(
        backend=FAMILY.name,
        function=function,
        template=template,
        params=params,
        cost=COSTS[function](params),
        constants=(stream_constant(stream),),
        scratch_bytes=scratch_bytes,
        overlaps=(Overlap(0, distance_of(output.shape[2] * output.shape[3], read)),),
    )
