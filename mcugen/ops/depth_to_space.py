"""DEPTH_TO_SPACE: channels become blocks of pixels."""

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
class DepthToSpace:
    """Blocks are ``block`` pixels high and wide."""

    block: int


def _parse(options: Options) -> DepthToSpace:
    return DepthToSpace(int(options["BlockSize"]))


def _unparse(attrs: DepthToSpace) -> Values:
    return {"BlockSize": attrs.block}


def _move(graph: Graph, op: Op, source: NDArray[Any]) -> NDArray[Any]:
    block = op.attributes(DepthToSpace).block
    batch, height, width, channels = source.shape
    depth = channels // block**2
    blocks = source.reshape(batch, height, width, block, block, depth)
    return blocks.transpose(0, 1, 3, 2, 4, 5)


def _problems(graph: Graph, op: Op) -> Iterator[str]:
    source, block = graph.input(op, 0), op.attributes(DepthToSpace).block
    yield from moving.moving_problems(graph, op)
    found = list(checks.image(source, "input"))
    yield from found
    if found:
        return
    if block < 1:
        yield f"block size {block} is not positive"
    elif source.shape[3] % block**2:
        yield f"{source.shape[3]} channels are not whole blocks of {block}x{block}"


def _shape(graph: Graph, op: Op) -> Shape:
    block = op.attributes(DepthToSpace).block
    batch, height, width, channels = graph.input(op, 0).shape
    return (batch, height * block, width * block, channels // block**2)


def _example(rng: np.random.Generator) -> Graph:
    block, depth = int(rng.integers(1, 5)), int(rng.integers(1, 6))
    height, width = examples.any_pair(rng, 1, 5)
    before = (1, height, width, depth * block**2)
    after = (1, height * block, width * block, depth)
    return moving.moved_example(rng, "DEPTH_TO_SPACE", DepthToSpace(block), before, (), after)


OPERATOR = Operator(
    kind="DEPTH_TO_SPACE",
    version=1,
    options="DepthToSpaceOptions",
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
