"""A function of one 8-bit value as a table of all 256 answers."""

from __future__ import annotations

import numpy as np

from mcugen.ir import DType, Graph, Op, Tensor
from mcugen.kernels.call import Call, constant
from mcugen.kernels.portable.by_row import by_row
from mcugen.kernels.portable.call import IN_PLACE, portable_call
from mcugen.kernels.portable.params import LookupCall
from mcugen.numerics import Int64Array

EVERY_INT8 = np.arange(256).astype(np.uint8).view(np.int8).astype(np.int64)
"""All int8 values in the order of their raw bytes, 0 to 127 and then -128 to -1."""


def centred(source: Tensor) -> Int64Array:
    """Every int8 value less the input's zero point."""
    return EVERY_INT8 - source.qparams.zero_point


def lookup(output: Tensor, by_raw_byte: Int64Array) -> Call:
    """``by_raw_byte`` (256,): the answer to each input byte, of which the low 8 bits count."""
    return portable_call(
        "lookup_8",
        "lookup.c.j2",
        LookupCall(count=output.elements),
        constants=(constant("table", DType.UINT8, by_raw_byte & 0xFF),),
        overlaps=(IN_PLACE,),
        rows=by_row(output),
    )


def int8_lookup(graph: Graph, op: Op, answers: Int64Array) -> Call:
    """``answers`` to ``EVERY_INT8``, brought to the output's zero point and clamped."""
    output = graph.output(op)
    return lookup(output, np.clip(answers + output.qparams.zero_point, -128, 127))
