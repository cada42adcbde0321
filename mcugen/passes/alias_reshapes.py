"""What only changes dimensions copies nothing: its output is another name for the input's bytes."""

from __future__ import annotations

from dataclasses import replace

from mcugen.ir import Graph
from mcugen.ops.registry import op_problems

_KINDS = ("EXPAND_DIMS", "RESHAPE", "SQUEEZE")


def alias_reshapes(graph: Graph) -> Graph:
    """Removes them and records (output, owner of the bytes) in ``Graph.aliases``.

    No output bit changes: the operators leave the bytes and their order as they are, and every
    reader still names the tensor with the shape and quantisation that it had.
    """
    aliases = dict(graph.aliases)
    kept = []
    for op in graph.ops:
        if op.kind in _KINDS and not op_problems(graph, op):
            source = op.inputs[0]
            aliases[op.outputs[0]] = aliases.get(source, source)
        else:
            kept.append(op)
    return replace(graph, ops=tuple(kept), aliases=tuple(aliases.items()))
