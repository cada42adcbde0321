"""What RESIZE_NEAREST_NEIGHBOR and RESIZE_BILINEAR share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from mcugen.ir import Graph, Op, Shape
from mcugen.ops import checks, examples, moving
from mcugen.ops.base import Options, Values, integers
from mcugen.ops.padding import Pair


@dataclass(frozen=True)
class Resize:
    """How places of the output map to places of the input."""

    align_corners: bool
    half_pixel_centers: bool


ResizeT = TypeVar("ResizeT", bound=Resize)


def parse_resize(kind: type[ResizeT], options: Options) -> ResizeT:
    return kind(bool(options["AlignCorners"]), bool(options["HalfPixelCenters"]))


def unparse_resize(attrs: Resize) -> Values:
    return {"AlignCorners": attrs.align_corners, "HalfPixelCenters": attrs.half_pixel_centers}


def wanted_size(graph: Graph, op: Op) -> Pair:
    height, width = integers(graph.input(op, 1).array())
    return height, width


def resize_problems(graph: Graph, op: Op) -> Iterator[str]:
    source, output = graph.input(op, 0), graph.output(op)
    for tensor, what in ((source, "input"), (output, "output")):
        yield from checks.int8_activation(tensor, what)
        yield from checks.image(tensor, what)
    found = list(moving.constant_integers(graph.input(op, 1), "size", (2,)))
    yield from found
    attrs = op.attributes(Resize)
    if attrs.align_corners and attrs.half_pixel_centers:
        yield "aligns corners and centers of pixels at once: one of them is supported"


def resize_shape(graph: Graph, op: Op) -> Shape:
    batch, _, _, channels = graph.input(op, 0).shape
    return (batch, *wanted_size(graph, op), channels)


def resize_example(kind: str, attributes: type[Resize], rng: np.random.Generator) -> Graph:
    before, after = examples.any_pair(rng, 1, 9), examples.any_pair(rng, 1, 14)
    if rng.integers(3):
        after = (before[0] * 2, before[1] * 2)
    how = [(False, False), (True, False), (False, True)][rng.integers(3)]
    channels = int(rng.integers(1, 9))
    return moving.moved_example(
        rng,
        kind,
        attributes(*how),
        (1, *before, channels),
        (examples.constant("size", np.array(after)),),
        (1, *after, channels),
    )
