"""What int8 functions of two tensors share: shapes that meet, conditions, random examples."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from mcugen.ir import DType, Graph, Op, Quant, Shape, Tensor
from mcugen.ops import checks, examples
from mcugen.ops.activation import Activation
from mcugen.ops.base import NoAttrs
from mcugen.ops.max_pool_2d import MaxPool2D
from mcugen.ops.padding import Padding

TAKES = "one may be constant or lack leading dimensions"

LARGEST_PRODUCT = 255 * 255
"""Of two int8 values less their zero points."""

_MOST_DIMENSIONS = 4


def problems(graph: Graph, op: Op) -> list[str]:
    """What keeps the operands from being int8 tensors of which one is repeated over the other."""
    first, second, output = graph.input(op, 0), graph.input(op, 1), graph.output(op)
    found = [
        problem
        for tensor, what in ((first, "first input"), (second, "second input"), (output, "output"))
        for problem in checks.int8_activation(tensor, what)
    ]
    if max(len(first.shape), len(second.shape)) > _MOST_DIMENSIONS:
        found.append(f"has {max(len(first.shape), len(second.shape))} dimensions: 4 are the most")
    elif not (_repeats(first.shape, second.shape) or _repeats(second.shape, first.shape)):
        found.append(
            f"shapes {checks.shape(first)} and {checks.shape(second)} differ: one must have the "
            "last dimensions of the other, and 1 before them"
        )
    if first.is_constant and second.is_constant:
        found.append("both inputs are constants: let the converter fold them")
    return found


def _repeats(small: Shape, large: Shape) -> bool:
    """Whether ``small``, over and over, fills ``large``."""
    kept = _without_leading_ones(small)
    return len(small) <= len(large) and kept == large[len(large) - len(kept) :]


def _without_leading_ones(shape: Shape) -> Shape:
    start = next((at for at, size in enumerate(shape) if size != 1), len(shape))
    return shape[start:]


def shape(graph: Graph, op: Op) -> Shape:
    """That of the larger operand; of two as large, the one with more dimensions."""
    shapes = (graph.input(op, 0).shape, graph.input(op, 1).shape)
    return max(shapes, key=lambda one: (math.prod(one), len(one)))


def exact_quant(rng: np.random.Generator) -> Quant:
    """A scale of 12 bits, so that a product of two is the same in float32 and in float64."""
    quant = examples.any_quant(rng)
    mantissa, exponent = math.frexp(quant.scale)
    return Quant((math.ldexp(round(mantissa * 4096), exponent - 12),), quant.zero_points)


def power_of_two(rng: np.random.Generator, scale: float) -> Quant:
    """The power of two next below ``scale``: dividing by it is exact, and the references agree."""
    return Quant((2.0 ** math.floor(math.log2(scale)),), examples.any_quant(rng).zero_points)


def example(
    rng: np.random.Generator, kind: str, attrs: object, quants: tuple[Quant, Quant, Quant]
) -> Graph:
    """``ordered_example`` with the operands in either order."""
    graph = ordered_example(rng, kind, attrs, quants)
    if rng.integers(2):
        return graph
    last = graph.ops[-1]
    return replace(graph, ops=(*graph.ops[:-1], replace(last, inputs=last.inputs[::-1])))


def ordered_example(
    rng: np.random.Generator, kind: str, attrs: object, quants: tuple[Quant, Quant, Quant]
) -> Graph:
    """Of one input: the second operand is a constant, or made of it on another scale.

    ``quants`` are those of the operands and of the output.
    """
    picture: Shape = (1, *examples.any_pair(rng, 1, 9), int(rng.integers(1, 13)))
    forms = (picture, picture, (1, 1, 1, picture[3]))
    if rng.integers(2):
        small = (*forms, picture[3:], ())[rng.integers(5)]
        return _with_constant(rng, kind, attrs, quants, picture, small)
    return _with_itself(rng, kind, attrs, quants, picture, forms[rng.integers(3)])


def _with_constant(
    rng: np.random.Generator,
    kind: str,
    attrs: object,
    quants: tuple[Quant, Quant, Quant],
    picture: Shape,
    small: Shape,
) -> Graph:
    operands = (
        examples.variable("input", picture, quants[0]),
        examples.constant("constant", rng.integers(-128, 128, small), DType.INT8, quants[1]),
    )
    output = examples.variable("output", picture, quants[2])
    return examples.single(kind, attrs, operands, output)


def _with_itself(
    rng: np.random.Generator,
    kind: str,
    attrs: object,
    quants: tuple[Quant, Quant, Quant],
    picture: Shape,
    small: Shape,
) -> Graph:
    """The other operand is the neighbourhood's maximum, or the whole picture's."""
    if small == picture:
        pool = MaxPool2D((3, 3), (1, 1), Padding("SAME"), Activation.NONE)
    else:
        pool = MaxPool2D((picture[1], picture[2]), (1, 1), Padding("VALID"), Activation.NONE)
    tensors: tuple[Tensor, ...] = (
        examples.variable("input", picture, quants[0]),
        examples.variable("pooled", small, quants[0]),
        examples.variable("other", small, quants[1]),
        examples.variable("output", picture, quants[2]),
    )
    ops = (
        Op(0, "MAX_POOL_2D", (0,), (1,), pool),
        Op(1, "QUANTIZE", (1,), (2,), NoAttrs()),
        Op(2, kind, (0, 2), (3,), attrs),
    )
    return examples.chain(kind.lower(), tensors, ops)
