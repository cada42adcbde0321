"""Checks every operator of a graph: shape rule, quantisation, limits."""

from __future__ import annotations

from mcugen.ir import Graph
from mcugen.ops.registry import op_problems, place

Findings = dict[int, tuple[str, ...]]
"""Operator index -> what is wrong with it, one line each. Operators in order have no entry."""


def verify_graph(graph: Graph) -> Findings:
    """What is wrong with each operator. (A Graph checks its own consistency when it is made.)"""
    return {
        op.index: tuple(f"{place(graph, op)}: {problem}" for problem in problems)
        for op in graph.ops
        if (problems := op_problems(graph, op))
    }
