"""PAD: margins of zero points."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mcugen.ir import DType, Graph, Op, Shape
from mcugen.ops import checks, examples
from mcugen.ops.base import NoAttrs, Operator, no_macs, parse_nothing, unparse_nothing


def margins(graph: Graph, op: Op) -> tuple[tuple[int, int], ...]:
    """(before, after) of each dimension."""
    return tuple((int(before), int(after)) for before, after in graph.input(op, 1).array())


def _problems(graph: Graph, op: Op) -> Iterator[str]:
    source, pads, output = graph.input(op, 0), graph.input(op, 1), graph.output(op)
    for tensor, what in ((source, "input"), (output, "output")):
        yield from checks.int8_activation(tensor, what)
        yield from checks.single_batch(tensor, what)
    if len(source.shape) > 4:
        yield f"input has {len(source.shape)} dimensions: at most 4 are supported"
    if pads.dtype is not DType.INT32 or not pads.is_constant:
        yield "margins must be constant int32 values"
    elif pads.shape != (len(source.shape), 2):
        yield f"margins have shape {checks.shape(pads)} for {len(source.shape)} dimensions"
    elif int(pads.array().min()) < 0:
        yield "margins must not be negative"


def _shape(graph: Graph, op: Op) -> Shape:
    pairs = zip(graph.input(op, 0).shape, margins(graph, op), strict=True)
    return tuple(size + before + after for size, (before, after) in pairs)


def _example(rng: np.random.Generator) -> Graph:
    shape: Shape = (1, *examples.any_pair(rng, 1, 8), int(rng.integers(1, 9)))
    pads = rng.integers(0, 4, (4, 2))
    pads[0] = 0
    if rng.integers(2):
        pads[3] = 0
    if not rng.integers(4):
        shape, pads = shape[1:], pads[1:]
    quant = examples.any_quant(rng)
    after = tuple(int(size) for size in np.array(shape) + pads.sum(axis=1))
    return examples.single(
        "PAD",
        NoAttrs(),
        (examples.variable("input", shape, quant), examples.constant("margins", pads)),
        examples.variable("output", after, quant),
    )


OPERATOR = Operator(
    kind="PAD",
    version=2,
    options="PadOptions",
    takes="with the zero point",
    inputs=(2, 2),
    parse=parse_nothing,
    unparse=unparse_nothing,
    problems=_problems,
    shape=_shape,
    macs=no_macs,
    example=_example,
)
