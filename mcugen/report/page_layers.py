"""What the HTML report shows of each layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mcugen.report.quantisation import LayerScales, Scales
from mcugen.report.verify import counted
from mcugen.report.words import Answer, executions, number, percentage, plural, ratio


@dataclass(frozen=True)
class Count:
    """What a layer cost; ``share`` is its percentage of the costliest layer."""

    text: str
    share: float


@dataclass(frozen=True)
class LayerRow:
    """``state`` is that of a verdict, ``equal`` says it in words."""

    index: int
    name: str
    op: str
    kernel: str
    input: str
    output: str
    macs: str
    counts: tuple[Count, ...]
    per_mac: str
    scratch: str
    alive: str
    binds: bool
    state: str
    equal: str


@dataclass(frozen=True)
class ScalesView:
    scale: str
    zero_point: str


@dataclass(frozen=True)
class ScalesRow:
    index: int
    name: str
    inputs: tuple[ScalesView, ...]
    weights: str
    granularity: str
    output: ScalesView | None


def count_names(found: Answer) -> tuple[str, ...]:
    layers = found["layer_details"]
    return tuple(name for name in counted(layers) if layers[0][name] is not None)


def layer_rows(build: Answer, found: Answer | None) -> Iterator[LayerRow]:
    names = () if found is None else count_names(found)
    details: Sequence[Answer] = [{}] * len(build["layers"])
    if found is not None:
        details = found["layer_details"]
    most = {name: max(detail[name] for detail in details) for name in names}
    fullest = max(layer["live_bytes"] for layer in build["layers"])
    for index, (layer, detail) in enumerate(zip(build["layers"], details, strict=True)):
        state, equal = _equal(detail, found)
        yield LayerRow(
            index=index,
            name=layer["name"],
            op=layer["op"],
            kernel=layer["kernel"],
            input=layer["input"],
            output=layer["output"],
            macs=number(layer["macs"]),
            counts=tuple(
                Count(number(detail[name]), percentage(detail[name], most[name])) for name in names
            ),
            per_mac=ratio(detail[names[-1]], layer["macs"]) if names else "",
            scratch=number(layer["scratch_bytes"]),
            alive=number(layer["live_bytes"]),
            binds=layer["live_bytes"] == fullest,
            state=state,
            equal=equal,
        )


def _equal(detail: Answer, found: Answer | None) -> tuple[str, str]:
    if found is None:
        return "open", "not verified"
    if not detail["equal"]:
        return "no", "differs"
    return "yes", ", ".join(executions(found)[1:])


def scales_row(index: int, name: str, one: LayerScales) -> ScalesRow:
    weights = one.weights
    return ScalesRow(
        index=index,
        name=name,
        inputs=tuple(_scales(scales) for scales in one.inputs),
        weights="" if weights is None else _range(weights),
        granularity="" if weights is None else _granularity(weights),
        output=None if one.output is None else _scales(one.output),
    )


def _scales(scales: Scales) -> ScalesView:
    zero = scales.zero_point
    return ScalesView(_range(scales), "several" if zero is None else f"{zero}")


def _range(scales: Scales) -> str:
    low, high = f"{scales.lowest:.6g}", f"{scales.highest:.6g}"
    return low if scales.channels == 1 else f"{low} … {high}"


def _granularity(scales: Scales) -> str:
    return "tensor" if scales.channels == 1 else plural(scales.channels, "channel")
