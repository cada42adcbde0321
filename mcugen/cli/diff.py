"""``mcugen diff``: two builds side by side."""

from __future__ import annotations

from pathlib import Path

import click

from mcugen.cli.options import (
    Settings,
    examples,
    json_option,
    model_option,
    verbosity_options,
)
from mcugen.console import Console


@click.command(
    epilog=examples(
        "mcugen diff old new",
        "mcugen diff main-build build --markdown > comment.md",
    )
)
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@model_option
@click.option("--markdown", is_flag=True, help="Print Markdown, for a pull request.")
@json_option
@verbosity_options
@click.pass_obj
def diff(
    settings: Settings, old: Path, new: Path, model: str | None, markdown: bool, as_json: bool
) -> int:
    """Show what changed from the build folder OLD to the build folder NEW.

    Totals and layers side by side: memory, instructions as `verify --sim` counted them in both or
    else estimated, and accuracy where `eval` ran. The exit status is 0 whatever changed.
    """
    from mcugen.compare import compare_builds
    from mcugen.report.diff import markdown_diff, render_diff
    from mcugen.report.recorded import read_recorded

    if markdown and as_json:
        raise click.UsageError("`--markdown` and `--json` are two forms of one answer: name one")
    found = compare_builds(read_recorded(old, model), read_recorded(new, model))
    console = Console(settings.verbosity)
    if as_json:
        console.json({"schema": 1, "command": "diff", **found.as_json()})
    elif markdown:
        console.text(markdown_diff(found))
    else:
        console.result(*render_diff(found))
    return 0
