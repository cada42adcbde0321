"""Checks a plan of rows byte by byte; shares no code with what made it, so it can disagree.

It walks through the calls and moves and keeps for every byte of the arena which byte of which
tensor it holds. What a call reads must be there, and be what the operator's own attributes ask for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcugen.memory.rows.problem import Key
from mcugen.memory.rows.sections import Event, Move, Part, Rows
from mcugen.ops.conv_2d import Conv2D
from mcugen.ops.depthwise_conv_2d import DepthwiseConv2D
from mcugen.ops.pooling import Pool2D
from mcugen.schedule import Schedule, Step

_SPOILED = -1


def check_rows(
    schedule: Schedule, events: Sequence[Event], offsets: Mapping[Key, int], arena: int
) -> None:
    """Raises ValueError with the first violation: the planner is wrong, a bug in mcugen."""
    for fault in faults(schedule, events, offsets, arena):
        raise ValueError(f"the memory plan is invalid: {fault}")


def faults(
    schedule: Schedule, events: Sequence[Event], offsets: Mapping[Key, int], arena: int
) -> Iterator[str]:
    """Everything that is wrong with a plan, a line each."""
    bytes_of = {tensor.id: tensor.nbytes for tensor in _tensors(schedule)}
    walk = _Walk(schedule, offsets, np.full(arena, _SPOILED, np.int64))
    for tensor in schedule.inputs:
        at = offsets["tensor", tensor]
        yield from walk.inside(at, bytes_of[tensor], f"input {tensor}")
        walk.write(at, tensor, 0, bytes_of[tensor])
    for number, event in enumerate(events):
        for fault in walk.happen(event):
            yield f"event {number}, {event}: {fault}"
    for step in schedule.steps:
        if (made := walk.made.get(step.output, 0)) != _shape(schedule, step.output)[0]:
            yield f"layer {step.index} makes {made} rows"
    for tensor in schedule.outputs:
        if not walk.stands(offsets["tensor", tensor], tensor, 0, bytes_of[tensor]):
            yield f"the output {tensor} does not stand at the end"


def _tensors(schedule: Schedule) -> Iterator[Any]:
    for tensor in (*schedule.inputs, *(step.output for step in schedule.steps)):
        yield schedule.tensor(tensor)


def _shape(schedule: Schedule, tensor_id: int) -> tuple[int, int]:
    """Rows, and bytes of each."""
    tensor = schedule.tensor(tensor_id)
    if len(tensor.shape) != 4 or tensor.shape[0] != 1:
        return 1, tensor.nbytes
    return tensor.shape[1], tensor.nbytes // tensor.shape[1]


@dataclass
class _Walk:
    """``holds`` has tensor * 2**32 + byte for every byte of the arena, ``made`` the rows so far."""

    schedule: Schedule
    offsets: Mapping[Key, int]
    holds: NDArray[np.int64]
    made: dict[int, int] = field(default_factory=dict)

    def inside(self, at: int, size: int, what: str) -> Iterator[str]:
        if at < 0 or at + size > len(self.holds):
            yield f"{what} at {at} to {at + size} is not inside the arena"

    def write(self, at: int, tensor: int, first: int, size: int) -> None:
        self.holds[at : at + size] = _marks(tensor, first, size)

    def stands(self, at: int, tensor: int, first: int, size: int) -> bool:
        return bool(np.array_equal(self.holds[at : at + size], _marks(tensor, first, size)))

    def happen(self, event: Event) -> Iterator[str]:
        return self._move(event) if isinstance(event, Move) else self._call(event)

    def _move(self, move: Move) -> Iterator[str]:
        _, size = _shape(self.schedule, move.tensor)
        start = self.offsets["tensor", move.tensor]
        source, length = start + move.slot * size, move.count * size
        yield from self.inside(source, length, "what is moved")
        if not self.stands(source, move.tensor, move.first * size, length):
            yield "what is moved does not stand there"
        self.holds[start : start + length] = self.holds[source : source + length].copy()

    def _call(self, part: Part) -> Iterator[str]:
        step = self.schedule.steps[part.layer]
        first, count = part.output.first, part.output.count
        if first != self.made.get(step.output, 0) or count < 1:
            yield f"row {first} is not the next of layer {step.index}"
        self.made[step.output] = first + count
        reads = []
        for rows in part.inputs:
            if (rows.first, rows.count) != self._needed(step, rows.tensor, first, count):
                yield f"these are not the rows of tensor {rows.tensor} that it needs"
            at, size = self._place(rows)
            reads.append((rows.tensor, at, at + size))
            _, row_bytes = _shape(self.schedule, rows.tensor)
            if not self.stands(at, rows.tensor, rows.first * row_bytes, size):
                yield f"rows of tensor {rows.tensor} do not stand at {at}"
        if {rows.tensor for rows in part.inputs} != set(step.inputs):
            yield "these are not its inputs"
        yield from self._writes(step, part, reads)

    def _writes(
        self, step: Step, part: Part, reads: Sequence[tuple[int, int, int]]
    ) -> Iterator[str]:
        rows, row_bytes = _shape(self.schedule, step.output)
        at, size = self._place(part.output)
        yield from self.inside(at, size, "the output")
        whole = part.output.count == rows
        for tensor, begin, end in reads:
            if at < end and begin < at + size:
                distance = self._promised(step, tensor) if whole else None
                if distance is None or at + distance > begin:
                    yield f"the output at {at} lies on tensor {tensor} at {begin}"
        if step.call.scratch_bytes:
            low = self.offsets["scratch", part.layer]
            high = low + step.call.scratch_bytes
            yield from self.inside(low, high - low, "the scratch")
            for what, begin, end in (*reads, (step.output, at, at + size)):
                if low < end and begin < high:
                    yield f"the scratch at {low} lies on tensor {what} at {begin}"
            self.holds[low:high] = _SPOILED
        self.write(at, step.output, part.output.first * row_bytes, size)

    def _place(self, rows: Rows) -> tuple[int, int]:
        _, size = _shape(self.schedule, rows.tensor)
        return self.offsets["tensor", rows.tensor] + rows.slot * size, rows.count * size

    def _promised(self, step: Step, tensor: int) -> int | None:
        """How far before this input the kernel's output may begin."""
        root = self.schedule.graph.root
        for overlap in step.call.overlaps:
            if root(step.op.inputs[overlap.position]) == tensor:
                return overlap.distance
        return None

    def _needed(self, step: Step, tensor: int, first: int, count: int) -> tuple[int, int]:
        """First row and number of the rows that make ``count`` rows of the output."""
        height, _ = _shape(self.schedule, tensor)
        if count == _shape(self.schedule, step.output)[0]:
            return 0, height
        window, stride, top = self._window(step)
        needed = {
            row
            for y in range(first, first + count)
            for row in range(y * stride - top, y * stride - top + window)
            if 0 <= row < height
        }
        return min(needed, default=0), max(needed, default=-1) - min(needed, default=0) + 1

    def _window(self, step: Step) -> tuple[int, int, int]:
        """Rows of the window, stride and padding above; one row for what works by element."""
        graph, op = self.schedule.graph, step.op
        size = graph.input(op, 0).shape[1:3]
        if isinstance(op.attrs, Conv2D | DepthwiseConv2D):
            kernel = graph.input(op, 1).shape[1:3]
        elif isinstance(op.attrs, Pool2D):
            kernel = op.attrs.filter
        else:
            return 1, 1, 0
        top, *_ = op.attrs.padding.resolve(size, (kernel[0], kernel[1]), op.attrs.stride)
        return kernel[0], op.attrs.stride[0], top


def _marks(tensor: int, first: int, size: int) -> NDArray[np.int64]:
    return (tensor << 32) + np.arange(first, first + size, dtype=np.int64)
