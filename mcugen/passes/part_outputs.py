"""An operator of several outputs becomes one operator for each of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mcugen.ir import Graph, Op
from mcugen.ops.registry import op_problems
from mcugen.ops.splitting import Parts


def part_outputs(graph: Graph) -> Graph:
    """SPLIT, SPLIT_V and UNPACK. What nobody reads is dropped later, with all else that is.

    No output bit changes: each part is a function of the input alone.
    """
    return graph.with_ops(tuple(part for op in graph.ops for part in _parts(graph, op)))


def _parts(graph: Graph, op: Op) -> Iterator[Op]:
    if not isinstance(op.attrs, Parts) or op_problems(graph, op):
        yield op
        return
    for part, output in enumerate(op.outputs):
        yield replace(op, outputs=(output,), attrs=replace(op.attrs, part=part))
