"""The plan of a network that runs by rows, as the emitter and the manifest want it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from mcugen.errors import ModelError
from mcugen.memory.plan import Plan, plan
from mcugen.memory.problem import Buffer
from mcugen.memory.rows.network import ARRIVAL, Network, network
from mcugen.memory.rows.problem import ALIGNMENT, Key, RowProblem, row_problem
from mcugen.memory.rows.search import Found, RowSearch
from mcugen.memory.rows.sections import WHOLE, Event, Section, expand, line_rows, line_top
from mcugen.memory.rows.validate import check_rows
from mcugen.memory.spaces import Walls
from mcugen.schedule import Schedule, Step

Arena = int | Literal["least"]
"""A budget in bytes, or as few as possible."""


@dataclass(frozen=True)
class RowPlan:
    """Where everything stands, and which layers run together in strips of rows.

    Time runs in ``sections``, the steps of the generated code: a buffer is alive from one to
    another. ``live`` are the bytes that are alive at once in each of them. ``lower_bound`` are
    bytes that no plan of the family that was searched can do without, however it cuts.
    ``extra_cost`` are the instructions more than layers take that run whole, about.
    ``takes_rows``: the input comes in rows.
    """

    network: Network
    sections: tuple[Section, ...]
    offsets: Mapping[Key, int]
    arena_bytes: int
    lower_bound: int
    live: tuple[int, ...]
    extra_cost: int
    takes_rows: bool = False

    @property
    def binding_step(self) -> int:
        return self.live.index(max(self.live))

    def step_of(self, layer: int) -> int:
        """The step in which a layer runs."""
        return next(n for n, one in enumerate(self.sections) if layer in one.layers)

    def tensor(self, tensor_id: int) -> Buffer:
        """The bytes that a tensor has of the arena: all of it, or its line buffer."""
        birth = self.network.births[tensor_id]
        last = min(self.network.last_reads[tensor_id], len(self.network.layers) - 1)
        start, end = 0 if birth < 0 else self.step_of(birth), self.step_of(max(last, 0)) + 1
        size = self.rows_kept(tensor_id) * self.network.pictures[tensor_id].row_bytes
        return Buffer(f"tensor {tensor_id}", size, start, end, ALIGNMENT)

    def offset(self, buffer: Buffer) -> int:
        kind, number = buffer.id.split()
        return self.offsets[kind, int(number)]

    def tensor_offset(self, tensor_id: int) -> int:
        return self.offsets["tensor", tensor_id]

    def scratch(self, step: Step) -> Buffer | None:
        """None where the step's kernel needs no scratch."""
        if not step.call.scratch_bytes:
            return None
        at = self.step_of(step.index)
        return Buffer(f"scratch {step.index}", step.call.scratch_bytes, at, at + 1, ALIGNMENT)

    def scratch_offset(self, step: Step) -> int:
        return self.offsets["scratch", step.index]

    def rows_kept(self, tensor_id: int) -> int:
        """Rows of a tensor that its place has room for: fewer than it has for a line buffer."""
        line = self._line(tensor_id)
        return self.network.pictures[tensor_id].rows if line is None else line_rows(*line)

    def rows_above(self, tensor_id: int) -> int:
        """The slot of a line buffer in which row 0 stands at first; 0 of what stands whole."""
        line = self._line(tensor_id)
        return 0 if line is None else line_top(*line)

    def _line(self, tensor_id: int) -> tuple[Network, Section, int] | None:
        """The section and the layer behind which a tensor lives in a line buffer, if it does."""
        if tensor_id in self.network.inputs:
            streamed = self.network.streamed
            return (self.network, self.sections[0], ARRIVAL) if streamed else None
        layer = self.network.births[tensor_id]
        section = self.sections[self.step_of(layer)]
        return None if layer == section.last else (self.network, section, layer)

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """All calls and moves in order."""
        return tuple(event for one in self.sections for event in expand(self.network, one))


def plan_within(
    schedule: Schedule, arena: Arena, *, takes_rows: bool = False, walls: Walls = ()
) -> Plan | RowPlan:
    """The fastest plan within ``arena`` bytes; the one with the fewest, where that is asked for or
    none is within them. Of whole layers, where by rows nothing is won.

    ``takes_rows``: the input comes in rows, and is read as they come where only the first layer
    reads it. No buffer lies across one of the ``walls``. A plan that does not hold is a bug and
    raises ValueError.
    """
    whole = replace(plan(schedule, walls), takes_rows=takes_rows)
    if arena != "least" and whole.arena_bytes <= arena:
        return whole
    net = network(schedule)
    if takes_rows and net.can_stream:
        net = replace(net, streamed=True)
    search = RowSearch(net, walls)
    found = None if arena == "least" else search.fastest(arena)
    if found is None:
        found = least(search, whole.arena_bytes)
    if found is None:
        return whole
    made = replace(_plan(net, found, search.floor), takes_rows=takes_rows)
    check_rows(schedule, made.events, made.offsets, made.arena_bytes, walls)
    return made


def comes_in_rows(schedule: Schedule) -> bool:
    """Whether the model's input is a picture of several rows."""
    shape = schedule.tensor(schedule.inputs[0]).shape
    return len(shape) == 4 and shape[0] == 1 and shape[1] > 1


def check_rows_come(schedule: Schedule) -> None:
    """Raises ModelError M005 where the model's input is no picture of several rows."""
    if not comes_in_rows(schedule):
        shape = schedule.tensor(schedule.inputs[0]).shape
        raise ModelError(
            "M005",
            f"an input of {'x'.join(map(str, shape))} does not come in rows",
            where=f"input `{schedule.tensor(schedule.inputs[0]).name}`",
            hint="build without `--stream-input`",
        )


def least(search: RowSearch, known: int) -> Found | None:
    """Looks for a plan at the floor of the family, then by halves below what is known to work."""
    best: Found | None = None
    low, target = search.floor, search.floor
    while low < known:
        found = search.fastest(target)
        if found is None:
            low = target + ALIGNMENT
        else:
            best, known = found, found.arena_bytes
        target = (low + known) // 2 // ALIGNMENT * ALIGNMENT
    return best


def _plan(net: Network, found: Found, floor: int) -> RowPlan:
    live = []
    for section in found.sections:
        problem: RowProblem = row_problem(net, expand(net, section), section.layers)
        live.append(problem.bound)
    return RowPlan(
        net, found.sections, found.offsets, found.arena_bytes, floor, tuple(live), found.cost
    )


def sections(plan: Plan | RowPlan) -> Sequence[Section]:
    """The steps of a plan."""
    if isinstance(plan, RowPlan):
        return plan.sections
    return tuple(Section(layer, layer) for layer in range(len(plan.live)))


def runs(plan: Plan | RowPlan) -> Sequence[Section]:
    """The sections whose layers are made in strips; none in a plan of whole layers."""
    return tuple(section for section in sections(plan) if section.strip != WHOLE)
