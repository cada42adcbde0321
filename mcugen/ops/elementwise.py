"""What int8 functions of one value share: their conditions and their random examples."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from mcugen import numerics
from mcugen.ir import Graph, Op, Quant
from mcugen.ops import checks, examples
from mcugen.ops.base import NoAttrs


def int8_edges(graph: Graph, op: Op) -> list[str]:
    """What keeps input and output from being int8 tensors with one usable quantisation each."""
    return [
        *checks.int8_activation(graph.input(op, 0), "input"),
        *checks.int8_activation(graph.output(op), "output"),
    ]


def ratio(before: float, after: float) -> float:
    """``before / after`` in float64; infinite where that is too large.

    TFLite Micro divides so, whose answer decides. TFLite divides in float32, which moves an answer
    by one where it lies within 1e-7 or so of the middle between two.
    """
    return before / after if after > before * 2.0**-1000 else math.inf


def is_clear_cut(answers: NDArray[np.float64]) -> bool:
    """Whether no answer, in steps of the output, is so near to such a middle."""
    distances = np.abs(answers % 1 - 0.5)
    return bool((distances > 1e-9 + 2.5e-7 * np.abs(answers)).all())


def scales_clear_cut(*scales: float) -> bool:
    """``is_clear_cut`` of any int8 value less a zero point, times each of the scales."""
    return all(is_clear_cut(np.arange(256) * scale) for scale in scales)


def every_real(source: Quant) -> NDArray[np.float64]:
    """What the 256 int8 values stand for, -128 first."""
    return source.scale * (np.arange(-128, 128, dtype=np.float64) - source.zero_point)


def first(make: Callable[[], Graph], holds: Callable[[Graph, Op], bool]) -> Graph:
    """The first random example that is what both references agree on."""
    while True:
        graph = make()
        if holds(graph, graph.ops[0]):
            return graph


def rescalable(scale: float) -> Iterator[str]:
    """Any int8 input less any zero point, times ``scale``, stays inside 32 bits."""
    if checks.overflows(255, checks.left_shift(scale)):
        yield "the output scale is too small for the input scale: the reference overflows"


def fixed_point_problems(graph: Graph, op: Op, output_quant: Quant) -> Iterator[str]:
    """Of a function that the references compute from Q4.27 onto the one scale it has."""
    found = int8_edges(graph, op)
    yield from found
    if found:
        return
    source, output = graph.input(op, 0).qparams, graph.output(op).qparams
    if (output.scale, output.zero_point) != (output_quant.scale, output_quant.zero_point):
        yield (
            f"output has scale {output.scale:g} and zero point {output.zero_point}: "
            f"the operator gives 1/{round(1 / output_quant.scale)} and "
            f"{output_quant.zero_point} only"
        )
    shift = math.frexp(source.scale * 2.0 ** (31 - numerics.SIGMOID_INTEGER_BITS))[1]
    if not 0 <= shift <= 62:
        yield f"input scale {source.scale:g} is out of the reference's range"


def example(
    rng: np.random.Generator,
    kind: str,
    attrs: object,
    source: Quant | None = None,
    output: Quant | None = None,
) -> Graph:
    """A picture of few pixels; any quantisation where none is given."""
    shape = (1, *examples.any_pair(rng, 1, 9), int(rng.integers(1, 5)))
    return examples.single(
        kind,
        attrs,
        (examples.variable("input", shape, source or examples.any_quant(rng)),),
        examples.variable("output", shape, output or examples.any_quant(rng)),
    )


def rescale(graph: Graph, op: Op) -> float:
    """TFLite ``ReluPrepare`` and ``SetAbsOutputMultiplier``: input scale / output scale."""
    return ratio(graph.input(op, 0).qparams.scale, graph.output(op).qparams.scale)


def rescaling_problems(graph: Graph, op: Op) -> Iterator[str]:
    """Of an operator that is exact with any ``rescale`` that the reference takes."""
    found = int8_edges(graph, op)
    yield from found
    if not found:
        yield from rescalable(rescale(graph, op))


def rescaling_example(rng: np.random.Generator, kind: str) -> Graph:
    """On whose ``rescale`` both references agree."""
    return first(
        lambda: example(rng, kind, NoAttrs()),
        lambda graph, op: scales_clear_cut(rescale(graph, op)),
    )
