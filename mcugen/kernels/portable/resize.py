"""RESIZE_BILINEAR, its places and weights tabulated at compile time."""

from __future__ import annotations

import numpy as np

from mcugen.boards import Core
from mcugen.ir import DType, Graph, Op
from mcugen.kernels.call import Call, constant
from mcugen.kernels.portable.call import portable_call
from mcugen.kernels.portable.params import ResizeCall
from mcugen.ops.resize_bilinear import Axis, rows_and_columns


def bilinear(graph: Graph, op: Op, core: Core) -> Call | None:
    source, output = graph.input(op, 0), graph.output(op)
    _, _, width, channels = source.shape
    rows, columns = rows_and_columns(graph, op)
    places = [*_table(rows, width * channels), *_table(columns, channels)]
    return portable_call(
        "resize_s8",
        "resize.c.j2",
        ResizeCall(output.shape[1], output.shape[2], channels),
        constants=(constant("places", DType.INT32, np.concatenate(places)),),
    )


def _table(axis: Axis, stride: int) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], ...]:
    """Offsets of the first and of the second, then the weights of the second."""
    return axis.lower * stride, axis.upper * stride, axis.weight
