"""LOGISTIC as a table of all 256 answers."""

from __future__ import annotations

from mcugen import numerics
from mcugen.boards import Core
from mcugen.ir import Graph, Op
from mcugen.kernels.call import Call
from mcugen.kernels.portable.tables import centred, int8_lookup


def logistic(graph: Graph, op: Op, core: Core) -> Call | None:
    """TFLite ``reference_integer_ops::Logistic``."""
    source = graph.input(op, 0)
    answers = numerics.logistic(centred(source), source.qparams.scale)
    return int8_lookup(graph, op, answers)
