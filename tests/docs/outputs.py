"""What a document shows of a command's output, held against what the command printed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from operator import eq

_ELISION = "..."
_NUMBER = re.compile(r"\d[\d,.]*\d|\d")


@dataclass(frozen=True)
class Comparison:
    """``refreshed`` is what the document should show of what is ``printed``; ``missing`` the first
    line that is shown and was not printed, not even with other numbers."""

    printed: str
    refreshed: tuple[str, ...]
    missing: str | None = None


def compare(shown: Sequence[str], printed: str, *, same_numbers: bool) -> Comparison:
    """Looks for the shown lines, in order; between two of them nothing is left out but at ``...``.

    With ``same_numbers`` numbers and spaces must be equal for ``refreshed`` to equal ``shown``;
    without it, as where another compiler was used, any numbers will do.
    """
    real = [line.rstrip() for line in printed.splitlines()]
    refreshed: list[str] = []
    at, elided = 0, False
    for line in shown:
        if line.strip() == _ELISION:
            elided = True
            refreshed.append(line)
            continue
        place = _find(line, real, at, anywhere=elided)
        if place is None:
            return Comparison(printed, (*refreshed, *shown[len(refreshed) :]), line)
        refreshed.append(_refresh(line, real[place]) if same_numbers else line)
        at, elided = place + 1, False
    if any(real[at:]) and not elided:
        refreshed.append(_ELISION)
    return Comparison(printed, tuple(refreshed))


def _find(line: str, real: list[str], at: int, *, anywhere: bool) -> int | None:
    """Where the line was printed: of lines that differ in numbers only, the most similar one."""
    pattern, numbers = _like(line), _NUMBER.findall(line)
    found: dict[int, int] = {}
    for place in range(at, len(real) if anywhere else min(at + 1, len(real))):
        if match := pattern.fullmatch(real[place]):
            found[place] = sum(map(eq, numbers, match.groups()))
    return max(found, key=lambda place: found[place], default=None)


def _like(line: str) -> re.Pattern[str]:
    """The line with any numbers, any width of its columns, and anything at ``...``."""
    words = []
    for word in line.split():
        parts = [_NUMBER.split(part) for part in word.split(_ELISION)]
        number = f"({_NUMBER.pattern})"
        words.append(".*?".join(number.join(map(re.escape, part)) for part in parts))
    return re.compile(r"\s*" + r"\s+".join(words) + r"\s*")


def _refresh(line: str, real: str) -> str:
    """The real line; where the shown one leaves something out, that with the real numbers."""
    match = _like(line).fullmatch(real)
    if match is None or _ELISION not in line:
        return real
    numbers = iter(match.groups())
    return _NUMBER.sub(lambda _: next(numbers), line)
