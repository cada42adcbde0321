"""What reaches the user's terminal; the only user of rich.

Results go to stdout, everything else to stderr. Text is never read as markup, and what could
control a terminal is spelt out. Colours follow ``NO_COLOR``; animation needs a terminal that is not
a CI log.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO

from mcugen.errors import McugenError, UsageError
from mcugen.report.fitting import GAP, fitted, is_prose, wrapped
from mcugen.report.layout import Block, Table
from mcugen.report.words import printable

if TYPE_CHECKING:  # what these need takes longer to import than `--help` may take
    from rich.console import Console as RichConsole
    from rich.progress import Progress, TaskID
    from rich.table import Table as RichTable

    from mcugen.flash.events import Event, Listener

_UNLIMITED_WIDTH = 10_000
"""Columns of what is not a terminal: a table in a file is not cut."""

_STYLES = {"error": "bold red", "hint": "cyan"}


_LIVE: list[RichConsole] = []
"""What draws something that changes on stderr; a note goes above that."""


class UnwritableAnswerError(UsageError):
    """U005: stdout takes no more, so what went wrong has to be told on stderr."""


@dataclass(frozen=True)
class Console:
    """``verbosity`` is the number of ``-v`` less the number of ``-q``."""

    verbosity: int = 0

    def result(self, *blocks: Block) -> None:
        """Prints lines and tables to stdout, unless quiet.

        Raises UnwritableAnswerError where that takes no more, as ``json`` does.
        """
        if self.verbosity < 0:
            return
        out = _rich(sys.stdout)
        with _answering():
            for block in blocks:
                if isinstance(block, Table):
                    out.print(_rich_table(fitted(block, out.width)))
                else:
                    out.print(wrapped(printable(block), out.width), soft_wrap=True)

    @property
    def width(self) -> int:
        """Columns of stdout; as good as unlimited where it is not a terminal."""
        return _rich(sys.stdout).width

    def json(self, answer: Mapping[str, object]) -> None:
        """Prints one object to stdout, quiet or not."""
        self.text(json.dumps(answer, indent=2) + "\n")

    def text(self, text: str) -> None:
        """Prints what another program reads to stdout as it stands, quiet or not."""
        with _answering():
            sys.stdout.write(text)
            sys.stdout.flush()

    def note(self, text: str) -> None:
        """Prints a line to stderr, unless quiet."""
        if self.verbosity >= 0:
            out = _LIVE[-1] if _LIVE else _rich(sys.stderr)
            out.print(wrapped(printable(text), out.width), soft_wrap=True)

    def error(self, error: McugenError) -> None:
        """Prints an error to stderr, quiet or not."""
        from rich.text import Text

        out = _rich(sys.stderr)
        for line in str(error).split("\n"):
            text = Text(wrapped(printable(line), out.width))
            word = line.split("[")[0] if line.startswith("error[") else line.split(":")[0]
            text.stylize(_STYLES.get(word, ""), 0, line.find(":") + 1)
            out.print(text, soft_wrap=True)

    @contextmanager
    def progress(self) -> Iterator[Callable[[str], None]]:
        """Gives a function that is told what happens.

        With ``-v`` that is a line of stderr each; otherwise, on a terminal, one line that changes
        and vanishes at the end; otherwise nothing.
        """
        out = _rich(sys.stderr)
        if self.verbosity > 0:
            yield self.note
        elif self.verbosity < 0 or not out.is_terminal or os.environ.get("CI"):
            yield _ignore
        else:
            from rich.text import Text

            with out.status("") as status, _live(out):
                yield lambda event: status.update(Text(printable(event)))

    @contextmanager
    def flash_progress(self) -> Iterator[Listener]:
        """Gives a function that is told what happens to a board while it is flashed.

        On a terminal it draws a bar each for erasing, writing and verifying, with rate and time
        left; with ``-v`` it prints lines; otherwise only what the user has to do.
        """
        from mcugen.report.flash_progress import FlashLines, FlashNeeds

        out = _rich(sys.stderr)
        if self.verbosity > 0:
            yield FlashLines(self.note)
        elif self.verbosity < 0 or not out.is_terminal or os.environ.get("CI"):
            yield FlashNeeds(self.note)
        else:
            with _flash_bars(out) as bars, _live(out):
                yield _FlashBars(_Bars(bars))

    @contextmanager
    def counts(self) -> Iterator[Callable[[str, int, int], None]]:
        """Gives a function that is told what is counted, how many are done and how many there are.

        On a terminal it draws a bar for each thing that is counted, with rate and time left; with
        ``-v`` it prints a line each time; otherwise nothing.
        """
        out = _rich(sys.stderr)
        if self.verbosity > 0:
            yield lambda what, done, total: self.note(f"{what}: {done:,} of {total:,}")
        elif self.verbosity < 0 or not out.is_terminal or os.environ.get("CI"):
            yield lambda what, done, total: None
        else:
            with _count_bars(out) as bars, _live(out):
                yield _Bars(bars).show


@dataclass
class _Bars:
    """One bar for each thing that is counted, from when it begins."""

    drawn: Progress
    tasks: dict[str, TaskID] = field(default_factory=dict)

    def show(self, what: str, done: int, total: int) -> None:
        if what not in self.tasks:
            # What is done before it begins counts for no rate.
            self.tasks[what] = self.drawn.add_task(what, total=total, completed=done)
        self.drawn.update(self.tasks[what], completed=done, total=total)


@dataclass(frozen=True)
class _FlashBars:
    """A bar for each of the three things that take time."""

    bars: _Bars

    def __call__(self, event: Event) -> None:
        from mcugen.flash import events

        match event:
            case events.UserNeeded(text) | events.Warned(text):
                self.bars.drawn.console.print(printable(text), soft_wrap=True)
            case events.EraseStarted(_, done, total) | events.Erased(_, done, total):
                self.bars.show("erase", done, total)
            case events.Written(done, total):
                self.bars.show("write", done, total)
            case events.Verified(done, total):
                self.bars.show("verify", done, total)


@contextmanager
def _answering() -> Iterator[None]:
    """That nobody reads on is no error; that a disk is full is."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise UnwritableAnswerError(
            "U005", f"the answer cannot be written to stdout: {error.strerror}"
        ) from error


@contextmanager
def _live(out: RichConsole) -> Iterator[None]:
    _LIVE.append(out)
    try:
        yield
    finally:
        _LIVE.remove(out)


def _ignore(event: object) -> None:
    """What is told of progress where nobody reads it."""


def _flash_bars(out: RichConsole) -> Progress:
    from rich import progress

    return progress.Progress(
        progress.TextColumn("{task.description:<6}"),
        progress.BarColumn(),
        progress.DownloadColumn(),
        progress.TransferSpeedColumn(),
        progress.TimeRemainingColumn(compact=True),
        console=out,
        transient=True,
    )


def _count_bars(out: RichConsole) -> Progress:
    from rich import progress
    from rich.text import Text

    class Rate(progress.ProgressColumn):
        def render(self, task: progress.Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text("" if speed is None else f"{speed:.1f}/s")

    return progress.Progress(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        Rate(),
        progress.TimeRemainingColumn(compact=True),
        console=out,
        transient=True,
        speed_estimate_period=60,
    )


def _rich(file: TextIO) -> RichConsole:
    from rich.console import Console as RichConsole

    if isinstance(file, io.TextIOWrapper):
        file.reconfigure(errors="backslashreplace")  # what its encoding lacks is spelt out, too
    width = None if file.isatty() else _UNLIMITED_WIDTH
    return RichConsole(file=file, width=width, markup=False, highlight=False, emoji=False)


def _rich_table(table: Table) -> RichTable:
    from rich.table import Table as RichTable

    rendered = RichTable(box=None, pad_edge=False, header_style="bold", padding=(0, GAP, 0, 0))
    for place, column in enumerate(table.columns):
        rendered.add_column(
            column.heading,
            justify="right" if column.number else "left",
            overflow="fold",
            no_wrap=not is_prose(table, place),
        )
    for row in table.rows:
        rendered.add_row(*(printable(cell) for cell in row))
    return rendered
