"""GATHER: slices of a dimension by constant indices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcugen.ir import DType, Graph, Op, Shape
from mcugen.ops import checks, examples, moving, taking
from mcugen.ops.base import Operator, Options, Values, no_macs


@dataclass(frozen=True)
class Gather:
    """Along dimension ``axis``, which counts from the end where it is negative."""

    axis: int
    batch_dims: int = 0


def _parse(options: Options) -> Gather:
    return Gather(int(options["Axis"]), int(options["BatchDims"]))


def _unparse(attrs: Gather) -> Values:
    return {"Axis": attrs.axis, "BatchDims": attrs.batch_dims}


def take(graph: Graph, op: Op) -> tuple[NDArray[np.int64], ...]:
    shape = graph.input(op, 0).shape
    found = [np.arange(size, dtype=np.int64) for size in shape]
    indices = graph.input(op, 1).array().reshape(-1)
    found[op.attributes(Gather).axis % len(shape)] = indices.astype(np.int64)
    return tuple(found)


def _problems(graph: Graph, op: Op) -> Iterator[str]:
    source, indices, attrs = graph.input(op, 0), graph.input(op, 1), op.attributes(Gather)
    found = list(moving.moving_problems(graph, op))
    if indices.dtype is not DType.INT32 or not indices.is_constant:
        found.append("indices must be constant int32 values")
    if attrs.batch_dims:
        found.append(f"has {attrs.batch_dims} batch dimensions: none are supported")
    yield from found
    rank = len(source.shape)
    if found:
        return
    if not -rank <= attrs.axis < rank:
        yield f"axis {attrs.axis} is none of {rank} dimensions"
        return
    size, values = source.shape[attrs.axis % rank], indices.array()
    if int(values.min()) < 0 or int(values.max()) >= size:
        yield f"indices from {values.min()} to {values.max()} lie outside {checks.shape(source)}"


def _shape(graph: Graph, op: Op) -> Shape:
    shape = graph.input(op, 0).shape
    axis = op.attributes(Gather).axis % len(shape)
    return (*shape[:axis], *graph.input(op, 1).shape, *shape[axis + 1 :])


def _example(rng: np.random.Generator) -> Graph:
    shape = moving.any_shape(rng)
    axis = int(rng.integers(len(shape) == 4, len(shape)))
    indices = rng.integers(0, shape[axis], rng.integers(1, 9))
    if len(shape) < 4 and rng.integers(2):
        indices = rng.integers(0, shape[axis], (2, 3))
    return moving.moved_example(
        rng,
        "GATHER",
        Gather(axis - len(shape) if rng.integers(2) else axis),
        shape,
        (examples.constant("indices", indices),),
        (*shape[:axis], *indices.shape, *shape[axis + 1 :]),
    )


OPERATOR = Operator(
    kind="GATHER",
    version=2,
    options="GatherOptions",
    takes="any axis, constant indices",
    inputs=(2, 2),
    parse=_parse,
    unparse=_unparse,
    problems=_problems,
    shape=_shape,
    macs=no_macs,
    example=_example,
    fold=taking.fold_of(take),
)
