"""HARD_SWISH: x * min(max(x + 3, 0), 6) / 6, in 16-bit fixed point."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mcugen import numerics
from mcugen.ir import Graph, Op, Quant
from mcugen.ops import elementwise, examples
from mcugen.ops.base import (
    NoAttrs,
    Operator,
    no_macs,
    parse_nothing,
    same_shape,
    unparse_nothing,
)


@dataclass(frozen=True)
class Scales:
    """16-bit multipliers and their exponents: of x onto the output's scale, and onto 3 / 32768."""

    output: tuple[int, int]
    reluish: tuple[int, int]


def scales(source: Quant, output: Quant) -> Scales:
    """TFLite ``HardSwishPrepare``; the input is taken times 128."""
    hires = source.scale / 128
    return Scales(
        _multiplier(elementwise.ratio(hires, output.scale)), _multiplier(hires / (3 / 32768))
    )


def _is_clear_cut(graph: Graph, op: Op) -> bool:
    """Whether TFLite's division in float32 gives the same multipliers."""
    source, output = graph.input(op, 0).qparams, graph.output(op).qparams
    hires = np.float32(source.scale / 128)
    narrow = (hires / np.float32(output.scale), hires / np.float32(3 / 32768))
    return scales(source, output) == Scales(*(_multiplier(float(scale)) for scale in narrow))


def _multiplier(scale: float) -> tuple[int, int]:
    """``DownScaleInt32ToInt16Multiplier``; an exponent out of reach for an infinite scale."""
    if not math.isfinite(scale):
        return 0, 32
    multiplier, exponent = numerics.quantize_multiplier(scale)
    return min((multiplier + 2**15) >> 16, 2**15 - 1), exponent


def _problems(graph: Graph, op: Op) -> Iterator[str]:
    found = elementwise.int8_edges(graph, op)
    yield from found
    if found:
        return
    source, output = graph.input(op, 0).qparams, graph.output(op).qparams
    both = scales(source, output)
    if not -15 <= both.output[1] <= 0:
        size = "large" if both.output[1] < 0 else "small"
        yield (
            f"output scale {output.scale:g} is too {size} for input scale "
            f"{source.scale:g}: the reference shifts by 0 to 15 bits"
        )
    if not -15 <= both.reluish[1] <= 15:
        yield f"input scale {source.scale:g} is out of the reference's range"


def _example(rng: np.random.Generator) -> Graph:
    return elementwise.first(lambda: _any_example(rng), _is_clear_cut)


def _any_example(rng: np.random.Generator) -> Graph:
    source = examples.any_quant(rng)
    least = max(source.scale / 64, 0.002)
    output = Quant((examples.any_scale(rng, least, 0.2),), examples.any_quant(rng).zero_points)
    return elementwise.example(rng, "HARD_SWISH", NoAttrs(), source, output)


OPERATOR = Operator(
    kind="HARD_SWISH",
    version=1,
    options="HardSwishOptions",
    takes="scales within 16-bit shifts",
    inputs=(1, 1),
    parse=parse_nothing,
    unparse=unparse_nothing,
    problems=_problems,
    shape=same_shape,
    macs=no_macs,
    example=_example,
)
