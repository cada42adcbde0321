"""The arena as a picture: time across, a column a step, and addresses up.

This is its geometry, in steps and bytes; ``arena_svg.py`` and ``arena_text.py`` draw it.
"""

from __future__ import annotations

from dataclasses import dataclass

from mcugen.report.words import Answer, plural

_NAMES = {"tensor": "{}", "line": "rows of {}", "scratch": "scratch of {}"}


@dataclass(frozen=True)
class Buffer:
    """A rectangle of the picture: steps [``start``, ``end``), bytes [``offset``, ``top``).

    In a step that runs by rows a tensor may lie on another one's rows that are no longer needed.
    ``tag`` stands for it where its name is too long: the number of the layer that writes it, with
    an s in front for that layer's scratch, and "in" for the model's input. ``kind`` is "tensor",
    "line" for a window on some of its rows, or "scratch".
    """

    tag: str
    name: str
    kind: str
    layer: int | None
    offset: int
    bytes: int
    start: int
    end: int

    @property
    def is_scratch(self) -> bool:
        return self.kind == "scratch"

    @property
    def top(self) -> int:
        return self.offset + self.bytes

    @property
    def alive(self) -> str:
        """Its steps as people read them: 4, or 2 to 3."""
        last = self.end - 1
        return str(last) if self.start == last else f"{self.start} to {last}"

    def bytes_between(self, low: int, high: int) -> int:
        """How many of its bytes have an address in [``low``, ``high``)."""
        return max(0, min(self.top, high) - max(self.offset, low))


@dataclass(frozen=True)
class Arena:
    """``bytes`` is its size, the peak of the plan; ``binding`` are the steps with most bytes
    alive. No plan can do with less than ``lower_bound``; by rows, none that was looked for."""

    buffers: tuple[Buffer, ...]
    steps: int
    bytes: int
    lower_bound: int
    binding: tuple[int, ...]

    def at(self, step: int) -> tuple[Buffer, ...]:
        """What is alive in a step."""
        return tuple(buffer for buffer in self.buffers if buffer.start <= step < buffer.end)


def arena_of(build: Answer) -> Arena:
    """The arena in the answer of ``build``, which is the manifest's."""
    most = max((step["live_bytes"] for step in build["steps"]), default=0)
    return Arena(
        buffers=tuple(_buffer(one) for one in build["buffers"]),
        steps=len(build["steps"]),
        bytes=build["arena_bytes"],
        lower_bound=build["arena_lower_bound"],
        binding=tuple(
            number for number, step in enumerate(build["steps"]) if step["live_bytes"] == most
        ),
    )


def step_name(build: Answer, number: int) -> str:
    """The layer of a step, or the first and the last one, and how many rows at a time."""
    step, layers = build["steps"][number], build["layers"]
    first, last = layers[step["first"]]["name"], layers[step["last"]]["name"]
    if not step["rows"]:
        return str(first)
    names = first if first == last else f"{first} to {last}"
    return f"{names}, {plural(step['rows'], 'row')} at a time"


def _buffer(one: Answer) -> Buffer:
    kind, layer = one["kind"], one["layer"]
    return Buffer(
        tag="in" if layer is None else f"{'s' if kind == 'scratch' else ''}{layer}",
        name=_NAMES[one["kind"]].format(one["name"]),
        kind=kind,
        layer=layer,
        offset=one["offset"],
        bytes=one["bytes"],
        start=one["start"],
        end=one["end"],
    )
