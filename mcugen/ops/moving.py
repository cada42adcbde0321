"""What the operators share that only move bytes: conditions, shape rule, fold, random models."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from mcugen.ir import DType, Graph, Op, Shape, Tensor
from mcugen.ops import checks, examples

Move = Callable[[Graph, Op, NDArray[Any]], NDArray[Any]]
"""numpy's view of the input that is moved, which has the output's values in their order.

It may have more dimensions than the output. Nothing is read or copied: its strides say it all.
"""

_MOST_DIMENSIONS = 4


def stand_in(tensor: Tensor) -> NDArray[np.int8]:
    """An array of the tensor's shape to take views of, without memory to read from."""
    strides = [1]
    for size in tensor.shape[:0:-1]:
        strides.insert(0, strides[0] * size)
    return as_strided(
        np.zeros(1, np.int8), tensor.shape, strides[: len(tensor.shape)], writeable=False
    )


def moving_problems(graph: Graph, op: Op, moved: int = 0) -> Iterator[str]:
    """int8 (what runs on the board) or int32 (what folds away) on both sides, 1 to 4 dimensions."""
    source = graph.input(op, moved)
    outputs = [graph.output(op, position) for position in range(len(op.outputs))]
    if source.dtype is not DType.INT32:
        yield from checks.int8_activation(source, "input")
    for output in outputs:
        if output.dtype is not source.dtype:
            yield f"input is {source.dtype.value}, output {output.dtype.value}"
        elif output.dtype is DType.INT8:
            yield from checks.int8_activation(output, "output")
    for tensor, what in ((source, "input"), *((output, "output") for output in outputs)):
        if len(tensor.shape) > _MOST_DIMENSIONS:
            yield f"{what} has {len(tensor.shape)} dimensions: at most 4 are supported"
    if not source.shape:
        yield "input is a scalar"


def constant_integers(tensor: Tensor, what: str, shape: Shape) -> Iterator[str]:
    """int32 values of this shape that are known at compile time."""
    if tensor.dtype is not DType.INT32 or not tensor.is_constant or tensor.shape != shape:
        wanted = "x".join(str(size) for size in shape) or "1"
        yield f"{what} must be {wanted} constant int32 values"


def shape_of(move: Move, moved: int = 0) -> Callable[[Graph, Op], Shape]:
    """The shape rule of an operator whose view has the output's dimensions."""
    return lambda graph, op: move(graph, op, stand_in(graph.input(op, moved))).shape


def fold_of(move: Move, moved: int = 0) -> Callable[[Graph, Op], NDArray[Any] | None]:
    """The output of an operator with one input that counts, where that is a constant."""

    def fold(graph: Graph, op: Op) -> NDArray[Any] | None:
        source = graph.input(op, moved)
        if not source.is_constant:
            return None
        return move(graph, op, source.array()).reshape(graph.output(op).shape)

    return fold


def any_shape(rng: np.random.Generator, most: int = 7) -> Shape:
    """Of one to four dimensions; four are a picture."""
    rank = int(rng.choice([1, 2, 3, 4, 4, 4]))
    sizes = tuple(int(size) for size in rng.integers(1, most + 1, rank))
    return (1, *sizes[1:]) if rank == 4 else sizes


def moved_example(
    rng: np.random.Generator,
    kind: str,
    attrs: object,
    source: Shape,
    others: tuple[Tensor, ...],
    output: Shape,
) -> Graph:
    """A graph of one such operator on int8, which leaves the quantisation as it is."""
    quant = examples.any_quant(rng)
    return examples.single(
        kind,
        attrs,
        (examples.variable("input", source, quant), *others),
        examples.variable("output", output, quant),
    )
