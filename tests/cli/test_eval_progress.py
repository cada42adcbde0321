"""The bars of ``mcugen eval``: drawn on a terminal, lines with ``-v``, otherwise nothing."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stderr

import pytest

from mcugen.console import Console


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def counted(screen: io.StringIO, verbosity: int = 0) -> str:
    with redirect_stderr(screen), Console(verbosity).counts() as tell:
        tell("pictures", 4000, 10_000)
        tell("pictures", 4020, 10_000)
        tell("pictures", 4040, 10_000)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue())


@pytest.fixture
def coloured(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that knows colours, whatever runs the tests."""
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "CI", "COLUMNS", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("coloured")
def test_a_terminal_shows_a_bar_with_rate_and_time_left() -> None:
    assert re.search(r"pictures .* 4040/10000 [\d.]+/s [\d:]+", counted(Terminal()))


@pytest.mark.usefixtures("coloured")
def test_nothing_is_drawn_in_ci_or_when_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    assert counted(Terminal(), verbosity=-1) == ""
    monkeypatch.setenv("CI", "true")
    assert counted(Terminal()) == ""


def test_a_file_gets_nothing_or_lines() -> None:
    assert counted(io.StringIO()) == ""
    lines = counted(io.StringIO(), verbosity=1).splitlines()
    assert lines == [f"pictures: {done} of 10,000" for done in ("4,000", "4,020", "4,040")]
