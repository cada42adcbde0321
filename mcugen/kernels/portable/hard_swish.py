"""HARD_SWISH as a table of all 256 answers."""

from __future__ import annotations

from mcugen.boards import Core
from mcugen.ir import Graph, Op
from mcugen.kernels.call import Call
from mcugen.kernels.portable.tables import centred, int8_lookup
from mcugen.numerics import hard_swish as answers
from mcugen.ops.hard_swish import scales


def hard_swish(graph: Graph, op: Op, core: Core) -> Call | None:
    """TFLite ``reference_ops::HardSwish``."""
    source, output = graph.input(op, 0), graph.output(op)
    found = scales(source.qparams, output.qparams)
    return int8_lookup(graph, op, answers(centred(source), found.output, found.reluish))
