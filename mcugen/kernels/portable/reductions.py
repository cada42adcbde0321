"""MEAN and REDUCE_MAX over any dimensions."""

from __future__ import annotations

from mcugen import numerics
from mcugen.boards import Core
from mcugen.ir import Graph, Op
from mcugen.kernels.call import Call
from mcugen.kernels.portable.call import portable_call
from mcugen.kernels.portable.moves import merged
from mcugen.kernels.portable.params import Loops, ReductionCall, Rescale
from mcugen.ops.moving import stand_in
from mcugen.ops.reducing import axes, count


def mean(graph: Graph, op: Op, core: Core) -> Call | None:
    """TFLite ``QuantizedMeanOrSum``: the division is folded into the multiplier."""
    source, output = graph.input(op, 0).qparams, graph.output(op).qparams
    values = count(graph, op)
    multiplier = numerics.mean_multiplier(source.scale / output.scale, values)
    kept, reduced = _loops(graph, op)
    return portable_call(
        "sum_s8",
        "sum.c.j2",
        ReductionCall(
            kept,
            reduced,
            centre=source.zero_point * values,
            output=Rescale(output.zero_point, *multiplier),
        ),
    )


def largest(graph: Graph, op: Op, core: Core) -> Call | None:
    kept, reduced = _loops(graph, op)
    return portable_call("max_s8", "max.c.j2", ReductionCall(kept, reduced))


def _loops(graph: Graph, op: Op) -> tuple[Loops, Loops]:
    """Over the outputs and over what becomes one. Neighbours that are both kept or both reduced are
    one loop, so of four dimensions no more than two of each are left."""
    view, over = stand_in(graph.input(op, 0)), axes(graph, op)
    kept = [axis for axis in range(view.ndim) if axis not in over]
    return _two(view.shape, view.strides, kept), _two(view.shape, view.strides, list(over))


def _two(shape: tuple[int, ...], strides: tuple[int, ...], chosen: list[int]) -> Loops:
    loops = merged(tuple(shape[a] for a in chosen), tuple(strides[a] for a in chosen))
    padded = [(1, 0)] * (2 - len(loops)) + loops
    return Loops(tuple(size for size, _ in padded), tuple(stride for _, stride in padded))
