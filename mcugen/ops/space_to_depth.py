"""SPACE_TO_DEPTH: blocks of pixels become channels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcugen.ir import Graph, Op, Shape
from mcugen.ops import checks, examples, moving
from mcugen.ops.base import Operator, Options, Values, no_macs


@dataclass(frozen=True)
class SpaceToDepth:
    """Blocks are ``block`` pixels high and wide."""

    block: int


def _parse(options: Options) -> SpaceToDepth:
    return SpaceToDepth(int(options["BlockSize"]))


def _unparse(attrs: SpaceToDepth) -> Values:
    return {"BlockSize": attrs.block}


def _move(graph: Graph, op: Op, source: NDArray[Any]) -> NDArray[Any]:
    block = op.attributes(SpaceToDepth).block
    batch, height, width, channels = source.shape
    blocks = source.reshape(batch, height // block, block, width // block, block, channels)
    return blocks.transpose(0, 1, 3, 2, 4, 5)


def _problems(graph: Graph, op: Op) -> Iterator[str]:
    source, block = graph.input(op, 0), op.attributes(SpaceToDepth).block
    yield from moving.moving_problems(graph, op)
    found = list(checks.image(source, "input"))
    yield from found
    if found:
        return
    if block < 1:
        yield f"block size {block} is not positive"
    elif source.shape[1] % block or source.shape[2] % block:
        yield f"{source.shape[1]}x{source.shape[2]} pixels are not whole blocks of {block}x{block}"


def _shape(graph: Graph, op: Op) -> Shape:
    block = op.attributes(SpaceToDepth).block
    batch, height, width, channels = graph.input(op, 0).shape
    return (batch, height // block, width // block, channels * block**2)


def _example(rng: np.random.Generator) -> Graph:
    block, depth = int(rng.integers(1, 5)), int(rng.integers(1, 6))
    height, width = examples.any_pair(rng, 1, 5)
    before = (1, height * block, width * block, depth)
    after = (1, height, width, depth * block**2)
    return moving.moved_example(rng, "SPACE_TO_DEPTH", SpaceToDepth(block), before, (), after)


OPERATOR = Operator(
    kind="SPACE_TO_DEPTH",
    version=1,
    options="SpaceToDepthOptions",
    takes="any block size",
    inputs=(1, 1),
    parse=_parse,
    unparse=_unparse,
    problems=_problems,
    shape=_shape,
    macs=no_macs,
    example=_example,
    fold=moving.fold_of(_move),
    move=_move,
)
