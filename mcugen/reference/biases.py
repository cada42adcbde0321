"""Gives every convolution a bias: tflite-runtime refuses one without, TFLite Micro can crash."""

from __future__ import annotations

from dataclasses import replace

from mcugen.ir import DType, Graph, Op, Tensor

# The axis along which the weights have their output channels.
_CHANNEL_AXES = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 3}


def lacks_bias(graph: Graph, op: Op) -> bool:
    return op.kind in _CHANNEL_AXES and graph.optional_input(op, 2) is None


def with_biases(graph: Graph) -> Graph:
    """The same graph, absent biases replaced by zeros. No result changes: zeros are added."""
    for place, op in enumerate(graph.ops):
        if lacks_bias(graph, op):
            bias = _zero_bias(graph, op)
            with_bias = replace(op, inputs=(*op.inputs[:2], bias.id))
            graph = replace(
                graph,
                tensors=(*graph.tensors, bias),
                ops=(*graph.ops[:place], with_bias, *graph.ops[place + 1 :]),
            )
    return graph


def _zero_bias(graph: Graph, op: Op) -> Tensor:
    channels = graph.input(op, 1).shape[_CHANNEL_AXES[op.kind]]
    return Tensor(
        id=len(graph.tensors),
        name=f"bias of operator {op.index}",
        shape=(channels,),
        dtype=DType.INT32,
        data=bytes(DType.INT32.itemsize * channels),
    )
