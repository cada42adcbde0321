"""Tells a network that seems never to have been trained: its logits cannot tell classes apart."""

from __future__ import annotations

from mcugen import numerics
from mcugen.ir import Graph, Op
from mcugen.ops.softmax import Softmax


def untrained(graph: Graph) -> tuple[str, ...]:
    """A line for each softmax of a supported graph that gives 0 for every class, whatever the
    input: even logits that are as far apart as their type allows hardly differ."""
    return tuple(
        f"the {graph.input(op, 0).shape[-1]:,} logits of `{graph.output(op).name}` hardly vary, so "
        "every score will be 0: the network seems to be untrained"
        for op in graph.ops
        if op.kind == "SOFTMAX" and _least_sum(graph, op) >= numerics.SOFTMAX_SUM_LIMIT
    )


def _least_sum(graph: Graph, op: Op) -> float:
    """One logit of 127, all others -128."""
    source = graph.input(op, 0)
    table = numerics.softmax_exp_table(op.attributes(Softmax).beta, source.qparams.scale)
    return 1 + (source.shape[-1] - 1) * float(table[-1]) / 2**31
