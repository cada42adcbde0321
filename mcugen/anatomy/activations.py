"""Bytes of activations that are alive at each layer."""

from __future__ import annotations

from dataclasses import dataclass

from mcugen.anatomy.layers import computed_inputs
from mcugen.ir import Graph
from mcugen.memory.plan import arena_problem
from mcugen.memory.problem import Buffer, Problem, live_bytes
from mcugen.schedule import Schedule


@dataclass(frozen=True)
class Activations:
    """``live`` are the bytes alive at each layer and ``scratch`` what of them is its kernel's.

    ``planned`` tells by which of the two rules below.
    """

    live: tuple[int, ...]
    scratch: tuple[int, ...]
    planned: bool

    @property
    def binding(self) -> int | None:
        """The first layer that needs the most, which no arena can do without."""
        return self.live.index(max(self.live)) if self.live else None


def planned(schedule: Schedule) -> Activations:
    """What the planner counts: scratch, and what a kernel lets output and input share, included."""
    scratch = tuple(step.call.scratch_bytes for step in schedule.steps)
    return Activations(live_bytes(arena_problem(schedule)), scratch, planned=True)


def from_lifetimes(graph: Graph) -> Activations:
    """For a model without kernels: computed tensors from the layer that writes to the last reader.

    The inputs are alive from the first layer on, the outputs to the last. Sizes are rounded up to
    words, as the planner does; nothing is shared, and there is no scratch.
    """
    inputs = {graph.root(tensor_id) for tensor_id in graph.inputs}
    births = dict.fromkeys(inputs, 0)
    deaths = dict.fromkeys(inputs, 1)
    for step, op in enumerate(graph.ops):
        births.update(dict.fromkeys(op.outputs, step))
        for tensor_id in (*map(graph.root, computed_inputs(graph, op)), *op.outputs):
            deaths[tensor_id] = step + 1
    deaths.update({graph.root(tensor_id): len(graph.ops) for tensor_id in graph.outputs})
    buffers = tuple(
        Buffer(str(tensor_id), graph.tensor(tensor_id).nbytes, birth, deaths[tensor_id])
        for tensor_id, birth in births.items()
        if graph.ops and not graph.tensor(tensor_id).is_constant
    )
    return Activations(live_bytes(Problem(buffers)), (0,) * len(graph.ops), planned=False)
