"""Graph -> Schedule: which kernel runs each step, with which constants and scratch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mcugen.ir import NO_TENSOR, Graph, Op, Tensor
from mcugen.kernels import Lowered, Target, lower
from mcugen.ops.registry import OPERATORS


@dataclass(frozen=True)
class Step:
    """One call in the generated code; ``inputs`` and ``output`` are ids of tensors in the arena."""

    index: int
    name: str
    op: Op
    inputs: tuple[int, ...]
    output: int
    lowered: Lowered
    macs: int


@dataclass(frozen=True)
class Schedule:
    """The steps in order. Aliases are resolved: every id names a tensor with bytes of its own."""

    graph: Graph
    steps: tuple[Step, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    def tensor(self, tensor_id: int) -> Tensor:
        return self.graph.tensor(tensor_id)

    @property
    def macs(self) -> int:
        return sum(step.macs for step in self.steps)


def schedule(graph: Graph, target: Target) -> Schedule:
    """One step an operator, in the file's order. Raises ModelError M003 where no kernel fits."""
    names = layer_names(graph)
    steps = tuple(
        _step(graph, target, index, op, names[index]) for index, op in enumerate(graph.ops)
    )
    return Schedule(
        graph=graph,
        steps=steps,
        inputs=tuple(graph.root(tensor_id) for tensor_id in graph.inputs),
        outputs=tuple(graph.root(tensor_id) for tensor_id in graph.outputs),
    )


def _step(graph: Graph, target: Target, index: int, op: Op, name: str) -> Step:
    variable = [
        graph.root(tensor_id)
        for tensor_id in op.inputs
        if tensor_id != NO_TENSOR and not graph.tensor(graph.root(tensor_id)).is_constant
    ]
    return Step(
        index=index,
        name=name,
        op=op,
        inputs=tuple(variable),
        output=op.outputs[0],
        lowered=lower(graph, op, target),
        macs=OPERATORS[op.kind].macs(graph, op),
    )


# Parts of tensor names that say what a converter did, not which layer it is.
_GENERIC = re.compile(
    r"(relu\w*|activation\w*|bias_?add\w*|batch_?norm\w*|fusedbatchnorm\w*|conv2d|conv2d1|matmul\w*"
    r"|depthwise|identity\w*|readvariableop|resource\w*|avgpool|max_?pool|stateful\w*|mobilenetv1"
    r"|model\w*|sequential\w*|mul\w*|add|logits|read|)",
    re.IGNORECASE,
)

# What the name of a layer of this kind is likely to contain.
_TELLING = {
    "AVERAGE_POOL_2D": "pool",
    "CONV_2D": "conv|pw|pointwise",
    "DEPTHWISE_CONV_2D": "depthwise|dw",
    "FULLY_CONNECTED": "dense|fc|logits",
    "MAX_POOL_2D": "pool",
}


def layer_names(graph: Graph) -> tuple[str, ...]:
    """A C identifier for each operator, after the model's own names, each of them once."""
    taken: set[str] = set()
    names = []
    for op in graph.ops:
        base = _layer_name(op.kind, graph.output(op).name)
        name = next(name for name in _numbered(base) if name not in taken)
        taken.add(name)
        names.append(name)
    return tuple(names)


def _numbered(base: str) -> Iterator[str]:
    yield base
    number = 2
    while True:
        yield f"{base}_{number}"
        number += 1


def _layer_name(kind: str, tensor_name: str) -> str:
    """The part of a fused tensor name (``a/b/Relu;a/b/Conv2D``) that tells the layer."""
    telling = re.compile(_TELLING.get(kind, "$^"), re.IGNORECASE)
    parts = [part for fused in tensor_name.split(";") for part in fused.split("/")]
    distinct = [part for part in parts if not _GENERIC.fullmatch(part)]
    chosen = next((part for part in distinct if telling.search(part)), None)
    if chosen is None:
        return kind.lower()
    return re.sub(r"[^a-z0-9]+", "_", chosen.lower()).strip("_") or kind.lower()
