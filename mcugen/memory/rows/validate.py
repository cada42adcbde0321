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

from mcugen.memory.rows.network import ARRIVAL
from mcugen.memory.rows.order import Walk, is_safe
from mcugen.memory.rows.problem import Key
from mcugen.memory.rows.sections import Event, Move, Part, Rows
from mcugen.ops.conv_2d import Conv2D
from mcugen.ops.depthwise_conv_2d import DepthwiseConv2D
from mcugen.ops.pooling import Pool2D
from mcugen.schedule import Schedule, Step

_SPOILED = -1

_BY_ELEMENT = ("ADD", "QUANTIZE")
"""Operators whose kernels write an element when they have read those at its place."""

_COLUMNS = {"arm_convolve_s8": 2, "arm_depthwise_conv_3x3_s8": 0}
"""Kernels that go pixel by pixel: how many windows they gather first, 0 for channel by channel."""


def check_rows(
    schedule: Schedule,
    events: Sequence[Event],
    offsets: Mapping[Key, int],
    arena: int,
    walls: Sequence[int] = (),
) -> None:
    """Raises ValueError with the first violation: the planner is wrong, a bug in mcugen."""
    for fault in faults(schedule, events, offsets, arena, walls):
        raise ValueError(f"the memory plan is invalid: {fault}")


def faults(
    schedule: Schedule,
    events: Sequence[Event],
    offsets: Mapping[Key, int],
    arena: int,
    walls: Sequence[int] = (),
) -> Iterator[str]:
    """Everything that is wrong with a plan, a line each."""
    bytes_of = {tensor.id: tensor.nbytes for tensor in _tensors(schedule)}
    walk = _Walk(schedule, offsets, np.full(arena, _SPOILED, np.int64))
    arriving = any(isinstance(event, Part) and event.layer == ARRIVAL for event in events)
    for tensor in () if arriving else schedule.inputs:
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
    yield from _astride(offsets, walk.ends, walls)


def _astride(
    offsets: Mapping[Key, int], ends: Mapping[Key, int], walls: Sequence[int]
) -> Iterator[str]:
    """From where a buffer starts to the last byte that it ever takes, all must be one memory."""
    for key, end in ends.items():
        for wall in walls:
            if offsets[key] < wall < end:
                yield f"{' '.join(map(str, key))} at {offsets[key]} straddles the wall at {wall}"


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
    """``holds`` has tensor * 2**32 + byte for every byte of the arena, ``made`` the rows so far,
    ``ends`` how far each buffer ever reached."""

    schedule: Schedule
    offsets: Mapping[Key, int]
    holds: NDArray[np.int64]
    made: dict[int, int] = field(default_factory=dict)
    ends: dict[Key, int] = field(default_factory=dict)

    def inside(self, at: int, size: int, what: str) -> Iterator[str]:
        if at < 0 or at + size > len(self.holds):
            yield f"{what} at {at} to {at + size} is not inside the arena"

    def write(self, at: int, tensor: int, first: int, size: int) -> None:
        self.holds[at : at + size] = _marks(tensor, first, size)
        self._reach(("tensor", tensor), at + size)

    def _reach(self, key: Key, end: int) -> None:
        self.ends[key] = max(end, self.ends.get(key, end))

    def stands(self, at: int, tensor: int, first: int, size: int) -> bool:
        return bool(np.array_equal(self.holds[at : at + size], _marks(tensor, first, size)))

    def happen(self, event: Event) -> Iterator[str]:
        if isinstance(event, Move):
            return self._move(event)
        return self._arrival(event) if event.layer == ARRIVAL else self._call(event)

    def _arrival(self, part: Part) -> Iterator[str]:
        tensor, first = part.output.tensor, part.output.first
        if tensor not in self.schedule.inputs or first != self.made.get(tensor, 0):
            yield "this is not the next row of the input"
        self.made[tensor] = first + part.output.count
        at, size = self._place(part.output)
        yield from self.inside(at, size, "the row that arrives")
        self.write(at, tensor, first * _shape(self.schedule, tensor)[1], size)

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
        _, row_bytes = _shape(self.schedule, step.output)
        at, size = self._place(part.output)
        yield from self.inside(at, size, "the output")
        for rows in part.inputs:
            begin, length = self._place(rows)
            touches = at < begin + length and begin < at + size
            if touches and not self._may_lie(step, part, rows, at - begin):
                yield f"the output at {at} lies on tensor {rows.tensor} at {begin}"
        if step.call.scratch_bytes:
            low = self.offsets["scratch", part.layer]
            high = low + step.call.scratch_bytes
            yield from self.inside(low, high - low, "the scratch")
            for what, begin, end in (*reads, (step.output, at, at + size)):
                if low < end and begin < high:
                    yield f"the scratch at {low} lies on tensor {what} at {begin}"
            self.holds[low:high] = _SPOILED
            self._reach(("scratch", part.layer), high)
        self.write(at, step.output, part.output.first * row_bytes, size)

    def _place(self, rows: Rows) -> tuple[int, int]:
        _, size = _shape(self.schedule, rows.tensor)
        return self.offsets["tensor", rows.tensor] + rows.slot * size, rows.count * size

    def _may_lie(self, step: Step, part: Part, rows: Rows, behind: int) -> bool:
        """Whether the kernel reads each byte of these rows before it writes there, its output
        starting so many bytes behind the first of them."""
        if self._promised(step, part, rows) >= behind:
            return True
        walk = self._order(step, part, rows)
        return walk is not None and is_safe(walk, behind)

    def _promised(self, step: Step, part: Part, rows: Rows) -> int:
        """How far behind an input the output may start: by the kernel's promise for whole calls,
        and for what works by element on elements that do not grow."""
        graph, never = self.schedule.graph, -(1 << 40)
        source, output = graph.tensor(rows.tensor), graph.tensor(step.output)
        by_element = self._window(step) == (1, 1, 0) and step.op.kind in _BY_ELEMENT
        if by_element and output.dtype.itemsize <= source.dtype.itemsize:
            return 0
        if part.output.count < _shape(self.schedule, step.output)[0]:
            return never
        return max(
            (
                -overlap.distance
                for overlap in step.call.overlaps
                if graph.root(step.op.inputs[overlap.position]) == rows.tensor
            ),
            default=never,
        )

    def _order(self, step: Step, part: Part, rows: Rows) -> Walk | None:
        """The order of a kernel that is known to work pixel by pixel."""
        graph, op = self.schedule.graph, step.op
        if step.call.function not in _COLUMNS or not isinstance(op.attrs, Conv2D | DepthwiseConv2D):
            return None
        source, output = graph.input(op, 0), graph.tensor(step.output)
        kernel = graph.input(op, 1).shape[1:3]
        top, left, *_ = op.attrs.padding.resolve(
            source.shape[1:3], (kernel[0], kernel[1]), op.attrs.stride
        )
        return Walk(
            rows=rows.count,
            width=source.shape[2],
            depth=source.shape[3],
            window=(kernel[0], kernel[1]),
            stride=op.attrs.stride,
            above=rows.first - (part.output.first * op.attrs.stride[0] - top),
            left=left,
            output=(part.output.count, output.shape[2], output.shape[3]),
            columns=_COLUMNS[step.call.function],
        )

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
