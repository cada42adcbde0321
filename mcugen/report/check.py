"""A build held against its limits, as text."""

from __future__ import annotations

from mcugen.budget import Checked, Finding
from mcugen.budget.check import shown
from mcugen.report.layout import Block, Column, Table


def render_check(checked: Checked) -> tuple[Block, ...]:
    """A line a limit, then the verdict where it is yes."""
    kept = len(checked.findings)
    verdict = ("", f"within all limits ({kept})") if checked.error is None else ()
    return (
        checked.title,
        "",
        Table(
            (
                Column("limit"),
                Column("allowed", number=True),
                Column("found", number=True),
                Column("left", number=True),
                Column("kept"),
            ),
            tuple(map(_row, checked.findings)),
        ),
        *verdict,
    )


def _row(one: Finding) -> tuple[str, ...]:
    limit = one.limit
    if one.found is None or one.excess is None:
        return limit.name, shown(limit, one.allowed), "not measured", "", "?"
    left = shown(limit, -one.excess)
    kept = "NO" if one.status == "over" else "yes"
    return limit.name, shown(limit, one.allowed), shown(limit, one.found), left, kept
