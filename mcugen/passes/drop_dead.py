"""Removes operators whose result reaches no output."""

from __future__ import annotations

from dataclasses import replace

from mcugen.ir import Graph


def drop_dead(graph: Graph) -> Graph:
    """No output bit changes: nothing that an output depends on is removed.

    What is removed need not be supported: nobody will run it.
    """
    needed = _with_roots(graph, graph.outputs)
    kept = []
    for op in reversed(graph.ops):
        if needed & set(op.outputs):
            needed |= _with_roots(graph, op.inputs)
            kept.append(op)
    return replace(
        graph,
        ops=tuple(reversed(kept)),
        aliases=tuple((alias, root) for alias, root in graph.aliases if alias in needed),
    )


def _with_roots(graph: Graph, tensor_ids: tuple[int, ...]) -> set[int]:
    return {*tensor_ids, *(graph.root(tensor_id) for tensor_id in tensor_ids)}
