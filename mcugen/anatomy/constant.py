"""How much of a model computes the same whatever its input is."""

from __future__ import annotations

from dataclasses import dataclass

from mcugen.ir import DType, Graph
from mcugen.ops.registry import OPERATORS
from mcugen.passes import remove_constant_channels
from mcugen.passes.channel_ranges import channel_ranges


@dataclass(frozen=True)
class ConstantChannels:
    """``constant`` of the ``channels`` of all layers have one value; without those that can be left
    out the model needs ``macs_without`` multiply-adds."""

    channels: int
    constant: int
    macs_without: int


def constant_channels(graph: Graph) -> ConstantChannels:
    """Of a graph that has been through the passes and compiles."""
    ranges = channel_ranges(graph)
    written = [op.outputs[0] for op in graph.ops]
    of_layers = [ranges[key] for key in written if graph.tensor(key).dtype is DType.INT8]
    smaller = remove_constant_channels(graph)
    return ConstantChannels(
        channels=sum(len(found.low) for found in of_layers),
        constant=sum(int(found.constant.sum()) for found in of_layers),
        macs_without=sum(OPERATORS[op.kind].macs(smaller, op) for op in smaller.ops),
    )
