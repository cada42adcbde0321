"""RESIZE_BILINEAR: each pixel is a mean of the four of the input around its place."""

from __future__ import annotations

from collections.abc import Iterator
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

ONE = 1 << 10
"""Places are in fixed point, of ten bits behind the point."""


@dataclass(frozen=True)
class ResizeBilinear(Resize):
    """Places and weights are integers."""


@dataclass(frozen=True)
class Axis:
    """For each index of the output: the two of the input, and the weight of the second."""

    lower: NDArray[np.int64]
    upper: NDArray[np.int64]
    weight: NDArray[np.int64]


def rows_and_columns(graph: Graph, op: Op) -> tuple[Axis, Axis]:
    attrs = op.attributes(ResizeBilinear)
    _, height, width, _ = graph.input(op, 0).shape
    rows, columns = wanted_size(graph, op)
    return _axis(height, rows, attrs), _axis(width, columns, attrs)


def _axis(before: int, after: int, attrs: Resize) -> Axis:
    """TFLite ``ComputeInterpolationValuesInteger``; C++ divides towards zero."""
    scale = (ONE * before + after // 2) // after
    if attrs.align_corners and after > 1:
        scale = (ONE * (before - 1) + (after - 1) // 2) // (after - 1)
    places = np.arange(after, dtype=np.int64) * scale
    if attrs.half_pixel_centers:
        places += scale // 2 - ONE // 2
    lower = np.maximum(_quotient(places), 0)
    upper = np.minimum(_quotient(places + ONE - 1), before - 1)
    return Axis(lower, upper, places - ONE * lower)


def _quotient(values: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.asarray(np.sign(values) * (np.abs(values) // ONE))


def _problems(graph: Graph, op: Op) -> Iterator[str]:
    found = list(resize_problems(graph, op))
    yield from found
    # Of another size than the output's, the shape rule tells.
    if found or resize_shape(graph, op) != graph.output(op).shape:
        return
    before = graph.input(op, 0).shape[1:3]
    for axis, size in zip(rows_and_columns(graph, op), before, strict=True):
        if int(axis.lower.max()) >= size:
            yield f"from {size} pixels the reference reads outside the picture"


OPERATOR = Operator(
    kind="RESIZE_BILINEAR",
    version=3,
    options="ResizeBilinearOptions",
    takes="any size, corners or centers aligned or not",
    inputs=(2, 2),
    parse=partial(parse_resize, ResizeBilinear),
    unparse=unparse_resize,
    problems=_problems,
    shape=resize_shape,
    macs=no_macs,
    example=partial(resize_example, "RESIZE_BILINEAR", ResizeBilinear),
)
