"""The arena as a picture: time across, a column a step, and addresses up.

This is its geometry, in steps and bytes; ``arena_svg.py`` and ``arena_text.py`` draw it.
"""

from __future__ import annotations

from dataclasses import dataclass

from mcugen.report.words import Answer


@dataclass(frozen=True)
class Buffer:
    """A rectangle of the picture: steps [``start``, ``end``), bytes [``offset``, ``top``).

    ``tag`` stands for it where its name is too long: the number of the layer that writes it, with
    an s in front for that layer's scratch, and "in" for the model's input.
    """

    tag: str
    name: str
    is_scratch: bool
    layer: int | None
    offset: int
    bytes: int
    start: int
    end: int

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
    """``bytes`` is its size, the peak of the plan; ``binding`` are the steps that need as many
    bytes as ``lower_bound`` says."""

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
    bound = build["arena_lower_bound"]
    return Arena(
        buffers=tuple(_buffer(one) for one in build["buffers"]),
        steps=len(build["layers"]),
        bytes=build["arena_bytes"],
        lower_bound=bound,
        binding=tuple(
            step for step, layer in enumerate(build["layers"]) if layer["live_bytes"] == bound
        ),
    )


def _buffer(one: Answer) -> Buffer:
    is_scratch, layer = one["kind"] == "scratch", one["layer"]
    return Buffer(
        tag="in" if layer is None else f"{'s' if is_scratch else ''}{layer}",
        name=f"scratch of {one['name']}" if is_scratch else one["name"],
        is_scratch=is_scratch,
        layer=layer,
        offset=one["offset"],
        bytes=one["bytes"],
        start=one["start"],
        end=one["end"],
    )
