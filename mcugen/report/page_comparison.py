"""What the HTML report shows of an older build beside this one."""

from __future__ import annotations

from dataclasses import dataclass

from mcugen.compare import Comparison
from mcugen.report.diff import kind, layer_cells, summary, total_cells


@dataclass(frozen=True)
class ComparisonView:
    """``totals`` and the ``layers`` that differ are cells as ``diff`` has them, ``counts`` the
    headings of those with numbers, each with a change."""

    old: str
    notes: tuple[str, ...]
    totals: tuple[tuple[str, str, str, str], ...]
    counts: tuple[str, ...]
    layers: tuple[tuple[str, ...], ...]
    summary: str


def comparison_view(found: Comparison) -> ComparisonView:
    text = summary(found)
    return ComparisonView(
        old=found.old,
        notes=found.notes,
        totals=tuple(map(total_cells, found.totals)),
        counts=(kind(found).capitalize(), "Weights", "Alive"),
        layers=tuple(layer_cells(pair) for pair in found.layers if pair.differs),
        summary=f"{text[0].upper()}{text[1:]}",
    )
