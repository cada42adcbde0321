"""PRELU."""

from __future__ import annotations

from mcugen import numerics
from mcugen.boards import Core
from mcugen.ir import Graph, Op
from mcugen.kernels.call import Call
from mcugen.kernels.portable.binary import binary_call, operands
from mcugen.kernels.portable.params import PreluCall, Rescale
from mcugen.ops.prelu import scales


def prelu(graph: Graph, op: Op, core: Core) -> Call | None:
    """TFLite ``BroadcastPrelu4DSlow``."""
    source, alpha = graph.input(op, 0).qparams, graph.input(op, 1).qparams
    positive, negative = map(numerics.quantize_multiplier, scales(graph, op))
    call = PreluCall(
        positive=Rescale(-source.zero_point, *positive),
        negative=Rescale(-alpha.zero_point, *negative),
        output_offset=graph.output(op).qparams.zero_point,
        operands=operands(graph, op),
    )
    return binary_call(graph, op, "prelu_s8", "prelu.c.j2", call)
