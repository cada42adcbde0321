"""The answer of ``inspect`` as text, from the object that ``--json`` prints."""

from __future__ import annotations

from collections.abc import Sequence

from mcugen.report.layout import Block, Column, Table
from mcugen.report.words import Answer, percentage, plural

_NAME_WIDTH = 26
"""Of a tensor's name; fused names would fill the screen."""


def render_inspect(answer: Answer) -> tuple[Block, ...]:
    """What the model is made of first, what follows from it last."""
    return (
        _title(answer),
        "",
        *_layers(answer),
        "",
        "Tensors",
        _tensors(answer["tensors"]),
        *_pairs(answer["pairs"]),
        "",
        *_kinds(answer),
        *_against_paper(answer),
        "",
        *_activations(answer),
        *_constant_channels(answer),
        "",
        *_support(answer),
    )


def _title(answer: Answer) -> str:
    found = answer["mobilenet_v1"]
    if found is None:
        return f"{answer['model']}: not a MobileNetV1 by its structure"
    return (
        f"{answer['model']}: MobileNetV1, width {found['width']:g}, "
        f"resolution {found['resolution']}, {found['classes']:,} classes"
    )


def _layers(answer: Answer) -> tuple[Block, ...]:
    most = answer["activations"]["bytes"]
    columns = (
        Column("#", number=True),
        Column("layer"),
        Column("kind"),
        Column("input", spare=True),
        Column("output", spare=True),
        Column("kernel"),
        Column("params", number=True),
        Column("MACs", number=True),
        Column("alive ", number=True),
    )
    rows = tuple(
        (
            str(index),
            layer["name"],
            layer["kind"] if layer["known"] else layer["op"],
            layer["input"],
            layer["output"],
            _window(layer),
            f"{layer['parameters']:,}",
            f"{layer['macs']:,}",
            f"{layer['live_bytes']:,}{'*' if layer['live_bytes'] == most else ' '}",
        )
        for index, layer in enumerate(answer["layers"])
    )
    unknown = sum(not layer["known"] for layer in answer["layers"])
    return (
        "Layers (params: weights and biases; alive: bytes of activations)",
        Table(columns, rows),
        *((f"not counted: operators that mcugen does not know ({unknown})",) if unknown else ()),
    )


def _window(layer: Answer) -> str:
    """Kernel and stride, such as ``3x3 s2``."""
    height, width = layer["stride"] or (0, 0)
    stride = f"s{height}" if height == width else f"s{height}x{width}"
    return f"{_by(layer['kernel'])} {stride}" if height else _by(layer["kernel"])


def _by(sizes: Sequence[int] | None) -> str:
    return "x".join(map(str, sizes)) if sizes else ""


def _tensors(tensors: Sequence[Answer]) -> Table:
    columns = (
        Column("id", number=True),
        Column("name"),
        Column("shape"),
        Column("type", spare=True),
        Column("bytes", number=True, spare=True),
        Column("scale"),
        Column("zero point", number=True),
    )
    rows = tuple(
        (
            str(tensor["id"]),
            _short(tensor["name"]),
            _by(tensor["shape"]) or "scalar",
            tensor["dtype"],
            f"{tensor['bytes']:,}",
            _scale(tensor["scales"]),
            " to ".join(map(str, _ends(tensor["zero_points"]))),
        )
        for tensor in tensors
    )
    return Table(columns, rows)


def _short(name: str) -> str:
    """The first of fused names, without as many outer scopes and letters as it takes to fit."""
    parts = name.split(";")[0].split("/")
    while len(parts) > 2 and len("/".join(parts)) > _NAME_WIDTH:
        del parts[0]
    short = "/".join(parts)
    return short if len(short) <= _NAME_WIDTH else f"{short[: _NAME_WIDTH - 3]}..."


def _scale(scales: Sequence[float | None]) -> str:
    """The scale, or the range of a scale a channel."""
    finite = [scale for scale in scales if scale is not None]
    if len(finite) < len(scales):
        return "not finite"
    if len(scales) < 2:
        return "".join(f"{scale:.6g}" for scale in finite)
    return f"{min(finite):.3g} to {max(finite):.3g}"


def _ends(values: Sequence[int]) -> tuple[int, ...]:
    """The least and the largest; one where they are the same."""
    return tuple(sorted({min(values), max(values)})) if values else ()


def _pairs(pairs: Sequence[Answer]) -> tuple[Block, ...]:
    if not pairs:
        return ()
    columns = (
        Column("layers"),
        Column("D_K"),
        Column("M", number=True),
        Column("N", number=True),
        Column("output", spare=True),
        Column("MACs", number=True),
        Column("standard", number=True),
        Column("ratio", number=True),
        Column("1/N + 1/D_K^2", number=True),
    )
    rows = tuple(
        (
            f"{pair['depthwise']} + {pair['pointwise']}",
            _by(pair["kernel"]),
            f"{pair['channels']}" + (f" x {pair['multiplier']}" if pair["multiplier"] > 1 else ""),
            str(pair["units"]),
            pair["output"],
            f"{pair['macs']:,}",
            f"{pair['standard_macs']:,}",
            f"{pair['ratio']:.4f}",
            f"{pair['formula']:.4f}",
        )
        for pair in pairs
    )
    macs, standard = (sum(pair[key] for pair in pairs) for key in ("macs", "standard_macs"))
    return (
        "",
        "Depthwise-separable pairs, and a standard convolution of the same shape",
        Table(columns, rows),
        f"together {macs:,} in place of {standard:,} multiply-adds: {standard / macs:.1f} times "
        "less",
    )


def _kinds(answer: Answer) -> tuple[Block, ...]:
    columns = (
        Column("kind"),
        Column("layers", number=True, spare=True),
        Column("MACs", number=True),
        Column("share", number=True),
        Column("paper", number=True),
        Column("weights", number=True),
        Column("share", number=True),
        Column("paper", number=True),
    )
    rows = tuple(
        (
            kind["kind"],
            str(kind["layers"]),
            f"{kind['macs']:,}",
            f"{kind['macs_share']:.2%}",
            f"{kind['paper_macs_percent']:.2f}%",
            f"{kind['weights']:,}",
            f"{kind['weights_share']:.2%}",
            f"{kind['paper_parameters_percent']:.2f}%",
        )
        for kind in answer["kinds"]
    )
    total = ("all", "", f"{answer['macs']:,}", "", "", f"{answer['weights']:,}", "", "")
    return (
        "By kind, beside Table 2 of the MobileNets paper, which is of 1.0 MobileNet-224",
        Table(columns, (*rows, total)),
        f"weights alone, as the paper counts; biases come on top: {answer['biases']:,}",
        "the paper's 1.19% is a slip for 1.91%: only so does its column add up to 100%",
    )


def _against_paper(answer: Answer) -> tuple[Block, ...]:
    """Multiply-adds and weights in millions, beside the paper's for this width and resolution."""
    found = answer["mobilenet_v1"]
    if found is None:
        return ()
    rows = [("this model", _millions(answer["macs"]), _millions(answer["weights"]))]
    if found["classes"] != 1000:
        rows.append(
            (
                "with 1000 classes",
                _millions(found["macs_of_1000_classes"]),
                _millions(found["weights_of_1000_classes"]),
            )
        )
    paper = found["paper"]
    if paper is not None:
        figures = str(paper["macs_millions"]), str(paper["parameters_millions"])
        rows.append((f"the paper, {paper['table']}", *figures))
    columns = (Column("millions"), Column("MACs", number=True), Column("weights", number=True))
    none = "the paper gives no figures for this width and resolution"
    return ("", Table(columns, tuple(rows)), *(() if paper is not None else (none,)))


def _millions(count: int) -> str:
    return f"{count / 1e6:.2f}"


def _activations(answer: Answer) -> tuple[Block, ...]:
    memory = answer["activations"]
    binding = memory["binding_layer"]
    if binding is None:
        return ("no layer, no memory",)
    how = (
        "counted as the planner does, scratch and sharing of bytes included"
        if memory["counted_by"] == "planner"
        else "counted from lifetimes of tensors alone: no kernels, no scratch, no sharing"
    )
    name = answer["layers"][binding]["name"]
    verdict = "" if memory["bytes"] <= memory["available"] else ": it does not fit"
    return (
        f"* layer {binding} `{name}` binds: {memory['bytes']:,} bytes of activations",
        f"  {answer['board']} has {memory['available']:,} for them{verdict}",
        f"  {how}",
    )


def _constant_channels(answer: Answer) -> tuple[Block, ...]:
    """News for whoever trained the model."""
    found = answer["constant_channels"]
    if found is None or found["constant"] == 0:
        return ()
    saved = percentage(answer["macs"] - found["macs_without"], answer["macs"])
    return (
        "",
        f"{found['constant']:,} of {plural(found['channels'], 'channel')} have one value whatever"
        " the input is",
        f"  without those that nothing else needs, it would take {saved:g} % fewer multiply-adds",
    )


def _support(answer: Answer) -> tuple[Block, ...]:
    if answer["supported"]:
        return ("supported: mcugen compiles every operator exactly",)
    verdict = f" {answer['verdict']}" if answer["verdict"] else ""
    return (f"not supported:{verdict}", *(f"  {one['text']}" for one in answer["unsupported"]))
