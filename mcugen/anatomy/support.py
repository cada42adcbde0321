"""What keeps a model from being compiled, or the schedule that it is compiled by."""

from __future__ import annotations

from mcugen.errors import ModelError
from mcugen.ir import Graph
from mcugen.kernels import Target
from mcugen.passes.refuse import Refusal, refusals
from mcugen.schedule import Schedule, schedule


def scheduled(graph: Graph, target: Target) -> tuple[Schedule | None, tuple[Refusal, ...]]:
    """The schedule that ``mcugen build`` makes of a graph that has been through the passes, or None
    and every reason why it refuses it."""
    found = refusals(graph)
    if found:
        return None, found
    try:
        return schedule(graph, target), ()
    except ModelError as error:
        return None, (Refusal(f"{error.where}: {error.what}", ()),)
