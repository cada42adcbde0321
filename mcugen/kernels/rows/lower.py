"""mcugen's fast kernels: when one runs an operator exactly, and with which constants.

They work row by row. What a row needs of the input has been copied to scratch before its output is
written, so the output may lie over the input as far as the rows to come allow.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from mcugen.boards import Core
from mcugen.ir import DType, Graph, Op
from mcugen.kernels.call import Call, Constant, Overlap, constant
from mcugen.kernels.quantisation import requantised_channels
from mcugen.kernels.rows import pack
from mcugen.kernels.rows.cost import COSTS
from mcugen.kernels.rows.family import FAMILY
from mcugen.kernels.rows.pack import Layer, Words
from mcugen.kernels.rows.params import LonePixelCall, PointwiseCall, Result, WindowCall
from mcugen.kernels.rows.requantise import Channels, reachable, requantise
from mcugen.kernels.rows.rounding import Rounding, twice_rounded, two_instructions
from mcugen.ops.activation import Activation, activation_range
from mcugen.ops.conv_2d import Conv2D
from mcugen.ops.depthwise_conv_2d import DepthwiseConv2D
from mcugen.ops.fully_connected import FullyConnected
from mcugen.ops.padding import Margins

_SMALL_ARENA = 16384
"""In bytes: no board is short of these."""

_PIXELS_WORTH_FLASH = 256
"""From here on, a byte of flash saves 16 instructions."""

_STRIP_BYTES = 4096
"""Of widened inputs: several short rows go through the pointwise kernel as one."""


def pointwise_t(graph: Graph, op: Op, core: Core) -> Call | None:
    """1x1 convolution or fully connected over several pixels, two weights in a halfword."""
    if not core.dsp or not _is_pointwise(graph, op):
        return None
    layer = _layer(graph, op)
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
    if not core.dsp or not _is_pointwise(graph, op):
        return None
    layer = _layer(graph, op)
    even, odd = (twice_rounded(layer.channels, scale) for scale in (1, 256))
    return _paired(graph, op, layer, even, odd) if even and odd else None


def pointwise_w(graph: Graph, op: Op, core: Core) -> Call | None:
    """1x1 convolution or fully connected over many pixels, a weight in a halfword.

    It saves an instruction for every 16 multiplications, and costs a byte of flash a weight.
    """
    if not core.dsp or not _is_pointwise(graph, op):
        return None
    if math.prod(_pixels(graph, op)) < _PIXELS_WORTH_FLASH:
        return None
    layer = _layer(graph, op)
    return _unpaired(graph, op, layer, _proven(layer))


def pointwise_w_twice_rounded(graph: Graph, op: Op, core: Core) -> Call | None:
    """The same with the reference's rounding; over few pixels, too, if weights do not pair."""
    if not core.dsp or not _is_pointwise(graph, op):
        return None
    few = math.prod(_pixels(graph, op)) < _PIXELS_WORTH_FLASH
    if few and pointwise_t_twice_rounded(graph, op, core) is not None:
        return None
    layer = _layer(graph, op)
    return _unpaired(graph, op, layer, _twice_rounded(layer))


def lone_pixel(graph: Graph, op: Op, core: Core) -> Call | None:
    """Fully connected, or 1x1 convolution over one pixel."""
    if not core.dsp or _pixels(graph, op) != (1, 1) or not _has_one_tap(graph, op):
        return None
    layer = _layer(graph, op)
    even, odd = (twice_rounded(layer.channels, scale) for scale in (1, 256))
    stream = pack.lone_pixel(layer, even, odd) if even and odd else None
    if even is None or stream is None:
        return None
    params = LonePixelCall(layer.taps, layer.units, _result(even, layer.channels))
    return Call(
        backend=FAMILY.name,
        function="rows_lone_pixel",
        template="rows_lone_pixel.c.j2",
        params=params,
        cost=COSTS["rows_lone_pixel"](params),
        constants=(_constant(stream),),
        scratch_bytes=2 * _round_up(layer.taps, 4),
        overlaps=(Overlap(0, 0),),
    )


def depthwise_picture(graph: Graph, op: Op, core: Core) -> Call | None:
    """3x3 depthwise convolution with the whole picture in scratch, where that raises no peak."""
    return _depthwise_picture(graph, op, core, _proven_depthwise)


def depthwise_picture_twice_rounded(graph: Graph, op: Op, core: Core) -> Call | None:
    """The same with the reference's rounding."""
    return _depthwise_picture(graph, op, core, _twice_rounded)


def depthwise_row(graph: Graph, op: Op, core: Core) -> Call | None:
    """3x3 depthwise convolution, row by row."""
    return _depthwise(graph, op, core, "rows_depthwise_row", 3, _proven_depthwise)


def depthwise_row_twice_rounded(graph: Graph, op: Op, core: Core) -> Call | None:
    """The same with the reference's rounding."""
    return _depthwise(graph, op, core, "rows_depthwise_row", 3, _twice_rounded)


def _depthwise_picture(graph: Graph, op: Op, core: Core, rounding_of: _RoundingOf) -> Call | None:
    slots = (graph.output(op).shape[1] - 1) * op.attributes(DepthwiseConv2D).stride[0] + 3
    call = _depthwise(graph, op, core, "rows_depthwise_picture", slots, rounding_of)
    if call is None or slots == 3:
        return None
    alive = max(graph.input(op, 0).nbytes, graph.output(op).nbytes)
    fits = alive + call.scratch_bytes <= max(_largest_tensor(graph), _SMALL_ARENA)
    return call if fits else None


def _depthwise(
    graph: Graph, op: Op, core: Core, function: str, slots: int, rounding_of: _RoundingOf
) -> Call | None:
    attrs = op.attributes(DepthwiseConv2D)
    source, output = graph.input(op, 0), graph.output(op)
    if not core.dsp or source.shape[3] != output.shape[3]:
        return None
    margins = _margins(graph, op, attrs)
    if margins is None:
        return None
    layer = _layer(graph, op)
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
    return _convolution(graph, op, core, _proven)


def convolution_twice_rounded(graph: Graph, op: Op, core: Core) -> Call | None:
    """The same with the reference's rounding."""
    return _convolution(graph, op, core, _twice_rounded)


def _convolution(graph: Graph, op: Op, core: Core, rounding_of: _RoundingOf) -> Call | None:
    attrs = op.attributes(Conv2D) if op.kind == "CONV_2D" else op.attributes(DepthwiseConv2D)
    depth = graph.input(op, 0).shape[3]
    if not core.dsp or not 1 <= depth <= (4 if op.kind == "CONV_2D" else 1):
        return None
    margins = _margins(graph, op, attrs)
    if margins is None:
        return None
    layer = _layer(graph, op)
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
        scratch_bytes=3 * 2 * _round_up(values + 1, 2),
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


def _margins(graph: Graph, op: Op, attrs: Conv2D | DepthwiseConv2D) -> Margins | None:
    """The margins, where the window and its steps are those of the kernels."""
    kernel = graph.input(op, 1).shape[1:3]
    margins = attrs.padding.resolve(graph.input(op, 0).shape[1:3], (3, 3), attrs.stride)
    if kernel != (3, 3) or attrs.stride not in ((1, 1), (2, 2)) or max(margins) > 1:
        return None
    return margins


def _layer(graph: Graph, op: Op) -> Layer:
    source, output = graph.input(op, 0), graph.output(op)
    values = graph.input(op, 1).array().astype(np.int64)
    if op.kind == "DEPTHWISE_CONV_2D":
        weights = values.reshape(-1, values.shape[-1])
    else:
        weights = values.reshape(values.shape[0], -1).T
    bias, multiplier, shift = (
        one.array().astype(np.int64) for one in requantised_channels(graph, op, weights.shape[1])
    )
    zero_point = source.qparams.zero_point
    channels = Channels(
        multiplier,
        shift,
        *reachable(weights, bias, zero_point),
        output.qparams.zero_point,
        activation_range(_activation(op), output.qparams),
    )
    return Layer(weights, bias - zero_point * weights.sum(axis=0), channels)


_ATTRIBUTES: dict[str, Callable[[Op], Activation]] = {
    "CONV_2D": lambda op: op.attributes(Conv2D).activation,
    "DEPTHWISE_CONV_2D": lambda op: op.attributes(DepthwiseConv2D).activation,
    "FULLY_CONNECTED": lambda op: op.attributes(FullyConnected).activation,
}


def _activation(op: Op) -> Activation:
    return _ATTRIBUTES[op.kind](op)


_RoundingOf = Callable[[Layer], Rounding | None]


def _proven(layer: Layer) -> Rounding | None:
    """Two instructions for all channels, for weights of 16 bits."""
    found = requantise(layer.channels, 256, addend=False)
    return two_instructions(found, addend=False) if found.exact.all() else None


def _proven_depthwise(layer: Layer) -> Rounding | None:
    """Two instructions for all channels; with an addend the sums need not leave room for 8 bits."""
    rounding = _proven(layer)
    if rounding is not None:
        return rounding
    found = requantise(layer.channels, 1, addend=True)
    return two_instructions(found, addend=True) if found.exact.all() else None


def _twice_rounded(layer: Layer) -> Rounding | None:
    return twice_rounded(layer.channels)


def _result(rounding: Rounding, channels: Channels) -> Result:
    return Result(rounding.kind, rounding.shift, channels.zero_point, *channels.activation)


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
    widened = 2 * _round_up(layer.taps, 4)
    strip = max(
        (n for n in range(1, rows + 1) if not rows % n and n * columns * widened <= _STRIP_BYTES),
        default=1,
    )
    strips, pixels = rows // strip, strip * columns
    distance = _distance(
        pixels * layer.units, [pixels * layer.taps * (one + 1) for one in range(strips)]
    )
    results = (_result(rounding, layer.channels) for rounding in roundings)
    params = PointwiseCall(strips, pixels, layer.taps, layer.units, *results)
    return Call(
        backend=FAMILY.name,
        function=function,
        template="rows_pointwise.c.j2",
        params=params,
        cost=COSTS[function](params),
        constants=(_constant(stream),),
        scratch_bytes=_round_up(pixels, 2) * widened,
        overlaps=(Overlap(0, distance),),
    )


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
        _result(rounding, layer.channels),
    )
    return Call(
        backend=FAMILY.name,
        function=function,
        template=template,
        params=params,
        cost=COSTS[function](params),
        constants=(_constant(stream),),
        scratch_bytes=scratch_bytes,
        overlaps=(Overlap(0, _distance(output.shape[2] * output.shape[3], read)),),
    )


def _distance(row_bytes: int, read: list[int]) -> int:
    """How far before the input the output must start so that no row overwrites what is still to be
    read; ``read`` are the input's first bytes that are, after each row's copy to scratch."""
    return max(
        (
            (row + 1) * row_bytes - done
            for row, done in enumerate(read)
            if done < read[-1] and (row + 1) * row_bytes > done
        ),
        default=0,
    )


def _constant(stream: Words) -> Constant:
    return constant("stream", DType.INT32, stream.view(np.int32))


def _round_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple
