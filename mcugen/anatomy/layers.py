"""Each operator as a layer of the paper: its kind, and what it costs.

Counted as the paper counts: a multiply-add is one weight times one value; pooling, sums and softmax
have none. Convolutions and fully connected layers that cannot be compiled are counted as well, as
long as their shapes tell; operators that mcugen does not know at all are not.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, replace

from mcugen.ir import NO_TENSOR, Graph, Op, Shape, Tensor
from mcugen.ops.conv_2d import Conv2D
from mcugen.ops.depthwise_conv_2d import DepthwiseConv2D
from mcugen.ops.padding import Pair
from mcugen.ops.pooling import Pool2D
from mcugen.passes.layer_names import layer_names


class Kind(enum.Enum):
    """The rows of the paper's Table 2, and what it leaves out."""

    POINTWISE = "pointwise"
    DEPTHWISE = "depthwise"
    STANDARD = "standard"
    DENSE = "dense"
    POOL = "pool"
    OTHER = "other"


@dataclass(frozen=True)
class Layer:
    """An operator that is left after the passes; ``index`` is its number in a build, too.

    ``kernel`` and ``stride`` are (height, width). ``weights`` and ``biases`` are numbers of
    parameters; one that several layers share counts at each.
    """

    index: int
    name: str
    op: Op
    kind: Kind
    inputs: tuple[Shape, ...]
    output: Shape
    kernel: Pair | None
    stride: Pair | None
    weights: int = 0
    biases: int = 0
    macs: int = 0


@dataclass(frozen=True)
class _Cost:
    """What an operator with weights costs; ``weights`` is their tensor."""

    kind: Kind
    weights: Tensor
    macs: int
    kernel: Pair | None = None


_POOLS = ("AVERAGE_POOL_2D", "MAX_POOL_2D", "MEAN")


def layers_of(graph: Graph) -> tuple[Layer, ...]:
    """The layers of a graph that has been through the passes: all its operators have an output."""
    names = layer_names(graph)
    return tuple(
        _layer(graph, op, index, name)
        for index, (op, name) in enumerate(zip(graph.ops, names, strict=True))
    )


def _layer(graph: Graph, op: Op, index: int, name: str) -> Layer:
    plain = Layer(
        index=index,
        name=name,
        op=op,
        kind=Kind.POOL if op.kind in _POOLS else Kind.OTHER,
        inputs=tuple(graph.tensor(tensor_id).shape for tensor_id in computed_inputs(graph, op)),
        output=graph.output(op).shape,
        kernel=op.attrs.filter if isinstance(op.attrs, Pool2D) else None,
        stride=op.attrs.stride if isinstance(op.attrs, Conv2D | DepthwiseConv2D | Pool2D) else None,
    )
    cost = _cost(graph, op)
    if cost is None:
        return plain
    bias = graph.optional_input(op, 2)
    return replace(
        plain,
        kind=cost.kind,
        kernel=cost.kernel,
        weights=_constants(cost.weights),
        biases=0 if bias is None else _constants(bias),
        macs=cost.macs,
    )


def computed_inputs(graph: Graph, op: Op) -> tuple[int, ...]:
    """The operands of an operator that are not constants."""
    present = (tensor_id for tensor_id in op.inputs if tensor_id != NO_TENSOR)
    return tuple(t for t in present if not graph.tensor(graph.root(t)).is_constant)


def _constants(tensor: Tensor) -> int:
    return tensor.elements if tensor.is_constant else 0


def _cost(graph: Graph, op: Op) -> _Cost | None:
    """None for an operator without weights, or whose operands are not what its kind takes."""
    source, weights = graph.optional_input(op, 0), graph.optional_input(op, 1)
    if source is None or weights is None:
        return None
    output = graph.output(op)
    ranks = len(source.shape), len(weights.shape), len(output.shape)
    if op.kind == "FULLY_CONNECTED" and len(weights.shape) == 2:
        return _Cost(Kind.DENSE, weights, output.elements * weights.shape[1])
    if op.kind == "CONV_2D" and ranks == (4, 4, 4):
        return _convolution(graph, source, weights, output)
    if op.kind == "DEPTHWISE_CONV_2D" and ranks == (4, 4, 4):
        return _depthwise(source, weights, output)
    return None


def _convolution(graph: Graph, source: Tensor, weights: Tensor, output: Tensor) -> _Cost:
    """Weights are (N, height, width, M).

    1x1 is pointwise. Over a single pixel it is the paper's fully connected layer, unless it
    completes a depthwise convolution: TensorFlow's own MobileNet ends in such a convolution.
    """
    kernel = weights.shape[1], weights.shape[2]
    kind = Kind.POINTWISE if kernel == (1, 1) else Kind.STANDARD
    if kind is Kind.POINTWISE and source.shape[1:3] == (1, 1):
        root = graph.root(source.id)
        after = {op.kind for op in graph.ops if root in op.outputs}
        kind = Kind.POINTWISE if "DEPTHWISE_CONV_2D" in after else Kind.DENSE
    return _Cost(kind, weights, output.elements * math.prod(weights.shape[1:]), kernel)


def _depthwise(source: Tensor, weights: Tensor, output: Tensor) -> _Cost:
    """Weights are (1, height, width, channels).

    Over a single input channel it is a standard convolution; converters like to write it so.
    """
    kernel = weights.shape[1], weights.shape[2]
    kind = Kind.STANDARD if source.shape[3] == 1 else Kind.DEPTHWISE
    return _Cost(kind, weights, output.elements * math.prod(kernel), kernel)
