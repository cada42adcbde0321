"""What the HTML report shows of each layer's kernel: what the others would have cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mcugen.report.words import Answer, number, ratio

_FEW = 6
"""So many channels are listed one by one."""


@dataclass(frozen=True)
class OtherKernel:
    """A kernel that was not chosen; ``times`` is its cost against the chosen one's."""

    name: str
    cost: str
    times: str


@dataclass(frozen=True)
class KernelRow:
    """Costs are instructions, as estimated; ``constant`` are the channels that were left out."""

    index: int
    name: str
    kernel: str
    cost: str
    others: tuple[OtherKernel, ...]
    constant: str


def kernel_rows(build: Answer) -> Iterator[KernelRow]:
    for index, layer in enumerate(build["layers"]):
        yield KernelRow(
            index=index,
            name=layer["name"],
            kernel=layer["kernel"],
            cost=number(layer["cost"]),
            others=tuple(
                OtherKernel(
                    other["kernel"], number(other["cost"]), ratio(other["cost"], layer["cost"])
                )
                for other in layer["others"]
            ),
            constant=_constant(layer),
        )


def _constant(layer: Answer) -> str:
    """Channels and their values, or how many there are."""
    left_out = layer["left_out"]
    if not left_out:
        return ""
    if len(left_out) <= _FEW:
        return ", ".join(f"{channel}: {value}" for channel, value in left_out)
    return f"{len(left_out)} of {layer['shape'][-1]}"
