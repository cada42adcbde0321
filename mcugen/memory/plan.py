"""Schedule -> Plan: the arena's problem made from the steps, solved, validated and read back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mcugen.memory.problem import Buffer, Overlap, Problem, Solution, live_bytes
from mcugen.memory.solve import solve
from mcugen.memory.spaces import Walls
from mcugen.memory.validate import check
from mcugen.schedule import Schedule, Step

# Every tensor starts on a word, so that kernels may load words from it.
ALIGNMENT = 4


@dataclass(frozen=True)
class Plan:
    """Where every tensor and scratch buffer stands, in bytes from the arena's start.

    ``live`` are the bytes that must be alive in each step, ``lower_bound`` is the largest of them.
    """

    problem: Problem
    solution: Solution
    live: tuple[int, ...]
    takes_rows: bool = False
    """The input comes in rows; it waits here until all are there."""

    @property
    def extra_cost(self) -> int:
        """Instructions more than layers take that run whole: none."""
        return 0

    @property
    def arena_bytes(self) -> int:
        return self.solution.peak

    @property
    def lower_bound(self) -> int:
        return self.solution.lower_bound

    @property
    def binding_step(self) -> int:
        """The step that needs the most bytes."""
        return self.live.index(max(self.live))

    def step_of(self, layer: int) -> int:
        """The step in which a layer runs: its own."""
        return layer

    def offset(self, buffer: Buffer) -> int:
        return self.solution.offset(buffer.id)

    def tensor(self, tensor_id: int) -> Buffer:
        """The buffer of an input, or of what a step writes. Raises KeyError for other tensors."""
        return self.problem.buffer(_tensor(tensor_id))

    def tensor_offset(self, tensor_id: int) -> int:
        return self.solution.offset(_tensor(tensor_id))

    def scratch(self, step: Step) -> Buffer | None:
        """None where the step's kernel needs no scratch."""
        return self.problem.buffer(_scratch(step)) if step.call.scratch_bytes else None

    def scratch_offset(self, step: Step) -> int:
        return self.solution.offset(_scratch(step))


def plan(schedule: Schedule, walls: Walls = ()) -> Plan:
    """Places everything, nothing across a wall. A plan that does not hold is a bug and raises
    ValueError."""
    problem = arena_problem(schedule, walls)
    solution = solve(problem)
    check(problem, solution)
    return Plan(problem, solution, live_bytes(problem))


def arena_problem(schedule: Schedule, walls: Walls = ()) -> Problem:
    """A buffer for each tensor from its first write to its last read, and for each scratch."""
    return Problem(
        buffers=(*_tensor_buffers(schedule), *_scratch_buffers(schedule)),
        overlaps=tuple(_overlaps(schedule)),
        walls=walls,
    )


def _tensor(tensor_id: int) -> str:
    return f"tensor {tensor_id}"


def _scratch(step: Step) -> str:
    return f"scratch {step.index}"


def _tensor_buffers(schedule: Schedule) -> Iterator[Buffer]:
    """The caller writes the inputs before step 0 and reads the outputs after the last step."""
    births = dict.fromkeys(schedule.inputs, 0)
    deaths = dict.fromkeys(schedule.inputs, 1)
    for step in schedule.steps:
        births[step.output] = step.index
        for tensor_id in (*step.inputs, step.output):
            deaths[tensor_id] = step.index + 1
    for tensor_id in schedule.outputs:
        deaths[tensor_id] = len(schedule.steps)
    for tensor_id, birth in births.items():
        size = schedule.tensor(tensor_id).nbytes
        yield Buffer(_tensor(tensor_id), size, birth, deaths[tensor_id], ALIGNMENT)


def _scratch_buffers(schedule: Schedule) -> Iterator[Buffer]:
    for step in schedule.steps:
        if step.call.scratch_bytes:
            yield Buffer(
                _scratch(step), step.call.scratch_bytes, step.index, step.index + 1, ALIGNMENT
            )


def _overlaps(schedule: Schedule) -> Iterator[Overlap]:
    """The kernels' contracts, as far as nobody reads the input after the step."""
    last_read = {tensor_id: len(schedule.steps) for tensor_id in schedule.outputs}
    for step in schedule.steps:
        for tensor_id in step.inputs:
            last_read[tensor_id] = max(step.index, last_read.get(tensor_id, 0))
    for step in schedule.steps:
        shared = {
            schedule.graph.root(step.op.inputs[overlap.position]): overlap.distance
            for overlap in step.call.overlaps
        }
        for tensor_id, distance in shared.items():
            if last_read[tensor_id] == step.index:
                yield Overlap(_tensor(step.output), _tensor(tensor_id), distance)
