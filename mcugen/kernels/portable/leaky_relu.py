"""LEAKY_RELU as a table of all 256 answers."""

from __future__ import annotations

import numpy as np

from mcugen import numerics
from mcugen.boards import Core
from mcugen.ir import Graph, Op
from mcugen.kernels.call import Call
from mcugen.kernels.portable.tables import centred, int8_lookup
from mcugen.ops.leaky_relu import scales


def leaky_relu(graph: Graph, op: Op, core: Core) -> Call | None:
    """TFLite ``QuantizeLeakyRelu``."""
    values = centred(graph.input(op, 0))
    positive, negative = (
        numerics.multiply_by_quantized_multiplier(values, *numerics.quantize_multiplier(scale))
        for scale in scales(graph, op)
    )
    return int8_lookup(graph, op, np.where(values >= 0, positive, negative))
