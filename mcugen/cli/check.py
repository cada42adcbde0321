"""``mcugen check``: a build held against limits, in a project's own tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from mcugen.cli.options import (
    CommandT,
    Settings,
    build_dir_argument,
    examples,
    json_option,
    model_option,
    verbosity_options,
)
from mcugen.console import Console
from mcugen.errors import UsageError

_HELP = {
    "max-ram": ("BYTES", "RAM with stack and variables."),
    "max-arena": ("BYTES", "The arena alone."),
    "max-flash": ("BYTES", "The application in flash."),
    "max-stack": ("BYTES", "The deepest stack that `verify --sim` saw."),
    "max-instructions": ("COUNT", "Instructions an inference, as `verify --sim` counted them."),
    "min-accuracy": ("SHARE", "How often `eval` found it right, between 0 and 1."),
}


def _limit_options(command: CommandT) -> CommandT:
    for option, (metavar, help_text) in reversed(_HELP.items()):
        command = click.option(f"--{option}", metavar=metavar, help=help_text)(command)
    return command


@click.command(
    epilog=examples(
        "mcugen check --max-ram 100K --max-flash 300K",
        "mcugen check out --max-instructions 45M --max-stack 1K --min-accuracy 0.9",
        "mcugen check --config firmware/mcugen.toml --json",
    )
)
@build_dir_argument
@model_option
@_limit_options
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Limits of a TOML file's [check] table; mcugen.toml of this folder where there is one.",
)
@json_option
@verbosity_options
@click.pass_obj
def check(
    settings: Settings,
    /,
    build_dir: Path,
    model: str | None,
    config: Path | None,
    as_json: bool,
    **given: Any,
) -> int:
    """Hold the build in BUILD_DIR (default: build) against limits.

    The exit status is 1 where something is over, with the layers that take most of it, and 2 where
    something was never measured. Of bytes 1K is 1,024, of instructions 1,000. What the command line
    says goes before the file.
    """
    from mcugen.budget import check_budget
    from mcugen.report.check import render_check
    from mcugen.report.recorded import read_recorded

    limits = _limits(config, given)
    build = read_recorded(build_dir, model)
    checked = check_budget(build, limits, _command(build_dir, model))
    console, error = Console(settings.verbosity), checked.error
    if as_json:
        told = {} if error is None else {"error": error.as_json()}
        console.json({"schema": 1, "command": "check", **checked.as_json(), **told})
        return error.exit_status if error else 0
    console.result(*render_check(checked))
    if error:
        raise error
    return 0


def _limits(config: Path | None, given: dict[str, Any]) -> dict[Any, float]:
    """Raises UsageError U001 or U006 for a value or a file, U007 where there is no limit at all."""
    from mcugen.budget import FILE_NAME, given_limits, read_limits

    usual = Path(FILE_NAME)
    named = config if config is not None else usual if usual.exists() else None
    texts = {name.replace("_", "-"): text for name, text in given.items() if text is not None}
    try:
        limits = {**(read_limits(named) if named else {}), **given_limits(texts)}
    except ValueError as error:
        raise UsageError("U006", f"--{str(error).replace('`', '')}") from None
    if not limits:
        raise click.UsageError(
            f"there is no limit to check: give one, such as `--max-ram 100K`, or write a [check]"
            f" table into {FILE_NAME}"
        )
    return limits


def _command(build_dir: Path, model: str | None) -> Callable[[Any], str]:
    """What measures a limit in this folder."""
    folder = "" if build_dir == Path("build") else f" {build_dir}"
    chosen = f" --model {model}" if model else ""

    def measures(limit: Any) -> str:
        command, *options = limit.measured_by.split(" ")
        return f"mcugen {command}{folder}{chosen} {' '.join(options)}"

    return measures
