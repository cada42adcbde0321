"""Numbers and names as people read them, alike in every report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Answer = Mapping[str, Any]


def printable(text: str) -> str:
    """``text`` with control characters, and those that reverse what follows, spelt out."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"


def number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def ratio(count: int | None, macs: int) -> str:
    """What one MAC costs."""
    return f"{count / macs:.2f}" if count is not None and macs else ""


def millions(count: int) -> str:
    """A count in millions, where there is one: ``13.6 million``, ``9,120``."""
    return f"{count / 1e6:,.1f} million" if count >= 1e6 else f"{count:,}"


def percentage(part: int, whole: int) -> float:
    return round(100 * part / whole, 2) if whole else 0.0


def duration(cycles: int, clock_hz: int) -> str:
    return f"{1000 * cycles / clock_hz:,.1f} ms at {clock_hz / 1e6:g} MHz"


def kib(size: int) -> str:
    return f"{size / 1024:,.1f}".removesuffix(".0") + " KiB"


def address(value: int) -> str:
    return f"0x{value:08X}"


def score(one: Answer) -> str:
    return f"{one['score']:.4f}"


def top(classes: Sequence[Answer]) -> str:
    """The best class; the runners-up too where the classes have names."""
    shown = worth_showing(classes) if any(one["label"] for one in classes) else classes[:1]
    return ", ".join(
        " ".join(filter(None, (str(one["index"]), one["label"], score(one)))) for one in shown
    )


def worth_showing(classes: Sequence[Answer]) -> tuple[Answer, ...]:
    """The best class, and the runners-up that have any score at all."""
    return (*classes[:1], *(one for one in classes[1:] if float(score(one)) != 0))


def trouble(error: Answer) -> str:
    """An error in one line: what happened, and where if that is known."""
    return f"{error['what']}; {error['where']}".rstrip("; ")


def executions(report: Answer) -> tuple[str, ...]:
    """What a verification ran, the reference first."""
    names = [name for pair in report["pairs"] for name in (pair["a"], pair["b"])]
    return tuple(dict.fromkeys(names))
