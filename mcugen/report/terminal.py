"""The answers of ``build``, ``verify`` and ``run`` as text, from what ``--json`` prints."""

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
        f"firmware for {result['board']} was tried so far: {result['tried']}",
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
            ("loader", *_loader(result["loader_bytes"])),
        ),
    )


def _loader(size: int | None) -> tuple[str, str]:
    if size is None:
        return "none", "mcugen has no resident loader for this family"
    return f"{size:,}", "before the application, in firmware-full.bin"


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
    counts = _counts(layers)
    columns = (
        Column("#", number=True),
        Column("layer"),
        Column("operator", spare=True),
        Column("kernel"),
        Column("MACs", number=True),
        *(Column(count, number=True) for count in counts),
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
                *(_number(layer[count]) for count in counts),
                _ratio(layer[counts[-1]], layer["macs"]),
                "yes" if layer["equal"] else "NO",
            )
            for index, layer in enumerate(layers)
        ),
    )


def _counts(layers: Sequence[Answer]) -> tuple[str, ...]:
    """What was counted; "a MAC" is of the last one."""
    counted = tuple(
        count
        for count in ("instructions", "cycles")
        if any(layer[count] is not None for layer in layers)
    )
    return counted or ("instructions",)


def _inputs(report: Answer) -> tuple[Block, ...]:
    rows = tuple(
        (entry["name"], entry["note"], _top(answer["top"]))
        for entry, answer in zip(report["inputs"], report["answers"], strict=True)
    )
    return (Table((Column("input"), Column("what it is"), Column("answer")), rows),)


def _top(classes: Sequence[Answer]) -> str:
    """The best class; the runners-up too where the classes have names."""
    shown = _worth_showing(classes) if any(one["label"] for one in classes) else classes[:1]
    return ", ".join(
        " ".join(filter(None, (str(one["index"]), one["label"], _score(one)))) for one in shown
    )


def _worth_showing(classes: Sequence[Answer]) -> tuple[Answer, ...]:
    """The best class, and the runners-up that have any score at all."""
    return (*classes[:1], *(one for one in classes[1:] if float(_score(one)) != 0))


def _score(one: Answer) -> str:
    return f"{one['score']:.4f}"


def _findings(report: Answer) -> tuple[Block, ...]:
    lines: list[Block] = [f"reference     {' confirmed by '.join(report['reference'])}"]
    if report["reference_disagreements"]:
        lines.append(f"              they differ in {report['reference_disagreements']:,} values")
    lines.extend(f"{'pair':<13} {_pair(pair)}" for pair in report["pairs"])
    if report["instructions"] is not None:
        lines.append(f"instructions  {report['instructions']:,} an inference, at most")
    if report["cycles"] is not None:
        spent = _duration(report["cycles"], report["clock_hz"])
        lines.append(f"cycles        {report['cycles']:,} an inference, at most: {spent}")
    if report["stack_bytes"] is not None:
        lines.append(
            f"stack         {report['stack_bytes']:,} of {report['stack_reserved']:,} bytes"
        )
    if report["stray_writes"] is not None:
        lines.append(f"stray writes  {report['stray_writes'] or 'none'}")
    return tuple(lines)


def _pair(pair: Answer) -> str:
    names = f"{pair['a']} and {pair['b']}"
    found = f"{pair['mismatches']:,} of {pair['values']:,}"
    if pair["by"] == "values":
        return f"{names}: {found} values differ"
    outputs = f"{pair['output_mismatches']:,} of {pair['output_values']:,} output values"
    return f"{names}: {found} layers differ by their CRC-32, {outputs}"


def _verdict(report: Answer) -> str:
    executions = [name for pair in report["pairs"] for name in (pair["a"], pair["b"])]
    names = tuple(dict.fromkeys(executions))
    counts = f"{_plural(report['layers'], 'layer')}, {_plural(len(report['inputs']), 'input')}"
    if report["first_difference"] is None:
        return f"equal: {_equality(names, _summed(report))} ({counts})"
    return f"NOT equal: {' = '.join(names)} ({counts})"


def _summed(report: Answer) -> frozenset[str]:
    """The executions of which only the layers' CRC-32 sums are known; the reference shows all."""
    return frozenset(
        pair["b"] for pair in report["pairs"] if (pair["a"], pair["by"]) == ("reference", "crc")
    )


def _equality(names: Sequence[str], summed: frozenset[str]) -> str:
    """What is equal, and how far that was seen."""
    by_sums = "by the CRC-32 of every layer and in every output value"
    shown = [name for name in names if name not in summed]
    if not summed:
        return f"{' = '.join(names)} in every value"
    if len(shown) == 1:
        return f"{' = '.join(names)} {by_sums}"
    others = " = ".join(name for name in names if name in summed)
    return f"{' = '.join(shown)} in every value, = {others} {by_sums}"


def render_run(report: Answer) -> tuple[Block, ...]:
    """What was sent, the answer, and what it cost."""
    given = report["input"]
    cycles, clock = report["cycles"], report["clock_hz"]
    return (
        f"{given['name']}  {given['note']}",
        "",
        _classes(_worth_showing(report["top"])),
        "",
        f"{cycles:,} cycles, {_duration(cycles, clock)}"
        if cycles is not None
        else "the board counts no cycles",
    )


def _classes(classes: Sequence[Answer]) -> Table:
    named = any(one["label"] for one in classes)
    return Table(
        (
            Column("class", number=True),
            *((Column("label"),) if named else ()),
            Column("score", number=True),
        ),
        tuple(
            (str(one["index"]), *((one["label"],) if named else ()), _score(one)) for one in classes
        ),
    )


def _duration(cycles: int, clock_hz: int) -> str:
    return f"{1000 * cycles / clock_hz:,.1f} ms at {clock_hz / 1e6:g} MHz"


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _ratio(count: int | None, macs: int) -> str:
    return f"{count / macs:.2f}" if count is not None and macs else ""
