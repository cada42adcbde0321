"""The last word on whether a model can be compiled, before any code is written."""

from __future__ import annotations

from collections.abc import Iterator

from mcugen.errors import ModelError
from mcugen.ir import NO_TENSOR, Graph
from mcugen.ops.registry import OPERATORS, place
from mcugen.passes.verify_graph import verify_graph


def refuse_unsupported(graph: Graph) -> None:
    """Raises ModelError M003 with every reason at once, one line each. To be asked after passes."""
    reasons = (*_edge_problems(graph), *_operator_problems(graph))
    if reasons:
        raise ModelError(
            "M003",
            "the model uses what mcugen does not support",
            where=graph.name,
            hint="the README of mcugen lists what is supported",
            details=reasons,
        )


def _operator_problems(graph: Graph) -> Iterator[str]:
    findings = verify_graph(graph)
    for op in graph.ops:
        if op.index in findings:
            yield from findings[op.index]
        elif OPERATORS[op.kind].static:
            yield (
                f"{place(graph, op)}: computes with shapes that are only known at run time: "
                "export the model with fixed dimensions"
            )
        elif all(graph.tensor(graph.root(t)).is_constant for t in op.inputs if t != NO_TENSOR):
            yield f"{place(graph, op)}: depends on constants only: let the converter fold it"


def _edge_problems(graph: Graph) -> Iterator[str]:
    """One variable input, one output that depends on it."""
    for what, edge in (("input", graph.inputs), ("output", graph.outputs)):
        if len(edge) != 1:
            names = ", ".join(f"`{graph.tensor(tensor_id).name}`" for tensor_id in edge)
            yield f"the model has {len(edge)} {what}s ({names}): export it with one"
    for tensor_id in (*graph.inputs, *graph.outputs):
        if graph.tensor(tensor_id).is_constant:
            yield f"`{graph.tensor(tensor_id).name}`, at the model's edge, is a constant"
    if not graph.ops:
        yield "the model computes nothing"
