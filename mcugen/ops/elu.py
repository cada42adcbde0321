"""ELU: x where it is positive, exp(x) - 1 where it is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcugen.ir import Graph, Op, Quant
from mcugen.numerics import Int64Array
from mcugen.ops import elementwise
from mcugen.ops.base import (
    NoAttrs,
    Operator,
    no_macs,
    parse_nothing,
    same_shape,
    unparse_nothing,
)

_LEAST_SCALE = 2.0**-126


def tables(source: Quant, output: Quant) -> Iterator[Int64Array]:
    """The answers to -128 to 127, less the zero point: in float64, then in ways that may differ.

    TFLite Micro fills a table with ``exp(x) - 1`` in floats (``PopulateLookupTable``). How many
    bits its compiler keeps between the steps is not known, and an ``exp`` may be one float off.
    """
    real = elementwise.every_real(source)
    yield _quantised(np.where(real < 0, np.expm1(np.minimum(real, 0)), real) / output.scale)
    narrow = (np.float32(source.scale) * (np.arange(-128, 128) - source.zero_point)).astype(
        np.float32
    )
    exp = np.exp(np.minimum(narrow, 0).astype(np.float64)).astype(np.float32)
    for one in (exp, np.nextafter(exp, np.float32(0)), np.nextafter(exp, np.float32(2))):
        answers = np.where(narrow < 0, one - np.float32(1), narrow)
        yield _quantised(answers * (np.float32(1) / np.float32(output.scale)))


def _quantised(scaled: NDArray[Any]) -> Int64Array:
    """Rounded half away from zero, and kept within what clamps to int8."""
    wide = scaled.astype(np.float64)
    rounded = np.copysign(np.floor(np.abs(wide) + 0.5), wide)
    return np.clip(rounded, -256, 256).astype(np.int64)


def _problems(graph: Graph, op: Op) -> Iterator[str]:
    found = elementwise.int8_edges(graph, op)
    yield from found
    if found:
        return
    source, output = graph.input(op, 0).qparams, graph.output(op).qparams
    if output.scale < _LEAST_SCALE:
        yield f"output scale {output.scale:g} is too small to be inverted in float32"
        return
    found = list(elementwise.rescalable(elementwise.ratio(source.scale, output.scale)))
    yield from found
    if found:
        return
    first, *others = (
        np.clip(table + output.zero_point, -128, 127) for table in tables(source, output)
    )
    if any((table != first).any() for table in others):
        yield "an answer lies so near to the middle of two that the reference's compiler decides"


def _example(rng: np.random.Generator) -> Graph:
    return elementwise.first(
        lambda: elementwise.example(rng, "ELU", NoAttrs()),
        lambda graph, op: not list(_problems(graph, op)),
    )


OPERATOR = Operator(
    kind="ELU",
    version=1,
    options="",
    takes="any scales",
    inputs=(1, 1),
    parse=parse_nothing,
    unparse=unparse_nothing,
    problems=_problems,
    shape=same_shape,
    macs=no_macs,
    example=_example,
)
