"""The last word on whether a model can be compiled, before any code is written."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from mcugen.errors import ModelError
from mcugen.ir import NO_TENSOR, DType, Graph, Op
from mcugen.ops.base import Unsupported
from mcugen.ops.registry import OPERATORS, op_problems
from mcugen.passes.layer_names import layer_names
from mcugen.passes.verdict import verdict

_COLUMNS = 78
"""Of a terminal, without the two that details are indented by."""

_LINES = 21
"""Of details: with what stands around them an error has 25."""

_EDGE_TYPES = (DType.INT8, DType.UINT8, DType.FLOAT32)


@dataclass(frozen=True)
class Refusal:
    """A reason and the layers that it holds for; () where it is about the whole model."""

    reason: str
    layers: tuple[int, ...]


def refuse_unsupported(graph: Graph) -> None:
    """Raises ModelError M003 with every reason at once. To be asked after passes."""
    found = refusals(graph)
    if found:
        known = verdict(graph)
        raise ModelError(
            "M003",
            known.text if known else "the model uses what mcugen does not support",
            where=graph.name,
            hint="`mcugen inspect` shows all layers, `mcugen operators` what is supported",
            details=_details(graph, found, known.mend if known else ()),
        )


def refusals(graph: Graph) -> tuple[Refusal, ...]:
    """All that keeps a graph that has been through the passes from being compiled."""
    found: dict[str, list[int]] = {reason: [] for reason in _edge_problems(graph)}
    for index, op in enumerate(graph.ops):
        for reason in _operator_problems(graph, op):
            found.setdefault(reason, []).append(index)
    return tuple(Refusal(reason, tuple(layers)) for reason, layers in found.items())


def told(graph: Graph, found: Iterable[Refusal]) -> Iterator[str]:
    """A line for each reason, with the first layer that it holds for."""
    names = layer_names(graph)
    for refusal in found:
        where = ""
        if refusal.layers:
            first = refusal.layers[0]
            kinds = {graph.ops[at].kind for at in refusal.layers}
            kind = f" ({kinds.pop()})" if len(kinds) == 1 else ""
            others = f" and {len(refusal.layers) - 1} more" if len(refusal.layers) > 1 else ""
            where = f"layer {first} `{names[first]}`{others}{kind}: "
        yield where + refusal.reason


def _details(graph: Graph, found: Sequence[Refusal], mend: tuple[str, ...]) -> tuple[str, ...]:
    """What mends the whole first, then the reasons, as many as there is room for."""
    known: tuple[str, ...] = ()
    if any(isinstance(op.attrs, Unsupported) for op in graph.ops):
        known = tuple(_wrapped(f"mcugen has {', '.join(sorted(OPERATORS))}"))
    lines = [*mend, *(("What stands in the way:",) if mend else ())]
    room = _LINES - len(known) - 1
    reasons = [_wrapped(line) for line in told(graph, found)]
    for number, reason in enumerate(reasons):
        left = len(reasons) - number
        if len(lines) + len(reason) > room + (left == 1):
            lines.append(f"and {left} more, which `mcugen inspect` tells")
            break
        lines += reason
    return (*lines, *known)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(
        text, _COLUMNS, subsequent_indent="  ", break_long_words=True, break_on_hyphens=False
    )


def _operator_problems(graph: Graph, op: Op) -> tuple[str, ...]:
    problems = op_problems(graph, op)
    if problems:
        return problems
    if OPERATORS[op.kind].static or graph.output(op).dtype is DType.INT32:
        return (
            "computes with shapes that are only known at run time: export the model with fixed "
            "dimensions",
        )
    if all(graph.tensor(graph.root(t)).is_constant for t in op.inputs if t != NO_TENSOR):
        return ("depends on constants only: let the converter fold it",)
    return ()


def _edge_problems(graph: Graph) -> Iterator[str]:
    """One variable input, one output that depends on it."""
    for what, edge in (("input", graph.inputs), ("output", graph.outputs)):
        if len(edge) != 1:
            names = ", ".join(f"`{graph.tensor(tensor_id).name}`" for tensor_id in edge)
            yield f"the model has {len(edge)} {what}s ({names}): export it with one"
    for tensor_id in (*graph.inputs, *graph.outputs):
        tensor = graph.tensor(tensor_id)
        if tensor.refusal:
            yield f"`{tensor.name}`, at the model's edge, {tensor.refusal}"
        elif tensor.is_constant:
            yield f"`{tensor.name}`, at the model's edge, is a constant"
        elif tensor.dtype not in _EDGE_TYPES:
            yield f"`{tensor.name}`, at the model's edge, is {tensor.dtype.value}"
    if not graph.ops:
        yield "the model computes nothing"
