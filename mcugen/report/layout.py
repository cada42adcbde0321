"""What a text report is made of: lines and tables of plain strings, no styles and no widths."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """``number`` columns are set flush right; ``spare`` ones go first where a screen is narrow."""

    heading: str
    number: bool = False
    spare: bool = False


@dataclass(frozen=True)
class Table:
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]


Block = str | Table
"""A line of text, "" for an empty one, or a table."""
