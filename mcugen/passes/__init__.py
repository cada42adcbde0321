"""Graph -> Graph, one visible list, a verifier after each."""

from __future__ import annotations

from collections.abc import Callable

from mcugen.errors import ModelError
from mcugen.ir import Graph
from mcugen.passes.alias_reshapes import alias_reshapes
from mcugen.passes.clamp_windows import clamp_windows
from mcugen.passes.constant_channels import remove_constant_channels
from mcugen.passes.drop_dead import drop_dead
from mcugen.passes.fold_constants import fold_constants
from mcugen.passes.fold_pad import fold_pad
from mcugen.passes.part_outputs import part_outputs
from mcugen.passes.refuse import refuse_unsupported
from mcugen.passes.verify_graph import Findings, verify_graph

__all__ = [
    "PASSES",
    "Pass",
    "refuse_unsupported",
    "remove_constant_channels",
    "run_passes",
    "verify_graph",
]

Pass = Callable[[Graph], Graph]

PASSES: tuple[Pass, ...] = (
    part_outputs,
    fold_constants,
    alias_reshapes,
    fold_pad,
    clamp_windows,
    drop_dead,
)
"""In this order: a reshape whose shape is computed becomes an alias only after folding."""


def run_passes(graph: Graph, passes: tuple[Pass, ...] = PASSES) -> Graph:
    """The graph after all passes.

    What the model itself does wrong stays in, for ``refuse_unsupported`` to name. Raises ModelError
    M004, naming the pass, when a pass breaks an operator that was right.
    """
    findings = verify_graph(graph)
    for transform in passes:
        graph, findings = _checked(transform, graph, findings)
    return graph


def _checked(transform: Pass, graph: Graph, before: Findings) -> tuple[Graph, Findings]:
    name = getattr(transform, "__name__", repr(transform))
    try:
        result = transform(graph)
    except ModelError as error:
        raise ModelError(
            "M004", f"pass `{name}` broke the graph: {error.what}", where=graph.name
        ) from error
    after = verify_graph(result)
    broken = [line for index, lines in after.items() if index not in before for line in lines]
    if broken:
        raise ModelError(
            "M004", f"pass `{name}` broke the graph", where=graph.name, details=tuple(broken)
        )
    return result, after
