"""``mcugen report``: a build as one HTML file."""

from __future__ import annotations

from pathlib import Path

import click

from mcugen.cli.options import (
    Settings,
    build_dir_argument,
    examples,
    json_option,
    model_option,
    verbosity_options,
)
from mcugen.console import Console


@click.command(
    epilog=examples(
        "mcugen report",
        "mcugen report out -o model.html",
        "mcugen report --older main-build",
    )
)
@build_dir_argument
@model_option
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="File to write; by default report.html in the build folder.",
)
@click.option(
    "--older",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Compare with the older build in this folder.",
)
@json_option
@verbosity_options
@click.pass_obj
def report(
    settings: Settings,
    build_dir: Path,
    model: str | None,
    output: Path | None,
    older: Path | None,
    as_json: bool,
) -> int:
    """Write what BUILD_DIR (default: build) costs and how exact it is as one HTML file.

    `build`, `verify` and `eval` write it too; here it is made anew, with all that they found.
    """
    from mcugen.report.html import write_report
    from mcugen.report.summary import render_report

    answer = write_report(build_dir, output, model=model, older=older)
    console = Console(settings.verbosity)
    if as_json:
        console.json({"schema": 1, "command": "report", "status": "ok", **answer})
    else:
        console.result(*render_report(answer))
    return 0
