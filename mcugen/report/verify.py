"""The answer of ``verify`` as text, from what ``--json`` prints."""

from __future__ import annotations

from collections.abc import Sequence

from mcugen.boards.core import FPUS
from mcugen.report.estimates import estimated
from mcugen.report.layout import Block, Column, Table
from mcugen.report.words import Answer, duration, executions, number, plural, ratio, top


def render_verify(report: Answer) -> tuple[Block, ...]:
    """The layers, what the inputs were and were answered, then the verdict on each pair."""
    return (
        _verify_layers(report["layer_details"]),
        "",
        *_inputs(report),
        "",
        *_findings(report),
        *(f"wrote {path}" for path in report["dump"]),
        *((f"wrote {report['report']}",) if report.get("report") else ()),
        "",
        verdict(report),
    )


def _verify_layers(layers: Sequence[Answer]) -> Table:
    counts = counted(layers)
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
                *(number(layer[count]) for count in counts),
                ratio(layer[counts[-1]], layer["macs"]),
                "yes" if layer["equal"] else "NO",
            )
            for index, layer in enumerate(layers)
        ),
    )


def counted(layers: Sequence[Answer]) -> tuple[str, ...]:
    """What was counted; "a MAC" is of the last one."""
    found = tuple(
        count
        for count in ("instructions", "cycles")
        if any(layer[count] is not None for layer in layers)
    )
    return found or ("instructions",)


def _inputs(report: Answer) -> tuple[Block, ...]:
    rows = tuple(
        (entry["name"], entry["note"], top(answer["top"]))
        for entry, answer in zip(report["inputs"], report["answers"], strict=True)
    )
    return (Table((Column("input"), Column("what it is"), Column("answer")), rows),)


def _findings(report: Answer) -> tuple[Block, ...]:
    lines: list[Block] = [f"reference     {' confirmed by '.join(report['reference'])}"]
    if report["reference_disagreements"]:
        lines.append(f"              they differ in {report['reference_disagreements']:,} values")
    if report["reference_undefined"]:
        lines.append(f"              {undefined(report['reference_undefined'])}")
    lines.extend(f"{'pair':<13} {_pair(pair)}" for pair in report["pairs"])
    if report["elf"] is not None:
        lines.append(
            f"elf           {report['elf']['file']}, SHA-256 {report['elf']['sha256'][:12]}"
        )
    if "core" in executions(report):
        is_core = report["board"] in FPUS
        lacks = "there is no firmware" if is_core else "the virtual board lacks what boots it"
        lines.append(f"core          the model was entered directly: {lacks}")
    if report["port_board"] not in (None, report["board"]):
        lines.append(f"port          a program that is not mcugen's, on `{report['port_board']}`")
    if report["port_counts"] == "instructions":
        lines.append("port          a virtual board, which counts instructions and models no time")
    if report["instructions"] is not None:
        lines.append(f"instructions  {report['instructions']:,} an inference, at most")
    if report["longest_step"] is not None:
        lines.append(f"longest step  {_step(report)}")
    if report["estimates"]:
        lines.append(f"estimate      {estimated(report['estimates'])}")
    elif report["estimate_note"]:
        lines.append(f"estimate      {report['estimate_note']}")
    if report["cycles"] is not None:
        spent = duration(report["cycles"], report["clock_hz"])
        lines.append(f"cycles        {report['cycles']:,} an inference, at most: {spent}")
    if report["stack_bytes"] is not None:
        lines.append(
            f"stack         {report['stack_bytes']:,} of {report['stack_reserved']:,} bytes"
        )
    if report["stray_writes"] is not None:
        lines.append(f"stray writes  {report['stray_writes'] or 'none'}")
    return tuple(lines)


def _step(report: Answer) -> str:
    step, layers = report["longest_step"], report["layer_details"]
    first, last = step["first"], step["last"]
    named = f"layer {first} `{layers[first]['name']}`"
    if first != last:
        named = f"layers {first} `{layers[first]['name']}` to {last} `{layers[last]['name']}`"
    return f"{step['instructions']:,} instructions: {named}"


def undefined(inputs: int) -> str:
    """Of a softmax over 512 classes and more whose exponentials add up to 512 and more."""
    what = plural(inputs, "input")
    return f"TFLite's softmax has no answer for {what}: mcugen's definition stood in"


def _pair(pair: Answer) -> str:
    names = f"{pair['a']} and {pair['b']}"
    found = f"{pair['mismatches']:,} of {pair['values']:,}"
    if pair["by"] == "values":
        return f"{names}: {found} values differ"
    outputs = f"{pair['output_mismatches']:,} of {pair['output_values']:,} output values"
    return f"{names}: {found} layers differ by their CRC-32, {outputs}"


def verdict(report: Answer) -> str:
    """What is equal, and how far that was seen; or what is not."""
    names = executions(report)
    counts = f"{plural(report['layers'], 'layer')}, {plural(len(report['inputs']), 'input')}"
    if report["first_difference"] is None:
        return f"equal: {_equality(names, _summed(report))} ({counts})"
    return f"NOT equal: {' = '.join(names)} ({counts})"


def _summed(report: Answer) -> frozenset[str]:
    """The executions of which only the layers' CRC-32 sums are known; the reference shows all."""
    return frozenset(
        pair["b"] for pair in report["pairs"] if (pair["a"], pair["by"]) == ("reference", "crc")
    )


def _equality(names: Sequence[str], summed: frozenset[str]) -> str:
    by_sums = "by the CRC-32 of every layer and in every output value"
    shown = [name for name in names if name not in summed]
    if not summed:
        return f"{' = '.join(names)} in every value"
    if len(shown) == 1:
        return f"{' = '.join(names)} {by_sums}"
    others = " = ".join(name for name in names if name in summed)
    return f"{' = '.join(shown)} in every value, = {others} {by_sums}"
