"""Operators that pick values by an index along each dimension."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcugen.boards import Core
from mcugen.ir import DType, Graph, Op
from mcugen.kernels.call import Call, constant
from mcugen.kernels.portable.call import portable_call
from mcugen.kernels.portable.params import TakeCall
from mcugen.ops import gather, mirror_pad, resize_nearest_neighbor
from mcugen.ops.moving import stand_in
from mcugen.ops.taking import Take

_LOOPS = 4


def gathered(graph: Graph, op: Op, core: Core) -> Call | None:
    return _take(graph, op, gather.take)


def mirrored(graph: Graph, op: Op, core: Core) -> Call | None:
    return _take(graph, op, mirror_pad.take)


def nearest(graph: Graph, op: Op, core: Core) -> Call | None:
    return _take(graph, op, resize_nearest_neighbor.take)


def _take(graph: Graph, op: Op, take: Take) -> Call | None:
    """Innermost dimensions that are taken whole are copied at once."""
    source = graph.input(op, 0)
    if source.dtype is not DType.INT8 or len(source.shape) > _LOOPS:
        return None
    offsets = [
        indices * stride
        for indices, stride in zip(take(graph, op), stand_in(source).strides, strict=True)
    ]
    run = 1
    while offsets and _goes_on(offsets[-1], run, source.shape[len(offsets) - 1]):
        run *= len(offsets.pop())
    loops = [np.zeros(1, np.int64)] * (_LOOPS - len(offsets)) + offsets
    return portable_call(
        "take_s8",
        "take.c.j2",
        TakeCall(sizes=tuple(len(loop) for loop in loops), run=run),
        constants=(constant("offsets", DType.INT32, np.concatenate(loops)),),
    )


def _goes_on(offsets: NDArray[np.int64], run: int, size: int) -> bool:
    """All of the dimension in its order, one index where the run of the one before ended."""
    return len(offsets) == size and bool((offsets == np.arange(size) * run).all())
