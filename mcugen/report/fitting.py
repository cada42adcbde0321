"""Lines and tables that fit a terminal: no word is broken, and no row of names and numbers."""

from __future__ import annotations

import re
import textwrap
from dataclasses import replace

from mcugen.report.layout import Table

GAP = 2
"""Spaces between two columns of a table."""

_PROSE = 16
"""Characters in which sentences can still be read."""

_SHORTEST = 8
"""Characters that are left of a name, at least."""

_INDENT = re.compile(r" *(\S+ {2,})?")
"""What stands before a line's text: spaces, or a word that is set apart like a heading."""


def wrapped(line: str, width: int) -> str:
    """``line`` broken between words, the rest below its text; a word that is too long stays whole,
    so that it can be copied."""
    if len(line) <= width:
        return line
    found = _INDENT.match(line)
    indent = len(found[0]) if found and len(found[0]) <= width // 2 else 0
    return textwrap.fill(
        line,
        width,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def fitted(table: Table, width: int) -> Table:
    """The table without as many of its spare columns, leftmost first, as it takes to fit; where
    that does not do, its longest names lose their middle."""
    while _width(table) > width:
        spare = [place for place, column in enumerate(table.columns) if column.spare]
        if not spare:
            return _shortened(table, width)
        table = _without(table, spare[0])
    return table


def is_prose(table: Table, place: int) -> bool:
    """Whether a column holds sentences, which can go on in the next line."""
    return not table.columns[place].number and any(" " in row[place] for row in table.rows)


def _without(table: Table, place: int) -> Table:
    rows = tuple((*row[:place], *row[place + 1 :]) for row in table.rows)
    return Table((*table.columns[:place], *table.columns[place + 1 :]), rows)


def _width(table: Table) -> int:
    return sum(_widths(table)) + GAP * (len(table.columns) - 1)


def _widths(table: Table) -> list[int]:
    """How wide each column is; of sentences, how wide it has to be."""
    widths = []
    for place, column in enumerate(table.columns):
        cells = [column.heading, *(row[place] for row in table.rows)]
        longest = max(len(cell) for cell in cells)
        if is_prose(table, place):
            words = max(len(word) for cell in cells for word in cell.split() or [""])
            longest = min(longest, max(words, _PROSE))
        widths.append(longest)
    return widths


def _shortened(table: Table, width: int) -> Table:
    while (over := _width(table) - width) > 0:
        widths = _widths(table)
        names = [
            place
            for place, column in enumerate(table.columns)
            if not column.number and not is_prose(table, place) and widths[place] > _SHORTEST
        ]
        if not names:
            break
        widest = max(names, key=lambda place: widths[place])
        others = [widths[place] for place in names if place != widest]
        # Not below the next: then it is the turn of both.
        least = max(
            _SHORTEST, widths[widest] - over, min(max(others, default=0), widths[widest] - 1)
        )
        table = replace(table, rows=tuple(_cut(row, widest, least) for row in table.rows))
        if max(_widths(table)[widest], least) > least:  # the heading is that long
            break
    return table


def _cut(row: tuple[str, ...], place: int, width: int) -> tuple[str, ...]:
    name = row[place]
    if len(name) > width:
        tail = (width - 2) // 3
        name = f"{name[: width - 2 - tail]}..{name[len(name) - tail :]}"
    return (*row[:place], name, *row[place + 1 :])
