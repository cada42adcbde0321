"""The network as a picture: layers down, and lines at the left where one reads from further up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mcugen.report.words import Answer

_ROW, _TOP, _LANE, _MARGIN = 24, 20, 14, 16
"""Between two layers, above the first one, between two lines that pass layers, and at the edges."""

_CHARACTER = 6.6
"""The most that a character takes in width."""


@dataclass(frozen=True)
class GraphFrame:
    """``operators`` says whether there is room for them beside names and shapes."""

    name: str
    width: int
    operators: bool


GRAPH_FRAMES = (
    GraphFrame("wide", 1040, operators=True),
    GraphFrame("narrow", 328, operators=False),
)


@dataclass(frozen=True)
class Node:
    """``kind`` is "input", "even" or "odd" as in the arena's picture."""

    y: int
    kind: str
    title: str
    name: str
    operator: str
    shape: str


@dataclass(frozen=True)
class Graph:
    """``lines`` are paths from a node to one that reads it; ``x`` is where nodes stand, the others
    where columns of text begin or, ``shapes``, end."""

    frame: GraphFrame
    height: int
    x: int
    names: int
    operators: int
    shapes: int
    nodes: tuple[Node, ...]
    lines: tuple[str, ...]


def graph_of(build: Answer, frame: GraphFrame) -> Graph:
    layers = build["layers"]
    passing = _lanes(layers)
    x = _MARGIN + _LANE * (max(passing.values(), default=0) + 1)
    names = x + _MARGIN
    return Graph(
        frame=frame,
        height=_TOP + _ROW * len(layers) + _TOP,
        x=x,
        names=names,
        operators=names + frame.width // 3,
        shapes=frame.width - _MARGIN,
        nodes=tuple(_nodes(build, frame, names)),
        lines=tuple(_lines(layers, passing, x)),
    )


def _nodes(build: Answer, frame: GraphFrame, left: int) -> Iterator[Node]:
    shape = "x".join(map(str, build["input"]["shape"][1:]))
    yield Node(_y(-1), "input", f"input: {shape}", "input", "", shape)
    for index, layer in enumerate(build["layers"]):
        room = frame.width - left - _MARGIN - _CHARACTER * (len(layer["output"]) + 2)
        if frame.operators:
            room = frame.width // 3
        yield Node(
            y=_y(index),
            kind=("even", "odd")[index % 2],
            title=f"{index} {layer['name']}: {layer['op']}, {layer['input']} to {layer['output']}",
            name=_cut(f"{index} {layer['name']}", int(room / _CHARACTER)),
            operator=layer["op"] if frame.operators else "",
            shape=layer["output"],
        )


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: max(most - 1, 1)]}…"


def _lanes(layers: Sequence[Answer]) -> dict[tuple[int, int], int]:
    """For each line that passes layers the first lane from the right that is free."""
    spans = sorted(
        (source, index)
        for index, layer in enumerate(layers)
        for source in layer["reads"]
        if source != index - 1
    )
    lanes: dict[tuple[int, int], int] = {}
    for begin, end in sorted(spans, key=lambda span: span[1] - span[0]):
        taken = {lane for (a, b), lane in lanes.items() if a < end and begin < b}
        lanes[begin, end] = next(lane for lane in range(len(spans) + 1) if lane not in taken)
    return lanes


def _lines(layers: Sequence[Answer], passing: dict[tuple[int, int], int], x: int) -> Iterator[str]:
    for index, layer in enumerate(layers):
        for source in layer["reads"]:
            begin, end = _y(source), _y(index)
            if source == index - 1:
                yield f"M{x} {begin}V{end}"
            else:
                lane = x - _LANE * (passing[source, index] + 1)
                yield f"M{x} {begin}C{lane} {begin} {lane} {begin} {lane} {begin + _ROW // 2}" + (
                    f"V{end - _ROW // 2}C{lane} {end} {lane} {end} {x} {end}"
                )


def _y(index: int) -> int:
    """Of a layer; -1 is the model's input."""
    return _TOP + _ROW * (index + 1)
