"""RESHAPE: other dimensions for the same bytes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcugen.ir import DType, Graph, Op, Shape
from mcugen.ops import checks, examples
from mcugen.ops.base import Operator, Options, Values, integers, no_macs


@dataclass(frozen=True)
class Reshape:
    """``new_shape`` from the options, empty where the file has the shape as an input or nowhere."""

    new_shape: tuple[int, ...] = ()


def _parse(options: Options) -> Reshape:
    return Reshape(integers(options["NewShape"]))


def _unparse(attrs: Reshape) -> Values:
    return {"NewShape": np.array(attrs.new_shape, np.int32)} if attrs.new_shape else {}


def _wanted(graph: Graph, op: Op) -> tuple[int, ...] | None:
    """The shape asked for: the second input, else the options, else none (the output's counts)."""
    shape = graph.optional_input(op, 1)
    if shape is not None:
        return integers(shape.array())
    return op.attributes(Reshape).new_shape or None


def _problems(graph: Graph, op: Op) -> Iterator[str]:
    source, output = graph.input(op, 0), graph.output(op)
    if source.dtype is not output.dtype:
        yield f"input is {source.dtype.value}, output {output.dtype.value}"
    shape = graph.optional_input(op, 1)
    if shape is not None and not (shape.is_constant and shape.dtype is DType.INT32):
        yield "the new shape is computed at run time"
        return
    if source.elements != output.elements:
        yield f"input has {source.elements} values, output {output.elements}"
        return
    wanted = _wanted(graph, op)
    if wanted is not None and _filled(wanted, source.elements) != output.shape:
        yield f"asks for shape {wanted}, but the output has {checks.shape(output)}"


def _filled(wanted: tuple[int, ...], elements: int) -> tuple[int, ...] | None:
    """``wanted`` with its -1 replaced by what is left; None where that cannot be."""
    known = math.prod(size for size in wanted if size != -1)
    if wanted.count(-1) == 0:
        return wanted
    if wanted.count(-1) > 1 or known <= 0 or elements % known:
        return None
    return tuple(elements // known if size == -1 else size for size in wanted)


def _shape(graph: Graph, op: Op) -> Shape | None:
    wanted = _wanted(graph, op)
    return None if wanted is None else _filled(wanted, graph.input(op, 0).elements)


def _fold(graph: Graph, op: Op) -> NDArray[Any] | None:
    source = graph.input(op, 0)
    return source.array().reshape(graph.output(op).shape) if source.is_constant else None


def _example(rng: np.random.Generator) -> Graph:
    factors = tuple(int(size) for size in rng.integers(1, 7, 3))
    before = (1, *factors)
    after = [(1, math.prod(factors)), (1, *factors[::-1]), (factors[0], math.prod(factors[1:]))][
        rng.integers(3)
    ]
    quant = examples.any_quant(rng)
    source = examples.variable("input", before, quant)
    output = examples.variable("output", after, quant)
    if not rng.integers(3):
        return examples.single("RESHAPE", Reshape(after), (source,), output)
    wanted = np.array(after)
    if rng.integers(2):
        wanted[rng.integers(len(after))] = -1
    shape = examples.constant("shape", wanted)
    return examples.single("RESHAPE", Reshape(), (source, shape), output)


OPERATOR = Operator(
    kind="RESHAPE",
    version=1,
    options="ReshapeOptions",
    takes="to a shape that is known, without a copy",
    inputs=(1, 2),
    parse=_parse,
    unparse=_unparse,
    problems=_problems,
    shape=_shape,
    macs=no_macs,
    example=_example,
    fold=_fold,
)
