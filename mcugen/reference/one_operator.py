"""An operator as a model of its own, for references that are asked one at a time."""

from __future__ import annotations

from dataclasses import replace

from mcugen.ir import NO_TENSOR, Graph, Op, Tensor


def variables(graph: Graph, op: Op) -> tuple[Tensor, ...]:
    """The operator's inputs that are no constants, each once, in order."""
    present = dict.fromkeys(tensor_id for tensor_id in op.inputs if tensor_id != NO_TENSOR)
    return tuple(graph.tensor(t) for t in present if not graph.tensor(t).is_constant)


def one_operator(graph: Graph, op: Op) -> Graph:
    """``op`` as a graph of its own whose inputs are its ``variables``.

    Names are replaced, so that identical operators give identical models. A one-dimensional bias
    that claims to be quantised along another axis (TFLite Micro's person_detect) is corrected:
    TFLite refuses it, though nothing depends on it.
    """
    ids = dict.fromkeys(t for t in (*op.inputs, *op.outputs) if t != NO_TENSOR)
    places = {tensor_id: index for index, tensor_id in enumerate(ids)}
    tensors = tuple(
        _axis_corrected(replace(graph.tensor(t), id=index, name=f"t{index}"))
        for t, index in places.items()
    )
    inputs = tuple(places.get(t, NO_TENSOR) for t in op.inputs)
    while inputs and inputs[-1] == NO_TENSOR:
        inputs = inputs[:-1]
    outputs = tuple(places[t] for t in op.outputs)
    return Graph(
        name=op.kind.lower(),
        tensors=tensors,
        ops=(replace(op, index=0, inputs=inputs, outputs=outputs),),
        inputs=tuple(places[tensor.id] for tensor in variables(graph, op)),
        outputs=outputs,
    )


def _axis_corrected(tensor: Tensor) -> Tensor:
    if tensor.quant is None or tensor.quant.axis < len(tensor.shape) or len(tensor.shape) != 1:
        return tensor
    return replace(tensor, quant=replace(tensor.quant, axis=0))
