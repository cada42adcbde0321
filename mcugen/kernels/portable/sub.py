"""SUB."""

from __future__ import annotations

from mcugen.boards import Core
from mcugen.ir import Graph, Op
from mcugen.kernels.call import Call
from mcugen.kernels.portable.binary import binary_call, operands
from mcugen.kernels.portable.lower import common_scale
from mcugen.kernels.portable.params import SubCall
from mcugen.ops.activation import activation_range
from mcugen.ops.sub import Sub


def sub(graph: Graph, op: Op, core: Core) -> Call | None:
    """SUB (TFLite ``CalculateOpDataSub``): both operands onto twice the larger scale, as in ADD."""
    output = graph.output(op)
    a, b, onto_output = common_scale(graph.input(op, 0), graph.input(op, 1), output)
    call = SubCall(
        a=a,
        b=b,
        output=onto_output,
        activation=activation_range(op.attributes(Sub).activation, output.qparams),
        operands=operands(graph, op),
    )
    return binary_call(graph, op, "sub_s8", "sub.c.j2", call)
