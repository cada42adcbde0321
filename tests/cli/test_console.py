"""What reaches a terminal, a file and a screen without colours."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout

import pytest

from mcugen.console import Console
from mcugen.errors import UsageError
from mcugen.report.layout import Column, Table
from mcugen.report.words import printable


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def coloured(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that knows colours, whatever runs the tests."""
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "CI", "COLUMNS", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)


def on_terminal(action: Callable[[], None]) -> str:
    """What ``action`` writes when stdout and stderr are one terminal."""
    screen = Terminal()
    with redirect_stdout(screen), redirect_stderr(screen):
        action()
    return screen.getvalue()


def show_progress(verbosity: int = 0) -> None:
    with Console(verbosity).progress() as on_event:
        on_event("running [board]")


ERROR = UsageError(
    "U001", "`model[conv]` cannot be read", where="[red]x[/red]:3", hint="look: there"
)


WIDE_HEADINGS = ["layer", "operator", "input", "MACs"]
WIDE = Table(
    (Column("layer"), Column("operator", spare=True), Column("input", spare=True), Column("MACs")),
    (("a" * 20, "b" * 21, "c" * 15, "d" * 10),),
)
"""72 columns wide; 49 without the operator; 32 without the input as well."""


def test_markup_in_user_text_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    Console().error(ERROR)
    Console().result("layer[0] :smile: [bold]", Table((Column("[b]"),), (("[i]x",),)))
    printed = capsys.readouterr()
    assert printed.err == f"{ERROR}\n"
    assert [line.rstrip() for line in printed.out.splitlines()] == [
        "layer[0] :smile: [bold]",
        "[b]",
        "[i]x",
    ]


def test_control_characters_are_spelt_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert printable("a\x1b[2Jb\tc\udc80é名") == "a\\x1b[2Jb\\tc\\udc80é名"
    Console().error(UsageError("U001", "a\x1b[2J", where="\u202e"))
    assert capsys.readouterr().err == "error[U001]: a\\x1b[2J\n  where: \\u202e\n"


def test_what_stdout_cannot_carry_is_spelt_out() -> None:
    carried = io.BytesIO()
    with redirect_stdout(io.TextIOWrapper(carried, "ascii")) as out:
        Console().result("zwölf", Table((Column("Größe"),), (("名",),)))
        out.flush()
        lines = [line.rstrip() for line in carried.getvalue().splitlines()]
    assert lines == [rb"zw\xf6lf", rb"Gr\xf6\xdfe", rb"\u540d"]


def test_a_table_in_a_file_is_not_cut(capsys: pytest.CaptureFixture[str]) -> None:
    wide = tuple("x" * 90 for _ in range(4))
    Console().result(Table(tuple(Column("") for _ in wide), (wide,)), "y" * 500)
    out = capsys.readouterr().out
    assert "  ".join(wide) in out
    assert "y" * 500 in out


def test_spare_columns_are_kept_in_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    Console().result(WIDE)
    assert "operator" in capsys.readouterr().out


@pytest.mark.usefixtures("coloured")
class TestTerminal:
    @pytest.mark.parametrize(
        ("width", "headings"),
        [
            (120, ["layer", "operator", "input", "MACs"]),
            (72, ["layer", "operator", "input", "MACs"]),
            (71, ["layer", "input", "MACs"]),
            (49, ["layer", "input", "MACs"]),
            (48, ["layer", "MACs"]),
        ],
    )
    def test_spare_columns_go_where_it_is_narrow(
        self, width: int, headings: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setenv("NO_COLOR", "1")
        screen = on_terminal(lambda: Console().result(WIDE))
        first = screen.splitlines()[0]
        assert [word for word in WIDE_HEADINGS if word in first] == headings
        assert len(screen.splitlines()) == 2

    def test_errors_have_colours(self) -> None:
        screen = on_terminal(lambda: Console().error(ERROR))
        assert "\x1b[1;31merror[U001]:\x1b[0m `model[conv]` cannot be read\n" in screen
        assert "\x1b[36mhint:\x1b[0m look: there\n" in screen

    def test_no_color(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("NO_COLOR", "1")
        screen = on_terminal(lambda: Console().error(ERROR))
        assert "31m" not in screen
        assert "36m" not in screen

    def test_progress_is_animated(self) -> None:
        assert "running [board]" in on_terminal(show_progress)

    def test_a_note_stands_above_what_is_animated(self) -> None:
        def noted() -> None:
            with Console().progress() as on_event:
                on_event("asking")
                Console().note("no answer yet")
                on_event("still asking")

        screen = on_terminal(noted)
        assert "no answer yet\n" in screen
        assert "still asking" in screen[screen.index("no answer yet") :]
        assert not [line for line in screen.split("\n") if "asking" in line and "answer" in line]

    def test_progress_is_silent_in_ci(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CI", "true")
        assert on_terminal(show_progress) == ""

    def test_progress_is_silent_when_quiet(self) -> None:
        assert on_terminal(lambda: show_progress(-1)) == ""

    def test_progress_is_lines_when_verbose(self) -> None:
        assert on_terminal(lambda: show_progress(1)) == "running [board]\n"


def test_progress_is_silent_in_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    show_progress()
    assert capsys.readouterr() == ("", "")


def test_notes_go_to_stderr_unless_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    Console().note("[x]")
    Console(verbosity=-1).note("y")
    assert capsys.readouterr() == ("", "[x]\n")
