"""Replaces operators whose value is known at compile time by that value."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mcugen.ir import Graph, Op, Tensor
from mcugen.ops.base import nothing_to_fold
from mcugen.ops.registry import OPERATORS, op_problems


def fold_constants(graph: Graph) -> Graph:
    """SHAPE of a fixed shape, and what is computed from it and from constants.

    No output bit changes: these operators move integers without arithmetic, so the constant is what
    each of them would have written, for every input.
    """
    for op in graph.ops:
        folded = _folded(graph, op)
        if folded is not None:
            tensors = list(graph.tensors)
            tensors[folded.id] = folded
            graph = replace(
                graph,
                tensors=tuple(tensors),
                ops=tuple(other for other in graph.ops if other is not op),
            )
    return graph


def _folded(graph: Graph, op: Op) -> Tensor | None:
    """The output as a constant, or None where the operator has to run or is not understood."""
    operator = OPERATORS.get(op.kind)
    if operator is None or operator.fold is nothing_to_fold or op_problems(graph, op):
        return None
    value = operator.fold(graph, op)
    if value is None:
        return None
    output = graph.output(op)
    return replace(output, data=np.ascontiguousarray(value, output.dtype.numpy).tobytes())
