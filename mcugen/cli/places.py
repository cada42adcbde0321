"""``--arena-in`` and ``--place``: memories of the board, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click

from mcugen.errors import UsageError

CommandT = TypeVar("CommandT", bound=Callable[..., Any])


def arena_in_option(command: CommandT) -> CommandT:
    """``--arena-in``."""
    return click.option(
        "--arena-in",
        metavar="MEMORY[,MEMORY]",
        help="Memories of the board for the arena, the first one first: "
        "short for `--place arena=...`.",
    )(command)


def place_option(command: CommandT) -> CommandT:
    """``--place``, repeatable."""
    return click.option(
        "--place",
        "place",
        multiple=True,
        metavar="WHAT=MEMORY",
        help="Where `arena` or `weights` go: a memory that the board file names, several for the "
        "arena; repeatable.",
    )(command)


def named_places(arena_in: str | None, place: Sequence[str] = ()) -> Mapping[str, tuple[str, ...]]:
    """The memories that the options name, by what goes there. Raises UsageError U006."""
    texts = [*place, *(() if arena_in is None else (f"arena={arena_in}",))]
    named: dict[str, tuple[str, ...]] = {}
    for text in texts:
        what, _, memories = text.partition("=")
        names = tuple(name.strip() for name in memories.split(","))
        if not all(names):
            raise UsageError(
                "U006",
                f"`{text}` does not say what goes where",
                hint="such as `--place weights=QSPI` or `--arena-in DTCM`",
            )
        if what in named:
            raise UsageError("U006", f"`{what}` is placed twice", hint="place it once")
        named[what] = names
    return named
