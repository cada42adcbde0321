"""The answer of ``run`` as text, from what ``--json`` prints."""

from __future__ import annotations

from collections.abc import Sequence

from mcugen.report.layout import Block, Column, Table
from mcugen.report.words import Answer, duration, score, worth_showing


def render_run(report: Answer) -> tuple[Block, ...]:
    """What was sent, the answer, and what it cost."""
    given = report["input"]
    return (
        f"{given['name']}  {given['note']}",
        "",
        _classes(worth_showing(report["top"])),
        "",
        _cost(report),
    )


def _cost(report: Answer) -> str:
    if report["cycles"] is not None:
        spent = duration(report["cycles"], report["clock_hz"])
        return f"{report['cycles']:,} cycles, {spent}"
    if report["instructions"] is not None:
        return f"{report['instructions']:,} instructions; a virtual board models no time"
    return "the board counts neither cycles nor instructions"


def _classes(classes: Sequence[Answer]) -> Table:
    named = any(one["label"] for one in classes)
    return Table(
        (
            Column("class", number=True),
            *((Column("label"),) if named else ()),
            Column("score", number=True),
        ),
        tuple(
            (str(one["index"]), *((one["label"],) if named else ()), score(one)) for one in classes
        ),
    )
