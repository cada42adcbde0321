"""What CONCATENATION and PACK share: equal quantisation, and random models."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mcugen.ir import NO_TENSOR, DType, Graph, Op, Quant, Shape, Tensor
from mcugen.ops import checks, examples
from mcugen.ops.activation import Activation
from mcugen.ops.max_pool_2d import MaxPool2D
from mcugen.ops.padding import Padding

MOST_INPUTS = 64


def sources(graph: Graph, op: Op) -> list[Tensor]:
    return [graph.input(op, position) for position in range(len(op.inputs))]


def joining_problems(graph: Graph, op: Op) -> Iterator[str]:
    """int8 of one quantisation, or int32: neither TFLite nor TFLite Micro rescales here."""
    if NO_TENSOR in op.inputs:
        yield "an input is absent"
        return
    output = graph.output(op)
    tensors = {f"input {number}": tensor for number, tensor in enumerate(sources(graph, op))}
    if any(tensor.dtype is not output.dtype for tensor in tensors.values()):
        yield f"not all inputs are {output.dtype.value} as the output is"
        return
    if output.dtype is DType.INT32:
        return
    found = [
        problem
        for what, tensor in {**tensors, "output": output}.items()
        for problem in checks.int8_activation(tensor, what)
    ]
    yield from found
    if found:
        return
    for what, tensor in tensors.items():
        before, after = tensor.qparams, output.qparams
        if (before.scale, before.zero_point) != (after.scale, after.zero_point):
            yield f"{what} and output have different quantisation: the reference refuses it"


def joined_example(
    rng: np.random.Generator,
    kind: str,
    attrs: object,
    source: Shape,
    constants: tuple[Shape, ...],
    output: Shape,
    *,
    twice: bool,
) -> Graph:
    """Of the input, ``twice`` where it comes a second time through a pool, and of constants."""
    quant = examples.any_quant(rng)
    parts = [_constant(rng, number, shape, quant) for number, shape in enumerate(constants)]
    tensors = [examples.variable("input", source, quant), *parts]
    ops: list[Op] = []
    order = list(range(len(tensors)))
    if twice:
        tensors.append(examples.variable("neighbourhood", source, quant))
        order.append(len(tensors) - 1)
        pool = MaxPool2D((3, 3), (1, 1), Padding("SAME"), Activation.NONE)
        ops.append(Op(0, "MAX_POOL_2D", (0,), (order[-1],), pool))
    shuffled = tuple(int(tensor_id) for tensor_id in rng.permutation(order))
    tensors.append(examples.variable("output", output, quant))
    ops.append(Op(len(ops), kind, shuffled, (len(tensors) - 1,), attrs))
    return examples.chain(kind.lower(), tuple(tensors), tuple(ops))


def _constant(rng: np.random.Generator, number: int, shape: Shape, quant: Quant) -> Tensor:
    values = rng.integers(-128, 128, shape)
    return examples.constant(f"constant {number}", np.asarray(values), DType.INT8, quant)
