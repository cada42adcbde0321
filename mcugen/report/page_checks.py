"""What the HTML report shows of a verification."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mcugen.report.verify import undefined
from mcugen.report.words import Answer, executions, top, trouble
from mcugen.verify.report import EXECUTIONS


@dataclass(frozen=True)
class PairRow:
    names: str
    by: str
    values: str
    outputs: str
    inputs: str
    same: bool


@dataclass(frozen=True)
class InputRow:
    name: str
    note: str
    answer: str


@dataclass(frozen=True)
class Checks:
    """What a verification did; ``facts`` are names with values."""

    facts: tuple[tuple[str, str], ...]
    pairs: tuple[PairRow, ...]
    inputs: tuple[InputRow, ...]
    error: str
    details: tuple[str, ...]


def checks_of(found: Answer) -> Checks:
    error = found.get("error")
    return Checks(
        facts=tuple(_facts(found)),
        pairs=tuple(_pair(pair) for pair in found["pairs"]),
        inputs=tuple(
            InputRow(entry["name"], entry["note"], top(answer["top"]))
            for entry, answer in zip(found["inputs"], found["answers"], strict=True)
        ),
        error=f"{error['code']}: {trouble(error)}" if error else "",
        details=tuple(error["details"]) if error else (),
    )


def _facts(found: Answer) -> Iterator[tuple[str, str]]:
    yield "Reference", ", confirmed by ".join(found["reference"])
    if found["reference_disagreements"]:
        yield "The references differ", f"in {found['reference_disagreements']:,} values"
    if found["reference_undefined"]:
        yield "Beyond the reference", undefined(found["reference_undefined"])
    yield "Executions", ", ".join(EXECUTIONS[name] for name in executions(found)[1:])
    if found["stack_bytes"] is not None:
        yield "Deepest stack", f"{found['stack_bytes']:,} of {found['stack_reserved']:,} bytes"
    if found["stray_writes"] is not None:
        yield "Stray writes", f"{found['stray_writes'] or 'none'}"


def _pair(pair: Answer) -> PairRow:
    by_values = pair["by"] == "values"
    compared = "values" if by_values else "layers"
    return PairRow(
        names=f"{EXECUTIONS[pair['a']]} and {EXECUTIONS[pair['b']]}",
        by="every value" if by_values else "CRC-32 of every layer",
        values=f"{pair['mismatches']:,} of {pair['values']:,} {compared}",
        outputs=f"{pair['output_mismatches']:,} of {pair['output_values']:,}",
        inputs=f"{pair['inputs']:,}",
        same=not (pair["mismatches"] or pair["output_mismatches"]),
    )
