"""ABS as a table of all 256 answers."""

from __future__ import annotations

import numpy as np

from mcugen import numerics
from mcugen.boards import Core
from mcugen.ir import Graph, Op
from mcugen.kernels.call import Call
from mcugen.kernels.portable.tables import centred, int8_lookup
from mcugen.ops.elementwise import rescale


def absolute(graph: Graph, op: Op, core: Core) -> Call | None:
    """TFLite ``AbsEvalQuantized``; equal scales are a multiplier that changes nothing."""
    scaled = numerics.multiply_by_quantized_multiplier(
        np.abs(centred(graph.input(op, 0))), *numerics.quantize_multiplier(rescale(graph, op))
    )
    return int8_lookup(graph, op, scaled)
