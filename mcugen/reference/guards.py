"""Inputs on which the reference kernels abort the process instead of giving an answer."""

from __future__ import annotations

import numpy as np

from mcugen.errors import ToolchainError
from mcugen.ir import Graph, Op
from mcugen.numerics import rounding_divide_by_pot, softmax_exp_table
from mcugen.ops.registry import place
from mcugen.ops.softmax import Softmax

# TFLite's softmax sums in Q12.19 and cannot scale back a sum of 512 or more
# (reference/softmax.h: TFLITE_CHECK on the exponent).
_SUM_LIMIT = 512
_SUM_FRACTION_BITS = 19
_EXP_TO_SUM_SHIFT = 31 - _SUM_FRACTION_BITS


def can_abort(graph: Graph, op: Op) -> bool:
    """Whether some input makes the reference kernel of ``op`` abort."""
    return op.kind == "SOFTMAX" and graph.input(op, 0).shape[-1] >= _SUM_LIMIT


def check_input(graph: Graph, op: Op, data: bytes) -> None:
    """``data`` is the first input of ``op``. Raises ToolchainError T006 where it would abort."""
    if not can_abort(graph, op):
        return
    source = graph.input(op, 0)
    logits = np.frombuffer(data, np.int8).astype(np.int64).reshape(-1, source.shape[-1])
    table = softmax_exp_table(op.attributes(Softmax).beta, source.qparams.scale)
    terms = rounding_divide_by_pot(table, _EXP_TO_SUM_SHIFT)
    largest = int(terms[logits.max(axis=1, keepdims=True) - logits].sum(axis=1).max())
    if largest >= _SUM_LIMIT << _SUM_FRACTION_BITS:
        raise ToolchainError(
            "T006",
            f"TFLite's softmax has no answer for this input: {source.shape[-1]} logits are so "
            f"alike that their exponentials add up to {_SUM_LIMIT} or more",
            where=place(graph, op),
            hint="use an input that the model was trained for",
        )
