"""RELU6 as a table of all 256 answers."""

from __future__ import annotations

import numpy as np

from mcugen.boards import Core
from mcugen.ir import Graph, Op
from mcugen.kernels.call import Call
from mcugen.kernels.portable.tables import centred, int8_lookup
from mcugen.ops.activation import Activation, activation_range


def relu6(graph: Graph, op: Op, core: Core) -> Call | None:
    """TFLite Micro ``Relu6Quantized``: input and output are on one scale."""
    output = graph.output(op).qparams
    low, high = activation_range(Activation.RELU6, output)
    kept = np.clip(centred(graph.input(op, 0)), low - output.zero_point, high - output.zero_point)
    return int8_lookup(graph, op, kept)
