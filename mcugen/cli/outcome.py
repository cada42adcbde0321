"""How a command ends: its exit status, and what is printed about an error."""

from __future__ import annotations

import os
import platform
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import click

from mcugen.cli.options import Settings
from mcugen.console import Console, UnwritableAnswerError
from mcugen.errors import InternalError, McugenError, UsageError
from mcugen.version import __version__

INTERRUPTED = 130
_PIPE_CLOSED = 141


def status_of(run: Callable[[], object], settings: Settings, command: str, as_json: bool) -> int:
    """Runs a command and returns its exit status, whatever it raises."""
    try:
        status = run()
        sys.stdout.flush()
        return status if isinstance(status, int) else 0
    except (KeyboardInterrupt, click.Abort):
        Console(settings.verbosity).note("interrupted")
        return INTERRUPTED
    except (BrokenPipeError, SystemExit) as end:
        # Whoever read stdout has gone; click and rich make an exit with 1 of that and nothing else.
        if isinstance(end, SystemExit) and end.code != 1:
            raise
        _give_up_stdout()
        return _PIPE_CLOSED
    except Exception as error:
        return _report(
            _as_mcugen_error(error), error, Console(settings.verbosity), command, as_json
        )


def _give_up_stdout() -> None:
    """Keeps Python from complaining when it flushes at exit what could not be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _as_mcugen_error(error: Exception) -> McugenError:
    if isinstance(error, McugenError):
        return error
    if isinstance(error, click.ClickException):
        return _misused(error)
    return _bug(error)


def _misused(error: click.ClickException) -> UsageError:
    context = error.ctx if isinstance(error, click.UsageError) else None
    path = context.command_path if context else "mcugen"
    bad_value = isinstance(error, click.BadParameter)
    missing = isinstance(error, click.MissingParameter)
    return UsageError(
        "U006" if bad_value and not missing else "U007",
        error.format_message().rstrip("."),
        hint=f"`{path} --help` shows what it takes",
    )


def _bug(error: Exception) -> InternalError:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return InternalError(
        "X001",
        f"mcugen failed: {type(error).__name__}: {error}",
        where=f"{Path(frame.filename).name}, line {frame.lineno}, in {frame.name}",
        details=(
            f"mcugen {__version__}, Python {platform.python_version()}, {platform.platform()}",
        ),
        hint="report this with the command line, the model and what the same command prints "
        "with `-v`",
    )


def _report(
    error: McugenError, cause: Exception, console: Console, command: str, as_json: bool
) -> int:
    if isinstance(error, InternalError) and (
        console.verbosity > 0 or os.environ.get("MCUGEN_DEBUG")
    ):
        traceback.print_exception(cause)
    if isinstance(error, UnwritableAnswerError):
        _give_up_stdout()
    elif as_json:
        console.json({"schema": 1, "command": command, "status": "error", "error": error.as_json()})
        return error.exit_status
    console.error(error)
    return error.exit_status
