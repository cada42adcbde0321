"""What the HTML report shows of where instructions and weights are, by kind and by layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mcugen.report.words import Answer, number, percentage


@dataclass(frozen=True)
class Part:
    """A count, its percentage of all, and of the largest one beside it for a bar."""

    text: str
    share: str
    bar: float


@dataclass(frozen=True)
class KindRow:
    kind: str
    layers: str
    instructions: Part
    macs: Part
    weights: Part


@dataclass(frozen=True)
class ShareRow:
    """``reads`` are the layers whose outputs it reads, "input" for the model's."""

    index: int
    name: str
    op: str
    reads: str
    instructions: Part
    weights: Part


@dataclass(frozen=True)
class Shares:
    """``counted`` says whether instructions were counted; they are estimates otherwise."""

    counted: bool
    kinds: tuple[KindRow, ...]
    layers: tuple[ShareRow, ...]


def shares_of(build: Answer, found: Answer | None) -> Shares:
    counts = _counted(found)
    instructions = counts or [layer["cost"] for layer in build["layers"]]
    return Shares(
        counted=counts is not None,
        kinds=tuple(_kinds(build["layers"], instructions)),
        layers=tuple(_layers(build["layers"], instructions)),
    )


def _counted(found: Answer | None) -> Sequence[int] | None:
    """Of each layer, as simulation counted them."""
    if found is None or found["instructions"] is None:
        return None
    return [layer["instructions"] for layer in found["layer_details"]]


def _kinds(layers: Sequence[Answer], instructions: Sequence[int]) -> Iterator[KindRow]:
    """The costliest one first."""
    kinds = tuple(dict.fromkeys(layer["op"] for layer in layers))
    of = [[place for place, layer in enumerate(layers) if layer["op"] == kind] for kind in kinds]
    columns = [
        _parts([sum(counts[place] for place in places) for places in of])
        for counts in (
            instructions,
            [layer["macs"] for layer in layers],
            [layer["weights_bytes"] for layer in layers],
        )
    ]
    rows = zip(kinds, of, *columns, strict=True)
    for kind, places, *parts in sorted(rows, key=lambda row: -row[2].bar):
        yield KindRow(kind, number(len(places)), *parts)


def _layers(layers: Sequence[Answer], instructions: Sequence[int]) -> Iterator[ShareRow]:
    costs, weights = _parts(instructions), _parts([layer["weights_bytes"] for layer in layers])
    for index, layer in enumerate(layers):
        yield ShareRow(
            index=index,
            name=layer["name"],
            op=layer["op"],
            reads=", ".join("input" if one < 0 else str(one) for one in layer["reads"]),
            instructions=costs[index],
            weights=weights[index],
        )


def _parts(counts: Sequence[int]) -> list[Part]:
    total, most = sum(counts), max(counts, default=0)
    return [
        Part(
            number(count),
            f"{percentage(count, total):.1f}\N{NO-BREAK SPACE}%",
            percentage(count, most),
        )
        for count in counts
    ]
