"""ELU as a table of all 256 answers."""

from __future__ import annotations

from mcugen.boards import Core
from mcugen.ir import Graph, Op
from mcugen.kernels.call import Call
from mcugen.kernels.portable.tables import EVERY_INT8, int8_lookup
from mcugen.ops.elu import tables


def elu(graph: Graph, op: Op, core: Core) -> Call | None:
    """TFLite ``PopulateLookupTable``; the ways of rounding agree where it is accepted."""
    answers = next(tables(graph.input(op, 0).qparams, graph.output(op).qparams))
    return int8_lookup(graph, op, answers[EVERY_INT8 + 128])
