"""The limits that there are, and how their values are written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_VALUE = re.compile(r"(\d+(?:\.\d+)?)([KMG]?)", re.IGNORECASE)
_POWERS = {"": 0, "K": 1, "M": 2, "G": 3}


@dataclass(frozen=True)
class Limit:
    """``option`` is what it is called on the command line and in a file, without the dashes.

    ``unit`` is "bytes", in which 1K is 1,024; "" for a count, in which 1K is 1,000; or "%" for a
    share between 0 and 1. ``measured_by`` is the command without which nobody knows; "" where the
    build says it.
    """

    name: str
    option: str
    unit: str
    measured_by: str = ""

    @property
    def least(self) -> bool:
        """Whether more is better."""
        return self.option.startswith("min-")

    def parse(self, text: str) -> float:
        """The value of a text such as ``100K``. Raises ValueError saying what it should be."""
        if self.unit == "%":
            return self._share(text)
        found = _VALUE.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"{text!r} is no {self._kind}")
        step = 1024 if self.unit == "bytes" else 1000
        value = float(found[1]) * step ** _POWERS[found[2].upper()]
        if not value.is_integer():
            raise ValueError(f"{text!r} is no whole number")
        return int(value)

    @property
    def _kind(self) -> str:
        if self.unit == "bytes":
            return "number of bytes, such as 102400 or 100K (1K is 1,024)"
        return "number of instructions, such as 45000000 or 45M (1M is 1,000,000)"

    @staticmethod
    def _share(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not 0 <= value <= 1:
            raise ValueError(f"{text!r} is no share between 0 and 1, such as 0.9")
        return value


_SIMULATED = "verify --sim"
LIMITS = (
    Limit("RAM", "max-ram", "bytes"),
    Limit("arena", "max-arena", "bytes"),
    Limit("flash", "max-flash", "bytes"),
    Limit("stack", "max-stack", "bytes", _SIMULATED),
    Limit("instructions", "max-instructions", "", _SIMULATED),
    Limit("accuracy", "min-accuracy", "%", "eval --dataset FOLDER"),
)
"""In the order in which they are told."""


def given_limits(texts: Mapping[str, str]) -> dict[Limit, float]:
    """Values of limits by option. Raises ValueError naming the option where one is wrong."""
    given = {}
    for limit in LIMITS:
        if limit.option in texts:
            try:
                given[limit] = limit.parse(texts[limit.option])
            except ValueError as error:
                raise ValueError(f"`{limit.option}`: {error}") from None
    return given
