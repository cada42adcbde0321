"""The answer of ``explore`` as text, from what ``--json`` prints."""

from __future__ import annotations

from collections.abc import Sequence

from mcugen.report.layout import Block, Column, Table
from mcugen.report.words import Answer

_INPUTS = {"whole": "picture in RAM", "rows": "picture in rows"}


def render_explore(answer: Answer) -> tuple[Block, ...]:
    """A table for each way in which the picture comes, least arena first, and what builds each."""
    blocks: list[Block] = [f"{answer['model']} for {answer['target']} ({answer['board']})", ""]
    for kind, title in _INPUTS.items():
        points = [point for point in answer["points"] if point["input"] == kind]
        if points:
            blocks += [title, _table(points), ""]
    blocks.append(f"instructions are estimated; {answer['arena_limit']:,} bytes fit the board")
    return tuple(blocks)


def _table(points: Sequence[Answer]) -> Table:
    columns = (
        Column("arena", number=True),
        Column("instructions", number=True),
        Column("more", number=True),
        Column("layers by rows", spare=True),
        Column("fits"),
        Column("command"),
    )
    rows = tuple(
        (
            f"{one['arena_bytes']:,}",
            f"{one['instructions']:,}",
            f"{one['instructions'] / one['whole_instructions'] - 1:.2%}",
            " ".join(map(run_text, one["rows"])) or "none",
            "yes" if one["fits"] else "no",
            one["command"],
        )
        for one in points
    )
    return Table(columns, rows)


def run_text(run: Sequence[int]) -> str:
    """Layers and how many rows at a time."""
    first, last, rows = run
    return f"{first}/{rows}" if first == last else f"{first}-{last}/{rows}"
