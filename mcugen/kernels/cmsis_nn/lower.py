"""CMSIS-NN's kernels: convolution, depthwise, pointwise, fully connected, pooling.

Each function picks the CMSIS-NN entry point directly, as the ``*_wrapper_s8`` functions would, so
that unused paths are not linked and no more scratch is planned than the chosen path uses.
"""

from __future__ import annotations

from dataclasses import replace

from mcugen.boards import Core
from mcugen.ir import DType, Graph, Op, Shape
from mcugen.kernels.call import Call, constant
from mcugen.kernels.cmsis_nn.cost import COSTS
from mcugen.kernels.cmsis_nn.family import FAMILY
from mcugen.kernels.cmsis_nn.params import ConvCall, FullyConnectedCall, PoolCall, Window
from mcugen.kernels.cmsis_nn.release import Release
from mcugen.kernels.contract import Lag, RowContract, window_rows
from mcugen.kernels.quantisation import requantised_channels
from mcugen.ops.activation import activation_range
from mcugen.ops.average_pool_2d import AveragePool2D
from mcugen.ops.conv_2d import Conv2D
from mcugen.ops.depthwise_conv_2d import DepthwiseConv2D
from mcugen.ops.fully_connected import FullyConnected
from mcugen.ops.max_pool_2d import MaxPool2D
from mcugen.ops.padding import Margins, Pair

_CALL_COST, _UNIT_COST, _SUM_COST = 200, 40, 2.6
"""Instructions of a call, and in the matrix product of a channel and of an addition to the sum of
its weights; measured."""

_COLUMNS = 2
"""Pixels of which ``arm_convolve_s8`` gathers the windows before it writes them."""

_MVE_COLUMNS, _MVE_LANES = 4, 8
_MVE_CHANNELS = 124
"""The same with vectors, the lanes that a column is rounded up to, and the channels that
``arm_depthwise_conv_s8_opt`` takes at a time (CH_IN_BLOCK_MVE)."""


def convolution(release: Release, graph: Graph, op: Op, core: Core) -> Call | None:
    """CONV_2D: the matrix product directly for 1x1, through im2col otherwise.

    A lone pixel goes through im2col as well: the matrix product works on pairs of pixels and does
    what is left over without SMLAD, which takes twice the instructions.
    """
    attrs = op.attributes(Conv2D)
    source, weights, output = graph.input(op, 0), graph.input(op, 1), graph.output(op)
    kernel = weights.shape[1:3]
    pads = attrs.padding.resolve(source.shape[1:3], (kernel[0], kernel[1]), attrs.stride)
    lone_pixel = output.shape[1:3] == (1, 1)
    pointwise = kernel == (1, 1) and pads == (0, 0, 0, 0) and not lone_pixel
    if pointwise:
        function = "arm_convolve_1x1_s8_fast" if attrs.stride == (1, 1) else "arm_convolve_1x1_s8"
    else:
        function = "arm_convolve_s8"
    call = ConvCall(
        input_offset=-source.qparams.zero_point,
        output_offset=output.qparams.zero_point,
        window=Window(attrs.stride, pads[:2]),
        activation=activation_range(attrs.activation, output.qparams),
        input=source.shape,
        filter=weights.shape,
        output=output.shape,
        upscale_argument=release.upscale_argument and not pointwise,
    )
    scratch_bytes = 0 if pointwise else _im2col_bytes(weights.shape, release, core)
    whole = _per_channel(graph, op, function, "convolve.c.j2", call, scratch_bytes)
    columns = _MVE_COLUMNS if core.mve else _COLUMNS
    return replace(whole, rows=_convolution_rows(call, columns, pointwise=pointwise))


def _convolution_rows(call: ConvCall, columns: int, *, pointwise: bool) -> RowContract | None:
    """The matrix product sums the weights of every channel anew in each call."""
    sums = call.filter[0] * int(_UNIT_COST + _SUM_COST * call.filter[3])
    return window_rows(
        call.input,
        call.output,
        window=call.filter[1],
        stride=call.window.stride[0],
        top=call.window.padding[0],
        call_cost=_CALL_COST + (sums if pointwise else 0),
        lag=None if pointwise else _lag(call, pixels=columns),
    )


def _lag(call: ConvCall, *, pixels: int = 1, by_channel: bool = False) -> Lag:
    return Lag(
        input_width=call.input[2],
        output_width=call.output[2],
        input_bytes=call.input[3],
        output_bytes=call.output[3],
        stride=call.window.stride[1],
        left=call.window.padding[1],
        pixels=pixels,
        by_channel=by_channel,
    )


def _per_channel(
    graph: Graph, op: Op, function: str, template: str, call: ConvCall, scratch_bytes: int
) -> Call:
    """A call of ``function`` with a multiplier and shift for each channel of the output."""
    return Call(
        backend=FAMILY.name,
        function=function,
        template=template,
        params=call,
        cost=COSTS[function](call),
        constants=(
            constant("weights", DType.INT8, graph.input(op, 1).array()),
            *requantised_channels(graph, op, call.output[3]),
        ),
        scratch_bytes=scratch_bytes,
        needs=(function,),
    )


def _im2col_bytes(filter_shape: Shape, release: Release, core: Core) -> int:
    """Two columns of 16-bit inputs, with vectors four of bytes
    (``arm_convolve_s8_get_buffer_size``)."""
    _, height, width, channels = filter_shape
    column = height * width * channels
    if core.mve:
        return _MVE_COLUMNS * (-(-column // _MVE_LANES) * _MVE_LANES)
    if release.aligned_columns:
        column = (column + 3) // 4 * 4
    return 2 * column * 2


def depthwise(release: Release, graph: Graph, op: Op, core: Core) -> Call | None:
    """DEPTHWISE_CONV_2D with any channel multiplier."""
    attrs = op.attributes(DepthwiseConv2D)
    source, weights, output = graph.input(op, 0), graph.input(op, 1), graph.output(op)
    _, height, width, units = weights.shape
    pads = attrs.padding.resolve(source.shape[1:3], (height, width), attrs.stride)
    multiplier = units // source.shape[3]
    function = _depthwise_function(
        source.shape, weights.shape, output.shape, attrs.stride, pads, core
    )
    call = ConvCall(
        input_offset=-source.qparams.zero_point,
        output_offset=output.qparams.zero_point,
        window=Window(attrs.stride, pads[:2]),
        activation=activation_range(attrs.activation, output.qparams),
        input=source.shape,
        filter=weights.shape,
        output=output.shape,
        channel_multiplier=multiplier,
    )
    im2col = function == "arm_depthwise_conv_s8_opt"
    scratch_bytes = _depthwise_columns_bytes(weights.shape, core) if im2col else 0
    whole = _per_channel(graph, op, function, "depthwise.c.j2", call, scratch_bytes)
    lag = _lag(call, by_channel=True) if function == "arm_depthwise_conv_3x3_s8" else None
    return replace(whole, rows=_window_rows(call, height, lag))


def _depthwise_columns_bytes(filter_shape: Shape, core: Core) -> int:
    """``arm_depthwise_conv_s8_opt_get_buffer_size``."""
    _, height, width, units = filter_shape
    if core.mve:
        return _MVE_COLUMNS * _MVE_CHANNELS * height * width
    return 2 * units * height * width if core.dsp else 0


def _window_rows(
    call: ConvCall | PoolCall, height: int, lag: Lag | None = None
) -> RowContract | None:
    return window_rows(
        call.input,
        call.output,
        window=height,
        stride=call.window.stride[0],
        top=call.window.padding[0],
        call_cost=_CALL_COST,
        lag=lag,
    )


def _depthwise_function(
    source: Shape, filter_shape: Shape, output: Shape, stride: Pair, pads: Margins, core: Core
) -> str:
    """The fastest function that runs this geometry.

    The 3x3 function reads the middle column unchecked, so no margin may be wider than 1. The other
    fast one clears the rows of a window that lie above and below the picture: those of a window
    that lies wholly in a margin are more than its im2col buffer has. With vectors it is the only
    one that uses them, and gathers every tap by itself.
    """
    if output[3] != source[3]:
        return "arm_depthwise_conv_s8"
    if core.mve:
        return "arm_depthwise_conv_s8_opt"
    if filter_shape[1:3] == (3, 3) and max(pads) <= 1:
        return "arm_depthwise_conv_3x3_s8"
    first, last = -pads[0], (output[1] - 1) * stride[0] - pads[0]
    if first + filter_shape[1] < 0 or last > source[1]:
        return "arm_depthwise_conv_s8"
    return "arm_depthwise_conv_s8_opt"


def fully_connected(release: Release, graph: Graph, op: Op, core: Core) -> Call | None:
    """FULLY_CONNECTED with one weight scale; TFLite Micro multiplies the scales in double."""
    source, weights, output = graph.input(op, 0), graph.input(op, 1), graph.output(op)
    if weights.qparams.per_channel:
        return None
    units, depth = weights.shape
    bias, multiplier, shift = requantised_channels(graph, op, units)
    call = FullyConnectedCall(
        input_offset=-source.qparams.zero_point,
        output_offset=output.qparams.zero_point,
        multiplier=int(multiplier.array()[0]),
        shift=int(shift.array()[0]),
        activation=activation_range(op.attributes(FullyConnected).activation, output.qparams),
        batch=source.elements // depth,
        depth=depth,
        units=units,
    )
    return Call(
        backend=FAMILY.name,
        function="arm_fully_connected_s8",
        template="fully_connected.c.j2",
        params=call,
        cost=COSTS["arm_fully_connected_s8"](call),
        constants=(constant("weights", DType.INT8, weights.array()), bias),
        needs=("arm_fully_connected_s8",),
    )


def fully_connected_per_channel(release: Release, graph: Graph, op: Op, core: Core) -> Call | None:
    """FULLY_CONNECTED with a weight scale for each unit, as the 1x1 convolution that it equals.

    One row of inputs is a lone pixel, see ``convolution``.
    """
    source, weights, output = graph.input(op, 0), graph.input(op, 1), graph.output(op)
    units, depth = weights.shape
    batch = source.elements // depth
    function = "arm_convolve_s8" if batch == 1 else "arm_convolve_1x1_s8_fast"
    filter_shape = (units, 1, 1, depth)
    call = ConvCall(
        input_offset=-source.qparams.zero_point,
        output_offset=output.qparams.zero_point,
        window=Window((1, 1), (0, 0)),
        activation=activation_range(op.attributes(FullyConnected).activation, output.qparams),
        input=(batch, 1, 1, depth),
        filter=filter_shape,
        output=(batch, 1, 1, units),
        upscale_argument=release.upscale_argument and batch == 1,
    )
    scratch_bytes = _im2col_bytes(filter_shape, release, core) if batch == 1 else 0
    return _per_channel(graph, op, function, "convolve.c.j2", call, scratch_bytes)


def average_pool(release: Release, graph: Graph, op: Op, core: Core) -> Call | None:
    """AVERAGE_POOL_2D; with DSP instructions the sums of one pixel stand in scratch, vectors need
    none."""
    attrs = op.attributes(AveragePool2D)
    sums = 4 * graph.input(op, 0).shape[3] if core.dsp_at_best else 0
    return _pool(graph, op, attrs, "arm_avgpool_s8", sums)


def max_pool(release: Release, graph: Graph, op: Op, core: Core) -> Call | None:
    """MAX_POOL_2D."""
    return _pool(graph, op, op.attributes(MaxPool2D), "arm_max_pool_s8", 0)


def _pool(
    graph: Graph, op: Op, attrs: AveragePool2D | MaxPool2D, function: str, scratch_bytes: int
) -> Call:
    source, output = graph.input(op, 0), graph.output(op)
    pads = attrs.padding.resolve(source.shape[1:3], attrs.filter, attrs.stride)
    call = PoolCall(
        window=Window(attrs.stride, pads[:2]),
        activation=activation_range(attrs.activation, output.qparams),
        input=source.shape,
        filter=attrs.filter,
        output=output.shape,
    )
    return Call(
        backend=FAMILY.name,
        function=function,
        template="pool.c.j2",
        params=call,
        cost=COSTS[function](call),
        scratch_bytes=scratch_bytes,
        needs=(function,),
        rows=_window_rows(call, attrs.filter[0]),
    )
