"""RESIZE_NEAREST_NEIGHBOR: each pixel is a copy of one of the input's."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mcugen.ir import Graph, Op
from mcugen.ops.base import Operator, no_macs
from mcugen.ops.resizing import (
    Resize,
    parse_resize,
    resize_example,
    resize_problems,
    resize_shape,
    unparse_resize,
    wanted_size,
)


@dataclass(frozen=True)
class ResizeNearestNeighbor(Resize):
    """Places are computed in float32."""


def take(graph: Graph, op: Op) -> tuple[NDArray[np.int64], ...]:
    attrs = op.attributes(ResizeNearestNeighbor)
    batch, height, width, channels = graph.input(op, 0).shape
    rows, columns = wanted_size(graph, op)
    return (
        np.arange(batch),
        _nearest(height, rows, attrs),
        _nearest(width, columns, attrs),
        np.arange(channels),
    )


def _nearest(before: int, after: int, attrs: Resize) -> NDArray[np.int64]:
    """TFLite ``GetNearestNeighbor``."""
    aligned = attrs.align_corners and after > 1
    scale = (
        np.float32(before - 1) / np.float32(after - 1)
        if aligned
        else np.float32(before) / np.float32(after)
    )
    offset = np.float32(0.5 if attrs.half_pixel_centers else 0)
    places = (np.arange(after, dtype=np.float32) + offset) * scale
    # Rounded half away from zero, as std::round does; a float32 and a half is exact in float64.
    rounding = 0.5 if attrs.align_corners else 0.0
    found = np.floor(places.astype(np.float64) + rounding).astype(np.int64)
    return np.asarray(np.minimum(found, before - 1))


OPERATOR = Operator(
    kind="RESIZE_NEAREST_NEIGHBOR",
    version=3,
    options="ResizeNearestNeighborOptions",
    takes="any size, corners or centers aligned or not",
    inputs=(2, 2),
    parse=partial(parse_resize, ResizeNearestNeighbor),
    unparse=unparse_resize,
    problems=resize_problems,
    shape=resize_shape,
    macs=no_macs,
    example=partial(resize_example, "RESIZE_NEAREST_NEIGHBOR", ResizeNearestNeighbor),
)
