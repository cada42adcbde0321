"""Graph -> Schedule: which kernel runs each step, with which constants and scratch."""

from __future__ import annotations

from dataclasses import dataclass

from mcugen.errors import ModelError
from mcugen.ir import NO_TENSOR, Graph, Op, Tensor
from mcugen.kernels import Target
from mcugen.kernels.call import Call
from mcugen.ops.registry import OPERATORS
from mcugen.passes.layer_names import layer_names


@dataclass(frozen=True)
class Step:
    """One call in the generated code; ``inputs`` and ``output`` are ids of tensors in the arena.

    ``candidates`` are all calls that run the operator exactly, ``call`` is the one chosen.
    """

    index: int
    name: str
    op: Op
    inputs: tuple[int, ...]
    output: int
    call: Call
    candidates: tuple[Call, ...]
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

    @property
    def cost(self) -> int:
        """Instructions of a run, as estimated."""
        return sum(step.call.cost for step in self.steps)


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


def choose(graph: Graph, op: Op, target: Target) -> tuple[Call, tuple[Call, ...]]:
    """The call to run ``op``, and all that could. Raises ModelError M003 when there is none."""
    candidates = target.candidates(graph, op)
    call = target.choose(candidates)
    if call is not None:
        return call, candidates
    raise ModelError(
        "M003",
        "no kernel runs this operator exactly",
        where=f"operator {op.index} {op.kind} `{graph.output(op).name}`",
        hint="`mcugen operators` lists what is supported",
    )


def _step(graph: Graph, target: Target, index: int, op: Op, name: str) -> Step:
    variable = [
        graph.root(tensor_id)
        for tensor_id in op.inputs
        if tensor_id != NO_TENSOR and not graph.tensor(graph.root(tensor_id)).is_constant
    ]
    call, candidates = choose(graph, op, target)
    return Step(
        index=index,
        name=name,
        op=op,
        inputs=tuple(variable),
        output=op.outputs[0],
        call=call,
        candidates=candidates,
        macs=OPERATORS[op.kind].macs(graph, op),
    )
