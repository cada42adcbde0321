"""MEAN over rows, columns or both."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from mcugen.ir import DType, Graph, Op, Shape
from mcugen.ops import checks, examples
from mcugen.ops.base import Operator, Options, Values, no_macs


@dataclass(frozen=True)
class Mean:
    """``keep_dims`` leaves the dimensions averaged over as 1 instead of removing them."""

    keep_dims: bool


def _parse(options: Options) -> Mean:
    return Mean(bool(options["KeepDims"]))


def _unparse(attrs: Mean) -> Values:
    return {"KeepDims": attrs.keep_dims}


def axes(graph: Graph, op: Op) -> tuple[int, ...]:
    """The axes averaged over, ascending, each once, none negative."""
    rank = len(graph.input(op, 0).shape)
    named = graph.input(op, 1).array().reshape(-1)
    return tuple(sorted({int(axis) + (rank if axis < 0 else 0) for axis in named}))


def _problems(graph: Graph, op: Op) -> Iterator[str]:
    source, named, output = graph.input(op, 0), graph.input(op, 1), graph.output(op)
    found = [*checks.int8_activation(source, "input"), *checks.int8_activation(output, "output")]
    found += checks.image(source, "input")
    if named.dtype is not DType.INT32 or not named.is_constant:
        found.append("axes must be constant int32 values")
    yield from found
    if found:
        return
    over = axes(graph, op)
    if over not in ((1,), (2,), (1, 2)):
        yield f"axes {over}: only height (1), width (2) or both are supported"
        return
    count = math.prod(source.shape[axis] for axis in over)
    magnitude = count * (128 + abs(source.qparams.zero_point))
    shift = checks.left_shift(source.qparams.scale / output.qparams.scale)
    if checks.overflows(magnitude, shift):
        yield (
            f"the sum of {count} values can overflow 32 bits: the output scale is too small for "
            "the input scale"
        )


def _shape(graph: Graph, op: Op) -> Shape:
    over = axes(graph, op)
    sizes = enumerate(graph.input(op, 0).shape)
    if op.attributes(Mean).keep_dims:
        return tuple(1 if axis in over else size for axis, size in sizes)
    return tuple(size for axis, size in sizes if axis not in over)


def _example(rng: np.random.Generator) -> Graph:
    over = [(1,), (2,), (1, 2), (2, 1), (-3, -2)][rng.integers(5)]
    attrs = Mean(bool(rng.integers(2)))
    shape = (1, *examples.any_pair(rng, 1, 12), int(rng.integers(1, 13)))
    reduced = {axis % 4 for axis in over}
    kept = [(axis, size) for axis, size in enumerate(shape) if axis not in reduced]
    source = examples.any_quant(rng)
    # The mean of n values spreads less by the root of n.
    count = math.prod(shape[axis] for axis in reduced)
    scale = source.scale * rng.uniform(0.5, 2.0) / np.sqrt(count)
    output = replace(examples.any_quant(rng), scales=(float(np.float32(scale)),))
    return examples.single(
        "MEAN",
        attrs,
        (
            examples.variable("input", shape, source),
            examples.constant("axes", np.array(over)),
        ),
        examples.variable(
            "output",
            tuple(1 if axis in reduced else size for axis, size in enumerate(shape))
            if attrs.keep_dims
            else tuple(size for _, size in kept),
            output,
        ),
    )


OPERATOR = Operator(
    kind="MEAN",
    version=2,
    options="ReducerOptions",
    takes="over height, width or both",
    inputs=(2, 2),
    parse=_parse,
    unparse=_unparse,
    problems=_problems,
    shape=_shape,
    macs=no_macs,
    example=_example,
)
