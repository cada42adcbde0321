"""What MEAN and REDUCE_MAX share: axes, shape rule, random models."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from mcugen.ir import DType, Graph, Op, Quant, Shape
from mcugen.ops import checks, examples, moving
from mcugen.ops.base import Options, Values


@dataclass(frozen=True)
class Reduction:
    """``keep_dims`` leaves the dimensions that are reduced as 1 instead of removing them."""

    keep_dims: bool


ReductionT = TypeVar("ReductionT", bound=Reduction)


def parse_reduction(kind: type[ReductionT], options: Options) -> ReductionT:
    return kind(bool(options["KeepDims"]))


def unparse_reduction(attrs: Reduction) -> Values:
    return {"KeepDims": attrs.keep_dims}


def axes(graph: Graph, op: Op) -> tuple[int, ...]:
    """The axes that are reduced, ascending, each once, none negative."""
    rank = len(graph.input(op, 0).shape)
    named = graph.input(op, 1).array().reshape(-1)
    return tuple(sorted({int(axis) + (rank if axis < 0 else 0) for axis in named}))


def count(graph: Graph, op: Op) -> int:
    """How many values become one."""
    return math.prod(graph.input(op, 0).shape[axis] for axis in axes(graph, op))


def reduction_problems(graph: Graph, op: Op) -> Iterator[str]:
    """int8 of up to four dimensions, and constant axes that it has."""
    source, named, output = graph.input(op, 0), graph.input(op, 1), graph.output(op)
    found = [*checks.int8_activation(source, "input"), *checks.int8_activation(output, "output")]
    if not 1 <= len(source.shape) <= 4:
        found.append(f"input has {len(source.shape)} dimensions: 1 to 4 are supported")
    if named.dtype is not DType.INT32 or not named.is_constant:
        found.append("axes must be constant int32 values")
    yield from found
    if not found and not set(axes(graph, op)) <= set(range(len(source.shape))):
        yield f"axes {axes(graph, op)} are not all of {len(source.shape)} dimensions"


def sum_problems(graph: Graph, op: Op) -> Iterator[str]:
    """Where the sum, shifted left as its scale wants, could overflow."""
    found = list(reduction_problems(graph, op))
    yield from found
    if found:
        return
    source, output = graph.input(op, 0), graph.output(op)
    magnitude = count(graph, op) * (128 + abs(source.qparams.zero_point))
    shift = checks.left_shift(source.qparams.scale / output.qparams.scale)
    if checks.overflows(magnitude, shift):
        yield (
            f"the sum of {count(graph, op)} values can overflow 32 bits: the output scale is too "
            "small for the input scale"
        )


def reduction_shape(graph: Graph, op: Op) -> Shape:
    over = axes(graph, op)
    sizes = enumerate(graph.input(op, 0).shape)
    if op.attributes(Reduction).keep_dims:
        return tuple(1 if axis in over else size for axis, size in sizes)
    return tuple(size for axis, size in sizes if axis not in over)


def reduction_example(
    kind: str, attributes: type[Reduction], growth: float | None, rng: np.random.Generator
) -> Graph:
    """The output's scale grows with the count to the power of ``growth``; None: it stays."""
    shape = moving.any_shape(rng, 9)
    rank = len(shape)
    over = rng.permutation(rank)[: rng.integers(1, rank + 1)]
    if rank == 4 and rng.integers(2):
        over = np.array([[1], [2], [1, 2], [2, 1]][rng.integers(4)])
    named = np.where(rng.integers(0, 2, len(over)) > 0, over, over - rank)
    attrs = attributes(bool(rng.integers(2)))
    source = examples.any_quant(rng)
    values = math.prod(shape[axis] for axis in over)
    after = source if growth is None else _after(rng, source, values**growth)
    kept = tuple(1 if axis in over else size for axis, size in enumerate(shape))
    if not attrs.keep_dims:
        kept = tuple(size for axis, size in enumerate(shape) if axis not in over)
    return examples.single(
        kind,
        attrs,
        (examples.variable("input", shape, source), examples.constant("axes", named)),
        examples.variable("output", kept, after),
    )


def _after(rng: np.random.Generator, source: Quant, spread: float) -> Quant:
    scale = float(np.float32(source.scale * rng.uniform(0.5, 2.0) * spread))
    return replace(examples.any_quant(rng), scales=(scale,))
