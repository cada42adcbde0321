"""CONCATENATION and PACK: the rows of each input into the rows of the output."""

from __future__ import annotations

import math

from mcugen.boards import Core
from mcugen.ir import DType, Graph, Op
from mcugen.kernels.call import Call, constant
from mcugen.kernels.portable.call import portable_call
from mcugen.kernels.portable.params import JoinCall, JoinPart
from mcugen.ops.concatenation import Concatenation
from mcugen.ops.joining import sources
from mcugen.ops.pack import Pack


def concatenation(graph: Graph, op: Op, core: Core) -> Call | None:
    return _join(graph, op, op.attributes(Concatenation).axis)


def pack(graph: Graph, op: Op, core: Core) -> Call | None:
    return _join(graph, op, op.attributes(Pack).axis)


def _join(graph: Graph, op: Op, axis: int) -> Call | None:
    output = graph.output(op)
    if output.dtype is not DType.INT8:
        return None
    rows = math.prod(output.shape[: axis % len(output.shape)])
    parts, constants, start, variables = [], [], 0, 0
    for number, tensor in enumerate(sources(graph, op)):
        width = tensor.elements // rows
        name = f"part_{number}" if tensor.is_constant else ""
        parts.append(JoinPart(name, variables, start, width))
        start += width
        if tensor.is_constant:
            constants.append(constant(name, DType.INT8, tensor.array()))
        else:
            variables += 1
    return portable_call(
        "join_s8",
        "join.c.j2",
        JoinCall(rows=rows, width=start, parts=tuple(parts)),
        constants=tuple(constants),
    )
