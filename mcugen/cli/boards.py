"""``mcugen boards``: what can be built for, and how far each board has been tried."""

from __future__ import annotations

import click

from mcugen.cli.options import Settings, examples, json_option, verbosity_options
from mcugen.console import Console


@click.command(
    epilog=examples(
        "mcugen boards",
        "mcugen boards --json",
    )
)
@json_option
@verbosity_options
@click.pass_obj
def boards(settings: Settings, as_json: bool) -> int:
    """List the boards that mcugen knows.

    A target stands for its default board, marked *.
    """
    from mcugen.boards import all_boards
    from mcugen.report.boards import describe_boards, render_boards

    answer = describe_boards(all_boards())
    console = Console(settings.verbosity)
    if as_json:
        console.json({"schema": 1, "command": "boards", "status": "ok", **answer})
    else:
        console.result(*render_boards(answer))
    return 0
