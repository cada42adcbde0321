"""Inputs on which the reference kernels abort the process instead of giving an answer.

There is one such kernel: TFLite's softmax stops where the exponentials of a row add up to 512 or
more, since it would have to shift by more than 31 bits. ``numerics.softmax`` says what mcugen
answers there, and stands in for the reference.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcugen import numerics
from mcugen.ir import Graph, Op
from mcugen.ops.softmax import Softmax
from mcugen.reference.base import Trace


def can_abort(graph: Graph, op: Op) -> bool:
    """Whether some input makes the reference kernel of ``op`` abort."""
    return op.kind == "SOFTMAX" and graph.input(op, 0).shape[-1] >= numerics.SOFTMAX_SUM_LIMIT


def aborts(graph: Graph, op: Op, data: bytes) -> bool:
    """Whether the reference kernel has no answer to ``data``, the first input of ``op``."""
    if not can_abort(graph, op):
        return False
    sums = numerics.softmax_sums(_logits(graph, op, data), _table(graph, op))
    return not numerics.softmax_is_defined(sums).all()


def stand_in(graph: Graph, op: Op, data: bytes) -> bytes:
    """What ``op`` answers to ``data`` by mcugen's definition, where the reference has no answer."""
    return numerics.softmax(_logits(graph, op, data), _table(graph, op)).tobytes()


def aborted(graph: Graph, trace: Trace) -> bool:
    """Whether ``stand_in`` was needed for a trace of ``graph``."""
    return any(aborts(graph, op, trace[op.inputs[0]]) for op in graph.ops if op.inputs[0] in trace)


def _logits(graph: Graph, op: Op, data: bytes) -> NDArray[np.int8]:
    return np.frombuffer(data, np.int8).reshape(-1, graph.input(op, 0).shape[-1])


def _table(graph: Graph, op: Op) -> NDArray[np.int64]:
    source = graph.input(op, 0)
    return numerics.softmax_exp_table(op.attributes(Softmax).beta, source.qparams.scale)
