"""Options that every command has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

CommandT = TypeVar("CommandT", bound=Callable[..., Any])


@dataclass
class Settings:
    """What the command line said so far; click hands it from the group to its command."""

    verbosity: int = 0


def verbosity_options(command: CommandT) -> CommandT:
    """``-v`` and ``-q``, which count before and after the command's name alike."""
    verbose = click.option(
        "-v",
        "--verbose",
        count=True,
        expose_value=False,
        callback=_add_verbosity(1),
        help="Say more; repeat for more.",
    )
    quiet = click.option(
        "-q",
        "--quiet",
        count=True,
        expose_value=False,
        callback=_add_verbosity(-1),
        help="Say nothing but errors.",
    )
    return verbose(quiet(command))


def json_option(command: CommandT) -> CommandT:
    return click.option(
        "--json", "as_json", is_flag=True, help="Print one JSON object instead of text."
    )(command)


def _add_verbosity(sign: int) -> Callable[[click.Context, click.Parameter, int], None]:
    def add(context: click.Context, parameter: click.Parameter, count: int) -> None:
        context.ensure_object(Settings).verbosity += sign * count

    return add
