"""What keeps a model from being compiled: a line a reason, with the layers that it holds for."""

from __future__ import annotations

from dataclasses import dataclass

from mcugen.errors import ModelError
from mcugen.ir import Graph
from mcugen.kernels import Target
from mcugen.ops.registry import place
from mcugen.passes import refuse_unsupported
from mcugen.schedule import Schedule, schedule


@dataclass(frozen=True)
class Refusal:
    """``layers`` are their indices; () where the reason is about the whole model."""

    reason: str
    layers: tuple[int, ...]


def scheduled(graph: Graph, target: Target) -> tuple[Schedule | None, tuple[Refusal, ...]]:
    """The schedule that ``mcugen build`` makes of a graph that has been through the passes, or None
    and every reason why it refuses it."""
    try:
        refuse_unsupported(graph)
        return schedule(graph, target), ()
    except ModelError as error:
        return None, _refusals(graph, error.details or (f"{error.where}: {error.what}",))


def _refusals(graph: Graph, lines: tuple[str, ...]) -> tuple[Refusal, ...]:
    """Lines that begin with the place of an operator, by what they go on to say."""
    starts = {f"{place(graph, op)}: ": index for index, op in enumerate(graph.ops)}
    found: dict[str, list[int]] = {}
    for line in lines:
        start = next((start for start in starts if line.startswith(start)), "")
        layers = found.setdefault(line[len(start) :], [])
        layers += [starts[start]] if start else []
    return tuple(Refusal(reason, tuple(layers)) for reason, layers in found.items())
