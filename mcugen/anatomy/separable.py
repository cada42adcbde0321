"""Depthwise-separable pairs, and the standard convolution that each of them stands for."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

from mcugen.anatomy.layers import Kind, Layer, computed_inputs
from mcugen.ir import Graph


@dataclass(frozen=True)
class Pair:
    """A depthwise convolution whose only reader is a pointwise one.

    The paper's names (section 3.1): D_K is ``kernel``, M ``channels`` in, N ``units`` out. A depth
    ``multiplier`` other than 1 is not in the paper.
    """

    depthwise: Layer
    pointwise: Layer
    kernel: tuple[int, int]
    channels: int
    units: int
    multiplier: int

    @property
    def macs(self) -> int:
        """D_K D_K M D_F D_F + M N D_F D_F, equation 5."""
        return self.depthwise.macs + self.pointwise.macs

    @property
    def standard_macs(self) -> int:
        """D_K D_K M N D_F D_F, equation 2: M channels to N units at the pair's output size."""
        return math.prod(self.kernel) * self.channels * math.prod(self.pointwise.output)

    @property
    def ratio(self) -> float:
        """What the pair costs of the standard convolution, as counted."""
        return self.macs / self.standard_macs

    @property
    def formula(self) -> float:
        """1/N + 1/D_K^2 (section 3.1), times the depth multiplier.

        It is the ratio wherever the pointwise convolution has stride 1, as the paper's do.
        """
        return self.multiplier * (1 / self.units + 1 / math.prod(self.kernel))


def separable_pairs(graph: Graph, layers: tuple[Layer, ...]) -> tuple[Pair, ...]:
    """The pairs in the order of their pointwise convolutions."""
    readers = Counter(
        graph.root(tensor_id)
        for tensor_ids in (*(computed_inputs(graph, op) for op in graph.ops), graph.outputs)
        for tensor_id in tensor_ids
    )
    writers = {layer.op.outputs[0]: layer for layer in layers if layer.kind is Kind.DEPTHWISE}
    pairs: list[Pair] = []
    for layer in layers:
        root = graph.root(layer.op.inputs[0]) if layer.kind is Kind.POINTWISE else None
        if root in writers and readers[root] == 1:
            pairs += _pair(graph, writers[root], layer)
    return tuple(pairs)


def _pair(graph: Graph, depthwise: Layer, pointwise: Layer) -> tuple[Pair, ...]:
    """Nothing where the shapes of a damaged model make none."""
    kernel, channels = depthwise.kernel, graph.input(depthwise.op, 0).shape[3]
    if kernel is None or not channels or depthwise.output[3] % channels:
        return ()
    multiplier = depthwise.output[3] // channels
    pair = Pair(depthwise, pointwise, kernel, channels, pointwise.output[3], multiplier)
    return (pair,) if pair.macs and pair.standard_macs else ()
