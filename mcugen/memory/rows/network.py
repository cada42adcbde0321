"""The schedule as the planner of rows sees it: pictures of rows, and layers that may be fused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from mcugen.kernels.contract import RowContract
from mcugen.schedule import Schedule, Step

ARRIVAL = -1
"""What stands in place of a layer's index for the rows of the input."""


@dataclass(frozen=True)
class Picture:
    """A tensor as so many rows of so many bytes; what is no picture is one row."""

    rows: int
    row_bytes: int


@dataclass(frozen=True)
class Layer:
    """A step. ``inputs`` are distinct; ``overlaps`` are (input tensor, distance in bytes) as far as
    nobody reads that input later, and hold for a call of the whole layer only."""

    inputs: tuple[int, ...]
    output: int
    contract: RowContract | None
    scratch_bytes: int
    overlaps: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Network:
    """Layers in the order of the schedule; tensors by id.

    ``streamed``: the rows of the input come one by one while the first layer runs.
    """

    layers: tuple[Layer, ...]
    pictures: Mapping[int, Picture]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    streamed: bool = False

    @cached_property
    def births(self) -> Mapping[int, int]:
        """The layer during which a tensor comes to stand, -1 for what stands before all layers."""
        made = {layer.output: index for index, layer in enumerate(self.layers)}
        return {**dict.fromkeys(self.inputs, 0 if self.streamed else ARRIVAL), **made}

    def output(self, layer: int) -> int:
        """The tensor that a layer makes, or that arrives."""
        return self.inputs[0] if layer == ARRIVAL else self.layers[layer].output

    @property
    def can_stream(self) -> bool:
        """Whether only the first layer reads the input, and by rows."""
        return (
            self.inputs == self.layers[0].inputs
            and self.readers[self.inputs[0]] == 1
            and self.inputs[0] not in self.outputs
            and self.layers[0].contract is not None
            and self.pictures[self.inputs[0]].rows > 1
        )

    @cached_property
    def last_reads(self) -> Mapping[int, int]:
        """The last layer that reads a tensor; behind all layers for the model's outputs."""
        reads = {layer.output: index for index, layer in enumerate(self.layers)}
        for index, layer in enumerate(self.layers):
            reads.update(dict.fromkeys(layer.inputs, index))
        reads.update(dict.fromkeys(self.outputs, len(self.layers)))
        return reads

    @cached_property
    def readers(self) -> Mapping[int, int]:
        """How many layers read a tensor."""
        counts = dict.fromkeys(self.births, 0)
        for layer in self.layers:
            for tensor in layer.inputs:
                counts[tensor] += 1
        return counts

    def bytes_of(self, tensor: int) -> int:
        picture = self.pictures[tensor]
        return picture.rows * picture.row_bytes

    def distance(self, layer: int, tensor: int, row: int, rows: int) -> int | None:
        """How far before a strip's first row of input its output must start to lie on rows that
        nobody needs any more; None where it must not lie on them at all."""
        one = self.layers[layer]
        is_whole = rows == self.pictures[one.output].rows
        promises = [distance for source, distance in one.overlaps if source == tensor and is_whole]
        if one.contract is not None:
            by_rows = one.contract.distance(row, rows)
            promises += [] if by_rows is None else [by_rows]
        return min(promises, default=None)

    def fuses(self, index: int) -> bool:
        """Whether layer ``index`` can take rows from the layer before it as they are made.

        Nobody else may read that output, for its rows are gone then.
        """
        before, layer = self.layers[index - 1], self.layers[index]
        return (
            before.output in layer.inputs
            and self.readers[before.output] == 1
            and before.output not in self.outputs
        )

    def by_rows(self, index: int) -> bool:
        """Whether a layer can make its output in strips at all."""
        layer = self.layers[index]
        return layer.contract is not None and self.pictures[layer.output].rows > 1


def network(schedule: Schedule) -> Network:
    last_reads: dict[int, int] = {}
    for step in schedule.steps:
        last_reads.update(dict.fromkeys(step.inputs, step.index))
    last_reads.update(dict.fromkeys(schedule.outputs, len(schedule.steps)))
    tensors = {*schedule.inputs, *(step.output for step in schedule.steps)}
    return Network(
        layers=tuple(_layer(schedule, step, last_reads) for step in schedule.steps),
        pictures={tensor: _picture(schedule, tensor) for tensor in sorted(tensors)},
        inputs=schedule.inputs,
        outputs=schedule.outputs,
    )


def _layer(schedule: Schedule, step: Step, last_reads: Mapping[int, int]) -> Layer:
    shared = {
        schedule.graph.root(step.op.inputs[overlap.position]): overlap.distance
        for overlap in step.call.overlaps
    }
    return Layer(
        inputs=tuple(dict.fromkeys(step.inputs)),
        output=step.output,
        contract=step.call.rows if _reads_pictures(schedule, step) else None,
        scratch_bytes=step.call.scratch_bytes,
        overlaps=tuple(
            (tensor, distance)
            for tensor, distance in shared.items()
            if last_reads[tensor] == step.index
        ),
    )


def _reads_pictures(schedule: Schedule, step: Step) -> bool:
    """Whether all that a step reads has rows, and those that the operator sees: an alias may have
    others."""
    graph = schedule.graph
    variable = [tensor for tensor in step.op.inputs if graph.root(tensor) in step.inputs]
    return all(
        _picture(schedule, graph.root(tensor)).rows > 1
        and graph.tensor(tensor).shape == graph.tensor(graph.root(tensor)).shape
        for tensor in variable
    )


def _picture(schedule: Schedule, tensor_id: int) -> Picture:
    tensor = schedule.tensor(tensor_id)
    is_picture = len(tensor.shape) == 4 and tensor.shape[0] == 1
    rows = tensor.shape[1] if is_picture else 1
    return Picture(rows, tensor.nbytes // rows)
