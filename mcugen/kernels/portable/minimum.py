"""MINIMUM."""

from __future__ import annotations

from mcugen.boards import Core
from mcugen.ir import Graph, Op
from mcugen.kernels.call import Call
from mcugen.kernels.portable.binary import binary_call, operands
from mcugen.kernels.portable.params import ExtremumCall


def minimum(graph: Graph, op: Op, core: Core) -> Call | None:
    """TFLite ``MinimumOp``: integers compared as they are."""
    call = ExtremumCall(operands(graph, op))
    return binary_call(graph, op, "minimum_s8", "minimum.c.j2", call)
