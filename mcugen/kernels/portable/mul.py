"""MUL."""

from __future__ import annotations

from mcugen import numerics
from mcugen.boards import Core
from mcugen.ir import Graph, Op
from mcugen.kernels.call import Call
from mcugen.kernels.portable.binary import binary_call, operands
from mcugen.kernels.portable.params import MulCall, Rescale
from mcugen.ops.activation import activation_range
from mcugen.ops.mul import Mul, scale


def mul(graph: Graph, op: Op, core: Core) -> Call | None:
    """TFLite ``MulElementwise``."""
    output = graph.output(op).qparams
    call = MulCall(
        offsets=(-graph.input(op, 0).qparams.zero_point, -graph.input(op, 1).qparams.zero_point),
        output=Rescale(output.zero_point, *numerics.quantize_multiplier(scale(graph, op))),
        activation=activation_range(op.attributes(Mul).activation, output),
        operands=operands(graph, op),
    )
    return binary_call(graph, op, "mul_s8", "mul.c.j2", call)
