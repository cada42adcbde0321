"""What SPLIT, SPLIT_V and UNPACK share: each output is a part of the input of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from mcugen.ir import Graph, Op, Shape, Tensor
from mcugen.ops import examples, moving

MOST_OUTPUTS = 64


@dataclass(frozen=True)
class Parts:
    """``part`` says which of the file's outputs is the only one, None as long as all are there."""

    count: int
    part: int | None = None


def part_of(op: Op) -> int:
    """Which part the first output is."""
    return op.attributes(Parts).part or 0


def all_shapes(
    graph: Graph, op: Op, shape: Callable[[Graph, Op], Shape], count: int
) -> Iterator[str]:
    """As many outputs as the options say, each of the shape that the operator gives."""
    attrs = op.attributes(Parts)
    if attrs.part is not None:
        return
    if not attrs.count == len(op.outputs) == count:
        yield f"has {len(op.outputs)} outputs, its options say {attrs.count}, its inputs {count}"
        return
    for part in range(count):
        wanted = shape(graph, replace(op, attrs=replace(attrs, part=part)))
        found = graph.output(op, part).shape
        if found != wanted:
            yield f"output {part} has shape {found}, the operator gives {wanted}"


def split_example(
    rng: np.random.Generator,
    kind: str,
    attrs: Parts,
    inputs: tuple[Tensor, ...],
    outputs: tuple[Shape, ...],
) -> Graph:
    """A graph whose output is one of the parts."""
    quant = examples.any_quant(rng)
    parts = [
        examples.variable(f"part {number}", shape, quant) for number, shape in enumerate(outputs)
    ]
    tensors = [replace(t, quant=t.quant if t.is_constant else quant) for t in inputs] + parts
    numbered = tuple(replace(tensor, id=index) for index, tensor in enumerate(tensors))
    given = tuple(range(len(inputs)))
    made = tuple(range(len(inputs), len(numbered)))
    variables = tuple(t.id for t in numbered[: len(inputs)] if not t.is_constant)
    chosen = made[int(rng.integers(len(made)))]
    return Graph(kind.lower(), numbered, (Op(0, kind, given, made, attrs),), variables, (chosen,))


def any_place(rng: np.random.Generator) -> tuple[Shape, int]:
    """A shape and one of its dimensions, which is not the batch of a picture."""
    shape = moving.any_shape(rng, 5)
    return shape, int(rng.integers(len(shape) == 4, len(shape)))
