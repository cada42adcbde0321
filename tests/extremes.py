"""Inputs that drive every output channel of a layer to both ends of its reachable range."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcugen.ir import Graph, Op
from mcugen.ops.conv_2d import Conv2D
from mcugen.ops.depthwise_conv_2d import DepthwiseConv2D

Picture = NDArray[np.int64]
Place = tuple[int, int]


def extremes(rng: np.random.Generator, graph: Graph) -> list[bytes]:
    """Pictures for a graph of one convolution or fully connected layer.

    Windows that do not overlap are filled with 127 where a channel's weight is positive and -128
    where it is negative, or the other way round; the channels take turns.
    """
    op = graph.ops[0]
    filters, places = _filters(graph, op), _places(graph, op)
    shape = _shape(graph, op)
    wanted = [(channel, sign) for channel in range(len(filters)) for sign in (1, -1)]
    pictures = []
    for start in range(0, len(wanted), len(places)):
        picture = rng.integers(-128, 128, shape)
        for place, (channel, sign) in zip(places, wanted[start:], strict=False):
            _drive(picture, place, sign * filters[channel])
        pictures.append(picture.astype(np.int8).tobytes())
    return pictures


def _shape(graph: Graph, op: Op) -> tuple[int, ...]:
    """(height, width, channels); the rows of a fully connected layer are a picture's."""
    source = graph.input(op, 0)
    if op.kind == "FULLY_CONNECTED":
        depth = graph.input(op, 1).shape[1]
        return source.elements // depth, 1, depth
    return source.shape[1:]


def _filters(graph: Graph, op: Op) -> Picture:
    """(units, height, width, channels); a depthwise filter leaves the other channels at 0."""
    weights = graph.input(op, 1).array().astype(np.int64)
    if op.kind == "FULLY_CONNECTED":
        return weights[:, np.newaxis, np.newaxis, :]
    if op.kind == "CONV_2D":
        return weights
    channels, units = graph.input(op, 0).shape[3], weights.shape[3]
    filters = np.zeros((units, *weights.shape[1:3], channels), np.int64)
    for unit in range(units):
        filters[unit, :, :, unit * channels // units] = weights[0, :, :, unit]
    return filters


def _places(graph: Graph, op: Op) -> list[Place]:
    """Upper left corners, which may lie in the margin, of windows that do not overlap: those that
    lie in the picture, or all if none does."""
    height, width, _ = _shape(graph, op)
    if op.kind == "FULLY_CONNECTED":
        return [(row, 0) for row in range(height)]
    attrs = op.attributes(Conv2D) if op.kind == "CONV_2D" else op.attributes(DepthwiseConv2D)
    window, stride = graph.input(op, 1).shape[1:3], attrs.stride
    margins = attrs.padding.resolve((height, width), (window[0], window[1]), stride)
    corners = [
        range(-margins[axis], graph.output(op).shape[1 + axis] * stride[axis] - margins[axis])[
            :: stride[axis] * -(-window[axis] // stride[axis])
        ]
        for axis in (0, 1)
    ]
    places = [(y, x) for y in corners[0] for x in corners[1]]
    inside = [
        (y, x)
        for y, x in places
        if y >= 0 and x >= 0 and y + window[0] <= height and x + window[1] <= width
    ]
    return inside or places


def _drive(picture: Picture, place: Place, filter_: Picture) -> None:
    """Writes what of the window lies in the picture; a weight of 0 leaves it as it is."""
    tops = [max(0, -corner) for corner in place]
    part = picture[place[0] + tops[0] :, place[1] + tops[1] :]
    part = part[: max(0, filter_.shape[0] - tops[0]), : max(0, filter_.shape[1] - tops[1])]
    seen = filter_[tops[0] :, tops[1] :][: part.shape[0], : part.shape[1]]
    part[...] = np.where(seen == 0, part, np.where(seen > 0, 127, -128))
