"""MIRROR_PAD: margins that repeat what lies at the edge, backwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcugen.ir import Graph, Op, Shape
from mcugen.ops import examples, moving, taking
from mcugen.ops.base import Operator, Options, UnsupportedOptionError, Values, no_macs

_REFLECT, _SYMMETRIC = 0, 1


@dataclass(frozen=True)
class MirrorPad:
    """``mode`` 0 (REFLECT) leaves the edge itself out, 1 (SYMMETRIC) repeats it."""

    mode: int


def _parse(options: Options) -> MirrorPad:
    mode = int(options["Mode"])
    if mode not in (_REFLECT, _SYMMETRIC):
        raise UnsupportedOptionError(f"mode {mode} is neither REFLECT nor SYMMETRIC")
    return MirrorPad(mode)


def _unparse(attrs: MirrorPad) -> Values:
    return {"Mode": attrs.mode}


def take(graph: Graph, op: Op) -> tuple[NDArray[np.int64], ...]:
    mode, shape = op.attributes(MirrorPad).mode, graph.input(op, 0).shape
    return tuple(
        _mirrored(size, int(before), int(after), mode)
        for size, (before, after) in zip(shape, graph.input(op, 1).array(), strict=True)
    )


def _mirrored(size: int, before: int, after: int, mode: int) -> NDArray[np.int64]:
    """Nothing is mirrored twice: a margin is no larger than what there is to mirror."""
    edge = 1 - mode
    indices = np.arange(-before, size + after, dtype=np.int64)
    indices = np.where(indices < 0, -indices - 1 + edge, indices)
    return np.where(indices >= size, 2 * size - 1 - edge - indices, indices)


def _problems(graph: Graph, op: Op) -> Iterator[str]:
    shape, mode = graph.input(op, 0).shape, op.attributes(MirrorPad).mode
    found = [
        *moving.moving_problems(graph, op),
        *moving.constant_integers(graph.input(op, 1), "margins", (len(shape), 2)),
    ]
    yield from found
    if found:
        return
    most = np.array(shape)[:, None] - (1 - mode)
    margins = graph.input(op, 1).array()
    if int(margins.min()) < 0 or (margins > most).any():
        yield "margins must not be negative, nor larger than what there is to mirror"


def _shape(graph: Graph, op: Op) -> Shape:
    margins = graph.input(op, 1).array().astype(np.int64)
    return tuple(
        int(size + pair.sum()) for size, pair in zip(graph.input(op, 0).shape, margins, strict=True)
    )


def _example(rng: np.random.Generator) -> Graph:
    shape, mode = moving.any_shape(rng), int(rng.integers(2))
    most = [min(size - 1 + mode, 3) for size in shape]
    margins = np.array([rng.integers(0, size + 1, 2) for size in most])
    if len(shape) == 4:
        margins[0] = 0
        margins[3] *= int(rng.integers(2))
    after = tuple(int(size) for size in np.array(shape) + margins.sum(axis=1))
    return moving.moved_example(
        rng, "MIRROR_PAD", MirrorPad(mode), shape, (examples.constant("margins", margins),), after
    )


OPERATOR = Operator(
    kind="MIRROR_PAD",
    version=2,
    options="MirrorPadOptions",
    takes="REFLECT and SYMMETRIC, up to 4 dimensions",
    inputs=(2, 2),
    parse=_parse,
    unparse=_unparse,
    problems=_problems,
    shape=_shape,
    macs=no_macs,
    example=_example,
    fold=taking.fold_of(take),
)
