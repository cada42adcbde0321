"""The operators that mcugen knows, and the one way to ask whether a use of them is supported."""

from __future__ import annotations

from collections.abc import Iterator

from mcugen.ir import NO_TENSOR, Graph, Op
from mcugen.ops import (
    abs,
    add,
    average_pool_2d,
    checks,
    concatenation,
    conv_2d,
    depth_to_space,
    depthwise_conv_2d,
    dequantize,
    elu,
    expand_dims,
    fully_connected,
    gather,
    hard_swish,
    leaky_relu,
    logistic,
    max_pool_2d,
    maximum,
    mean,
    minimum,
    mirror_pad,
    mul,
    pack,
    pad,
    prelu,
    quantize,
    reduce_max,
    relu,
    relu6,
    reshape,
    resize_bilinear,
    resize_nearest_neighbor,
    shape,
    slice,
    softmax,
    space_to_depth,
    split,
    split_v,
    squeeze,
    strided_slice,
    sub,
    tanh,
    transpose,
    unpack,
)
from mcugen.ops.base import Operator, Unsupported

OPERATORS: dict[str, Operator] = {
    module.OPERATOR.kind: module.OPERATOR
    for module in (
        abs,
        add,
        average_pool_2d,
        concatenation,
        conv_2d,
        depth_to_space,
        depthwise_conv_2d,
        dequantize,
        elu,
        expand_dims,
        fully_connected,
        gather,
        hard_swish,
        leaky_relu,
        logistic,
        max_pool_2d,
        maximum,
        mean,
        minimum,
        mirror_pad,
        mul,
        pack,
        pad,
        prelu,
        quantize,
        reduce_max,
        relu,
        relu6,
        reshape,
        resize_bilinear,
        resize_nearest_neighbor,
        shape,
        slice,
        softmax,
        space_to_depth,
        split,
        split_v,
        squeeze,
        strided_slice,
        sub,
        tanh,
        transpose,
        unpack,
    )
}


def place(graph: Graph, op: Op) -> str:
    """How messages name an operator: index, kind, and the tensor that it writes."""
    outputs = ", ".join(f"`{graph.tensor(tensor_id).name}`" for tensor_id in op.outputs)
    return f"operator {op.index} {op.kind} {outputs}".rstrip()


def op_problems(graph: Graph, op: Op) -> tuple[str, ...]:
    """All that keeps ``op`` from being compiled exactly, one line each; empty when supported."""
    return tuple(_problems(graph, op))


def _problems(graph: Graph, op: Op) -> Iterator[str]:
    if isinstance(op.attrs, Unsupported):
        yield op.attrs.reason
        return
    operator = OPERATORS[op.kind]
    found = list(_structure(graph, op, operator)) or list(operator.problems(graph, op))
    yield from found
    if found:
        return
    wanted, output = operator.shape(graph, op), graph.output(op)
    if wanted is not None and wanted != output.shape:
        yield f"output has shape {output.shape}, the operator gives {wanted}"


def _structure(graph: Graph, op: Op, operator: Operator) -> Iterator[str]:
    """Operand counts, and no dimension that is empty or unknown."""
    least, most = operator.inputs
    if not least <= len(op.inputs) <= most or NO_TENSOR in op.inputs[:least]:
        yield f"has {len(op.inputs)} inputs, {least} to {most} are needed"
    if not 1 <= len(op.outputs) <= operator.most_outputs:
        allowed = f"1 to {operator.most_outputs}" if operator.most_outputs > 1 else "not 1"
        yield f"has {len(op.outputs)} outputs, {allowed}"
    for number, tensor_id in enumerate((*op.inputs, *op.outputs)):
        if tensor_id == NO_TENSOR:
            continue
        role = f"input {number}" if number < len(op.inputs) else "output"
        tensor = graph.tensor(tensor_id)
        if tensor.refusal:
            yield f"{role} {tensor.refusal}"
        yield from checks.dimensions(tensor, role)
