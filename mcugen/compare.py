"""Two builds side by side: totals, and layers as far as they correspond."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from typing import Any

from mcugen.manifest import Layer, Manifest


@dataclass(frozen=True)
class Recorded:
    """A build, and what was found of it: ``instructions`` of each layer as simulation counted them,
    at most, and ``total_instructions`` of one run; the deepest stack; None where it was not run;
    accuracy over ``pictures`` of ``dataset``,
    None where it was not evaluated."""

    manifest: Manifest
    instructions: tuple[int, ...] | None = None
    total_instructions: int | None = None
    stack_bytes: int | None = None
    accuracy: float | None = None
    pictures: int = 0
    dataset: str = ""


@dataclass(frozen=True)
class Figure:
    """One number of both builds; None where one lacks it. ``unit`` is "bytes", "" for a count, or
    "%" for a share between 0 and 1."""

    name: str
    unit: str
    old: float | None
    new: float | None

    @property
    def change(self) -> float | None:
        return None if self.old is None or self.new is None else self.new - self.old

    @property
    def share(self) -> float | None:
        """The change as a part of the old number; None where that is none or 0."""
        return None if self.change is None or not self.old else self.change / self.old


@dataclass(frozen=True)
class LayerFigures:
    """What a layer takes; ``instructions`` are of the kind that the comparison says."""

    index: int
    name: str
    op: str
    kernel: str
    instructions: int
    weights_bytes: int
    live_bytes: int


@dataclass(frozen=True)
class LayerPair:
    """A layer of both builds; None in that which lacks it."""

    old: LayerFigures | None
    new: LayerFigures | None

    @property
    def differs(self) -> bool:
        """In more than its number."""
        if self.old is None or self.new is None:
            return True
        return any(
            getattr(self.old, name) != getattr(self.new, name)
            for name in ("op", "kernel", "instructions", "weights_bytes", "live_bytes")
        )


@dataclass(frozen=True)
class Comparison:
    """``counted`` says whether instructions were counted, in both; they are estimates otherwise.
    ``notes`` are what keeps the two from being like for like."""

    old: str
    new: str
    counted: bool
    notes: tuple[str, ...]
    totals: tuple[Figure, ...]
    layers: tuple[LayerPair, ...]

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "status": "ok"}


def compare_builds(old: Recorded, new: Recorded) -> Comparison:
    """``old`` before, ``new`` after."""
    counted = old.instructions is not None and new.instructions is not None
    before, after = _layers(old, counted=counted), _layers(new, counted=counted)
    return Comparison(
        old=_title(old),
        new=_title(new),
        counted=counted,
        notes=tuple(_notes(old, new)),
        totals=tuple(_totals(old, new, counted=counted)),
        layers=tuple(_pairs(before, after)),
    )


def _title(one: Recorded) -> str:
    return f"{one.manifest.model} on {one.manifest.board}"


def _notes(old: Recorded, new: Recorded) -> Iterator[str]:
    one, two = old.manifest, new.manifest
    if one.model_sha256 != two.model_sha256:
        yield "the models differ"
    if one.board != two.board:
        yield "the boards differ"
    if one.mcugen != two.mcugen:
        yield f"mcugen {one.mcugen} before, {two.mcugen} after"
    if one.toolchain != two.toolchain:
        yield "the compilers differ"
    if (old.instructions is None) != (new.instructions is None):
        lacking = "old" if old.instructions is None else "new"
        yield f"the {lacking} build was not verified: instructions of both are estimates"
    if _accuracies(old, new) and (old.pictures, old.dataset) != (new.pictures, new.dataset):
        yield "accuracies are over other pictures"


def _accuracies(old: Recorded, new: Recorded) -> bool:
    return old.accuracy is not None and new.accuracy is not None


def _totals(old: Recorded, new: Recorded, *, counted: bool) -> Iterator[Figure]:
    for name, field in (
        ("RAM", "ram_bytes"),
        ("arena", "arena_bytes"),
        ("flash", "flash_bytes"),
        ("weights", "weights_bytes"),
        ("code", "code_bytes"),
    ):
        yield Figure(name, "bytes", getattr(old.manifest, field), getattr(new.manifest, field))
    instructions = [_instructions(one, counted=counted) for one in (old, new)]
    yield Figure("instructions" if counted else "instructions, estimated", "", *instructions)
    yield Figure("multiply-adds", "", old.manifest.macs, new.manifest.macs)
    if old.stack_bytes is not None or new.stack_bytes is not None:
        yield Figure("deepest stack", "bytes", old.stack_bytes, new.stack_bytes)
    if old.accuracy is not None or new.accuracy is not None:
        yield Figure("accuracy", "%", old.accuracy, new.accuracy)


def _instructions(one: Recorded, *, counted: bool) -> int:
    """Of a run, which may be less than the most of every layer; estimates of layers by rows have
    more than their layers'."""
    return one.total_instructions if counted and one.total_instructions else one.manifest.cost


def _layers(one: Recorded, *, counted: bool) -> tuple[LayerFigures, ...]:
    layers = one.manifest.layers
    estimated = [layer.cost for layer in layers]
    instructions = one.instructions if counted and one.instructions else estimated
    return tuple(
        _figures(index, layer, count)
        for index, (layer, count) in enumerate(zip(layers, instructions, strict=True))
    )


def _figures(index: int, layer: Layer, instructions: int) -> LayerFigures:
    return LayerFigures(
        index=index,
        name=layer.name,
        op=layer.op,
        kernel=layer.kernel,
        instructions=instructions,
        weights_bytes=layer.weights_bytes,
        live_bytes=layer.live_bytes,
    )


def _pairs(old: Sequence[LayerFigures], new: Sequence[LayerFigures]) -> Iterator[LayerPair]:
    """By name, in order; between layers of the same names, those of the same operators."""
    for gap_old, gap_new in _aligned(old, new, "name"):
        if len(gap_old) == len(gap_new) == 1 and gap_old[0].name == gap_new[0].name:
            yield LayerPair(gap_old[0], gap_new[0])
            continue
        for one, two in _aligned(gap_old, gap_new, "op"):
            if len(one) == len(two) == 1 and one[0].op == two[0].op:
                yield LayerPair(one[0], two[0])
                continue
            yield from (LayerPair(layer, None) for layer in one)
            yield from (LayerPair(None, layer) for layer in two)


def _aligned(
    old: Sequence[LayerFigures], new: Sequence[LayerFigures], key: str
) -> Iterator[tuple[Sequence[LayerFigures], Sequence[LayerFigures]]]:
    """Layers with the same ``key`` one by one, and what lies between them together."""
    before, after = ([getattr(one, key) for one in layers] for layers in (old, new))
    for kind, low, high, first, last in SequenceMatcher(None, before, after, False).get_opcodes():
        if kind == "equal":
            for one, two in zip(old[low:high], new[first:last], strict=True):
                yield [one], [two]
        else:
            yield old[low:high], new[first:last]
