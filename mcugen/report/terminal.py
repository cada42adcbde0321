"""The answers of ``build`` and ``verify`` as text, from the objects that ``--json`` prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mcugen.report.layout import Block, Column, Table

Answer = Mapping[str, Any]


def render_build(result: Answer) -> tuple[Block, ...]:
    """The layers, then memory against what the board has, then where the files are."""
    return (
        f"{result['model']} for {result['target']} ({result['board']})",
        "",
        _build_layers(result),
        "* binds: no plan needs less than what is alive at this layer",
        "",
        _sizes(result),
        "",
        f"{result['macs']:,} MACs an inference",
        f"wrote {result['output']}",
    )


def _build_layers(result: Answer) -> Table:
    bound = result["arena_lower_bound"]
    columns = (
        Column("#", number=True),
        Column("layer"),
        Column("operator", spare=True),
        Column("kernel"),
        Column("input", spare=True),
        Column("output"),
        Column("MACs", number=True),
        Column("scratch", number=True, spare=True),
        Column("alive ", number=True),
    )
    return Table(
        columns,
        tuple(
            (
                str(index),
                layer["name"],
                layer["op"],
                layer["kernel"],
                layer["input"],
                layer["output"],
                f"{layer['macs']:,}",
                f"{layer['scratch_bytes']:,}",
                f"{layer['live_bytes']:,}{'*' if layer['live_bytes'] == bound else ' '}",
            )
            for index, layer in enumerate(result["layers"])
        ),
    )


def _sizes(result: Answer) -> Table:
    arena, bound = result["arena_bytes"], result["arena_lower_bound"]
    verdict = "the lower bound" if arena == bound else f"lower bound {bound:,}"
    return Table(
        (Column("memory"), Column("bytes", number=True), Column("")),
        (
            ("arena", f"{arena:,}", verdict),
            ("RAM", f"{result['ram_bytes']:,}", _share(result, "ram")),
            ("flash", f"{result['flash_bytes']:,}", _share(result, "flash")),
            ("  weights", f"{result['weights_bytes']:,}", ""),
            ("  code", f"{result['code_bytes']:,}", ""),
        ),
    )


def _share(result: Answer, kind: str) -> str:
    used, available = result[f"{kind}_bytes"], result[f"{kind}_available"]
    return f"{used / available:.0%} of {available:,}"


def render_verify(report: Answer) -> tuple[Block, ...]:
    """The layers, what the inputs were and were answered, then the verdict on each pair."""
    return (
        _verify_layers(report["layer_details"]),
        "",
        *_inputs(report),
        "",
        *_findings(report),
        *(f"wrote {path}" for path in report["dump"]),
        "",
        _verdict(report),
    )


def _verify_layers(layers: Sequence[Answer]) -> Table:
    columns = (
        Column("#", number=True),
        Column("layer"),
        Column("operator", spare=True),
        Column("kernel"),
        Column("MACs", number=True),
        Column("instructions", number=True),
        Column("a MAC", number=True, spare=True),
        Column("equal"),
    )
    return Table(
        columns,
        tuple(
            (
                str(index),
                layer["name"],
                layer["op"],
                layer["kernel"],
                f"{layer['macs']:,}",
                _number(layer["instructions"]),
                _ratio(layer["instructions"], layer["macs"]),
                "yes" if layer["equal"] else "NO",
            )
            for index, layer in enumerate(layers)
        ),
    )


def _inputs(report: Answer) -> tuple[Block, ...]:
    tops = {answer["input"]: answer["top"] for answer in report["answers"]}
    rows = tuple(
        (entry["name"], entry["note"], _top(tops[entry["name"]])) for entry in report["inputs"]
    )
    return (Table((Column("input"), Column("what it is"), Column("answer")), rows),)


def _top(classes: Sequence[Answer]) -> str:
    """The best class; the runners-up too where the classes have names."""
    shown = classes if any(one["label"] for one in classes) else classes[:1]
    return ", ".join(
        " ".join(filter(None, (str(one["index"]), one["label"], f"{one['score']:.4f}")))
        for one in shown
    )


def _findings(report: Answer) -> tuple[Block, ...]:
    lines: list[Block] = [f"reference     {' confirmed by '.join(report['reference'])}"]
    if report["reference_disagreements"]:
        lines.append(f"              they differ in {report['reference_disagreements']:,} values")
    for pair in report["pairs"]:
        unit = "values" if pair["by"] == "values" else "layers, by their CRC-32,"
        found = f"{pair['mismatches']:,} of {pair['values']:,} {unit} differ"
        lines.append(f"{'pair':<13} {pair['a']} and {pair['b']}: {found}")
    if report["instructions"] is not None:
        lines.append(f"instructions  {report['instructions']:,} an inference, at most")
    if report["stack_bytes"] is not None:
        lines.append(
            f"stack         {report['stack_bytes']:,} of {report['stack_reserved']:,} bytes"
        )
    if report["stray_writes"] is not None:
        lines.append(f"stray writes  {report['stray_writes'] or 'none'}")
    return tuple(lines)


def _verdict(report: Answer) -> str:
    executions = [name for pair in report["pairs"] for name in (pair["a"], pair["b"])]
    names = " = ".join(dict.fromkeys(executions))
    inputs = len(report["inputs"])
    counts = f"{report['layers']} layers, {inputs} input{'s' * (inputs != 1)}"
    if report["first_difference"] is None:
        return f"equal: {names} in every value ({counts})"
    return f"NOT equal: {names} ({counts})"


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _ratio(instructions: int | None, macs: int) -> str:
    return f"{instructions / macs:.2f}" if instructions is not None and macs else ""
