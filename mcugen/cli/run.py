"""``mcugen run``: one input through the firmware on a board."""

from __future__ import annotations

from pathlib import Path

import click

from mcugen.cli.options import (
    Settings,
    baud_option,
    build_dir_argument,
    examples,
    json_option,
    labels_option,
    model_option,
    named_port,
    port_option,
    serial_port,
    verbosity_options,
)
from mcugen.console import Console


@click.command(
    epilog=examples(
        "mcugen run --input cat.png --labels labels.txt",
        "mcugen run out -p /dev/ttyACM0 --input values.npy --json",
    )
)
@build_dir_argument
@model_option
@port_option()
@baud_option
@click.option(
    "--input",
    "input_file",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="Picture (PNG, JPEG, BMP) or .npy file to send.",
)
@labels_option
@json_option
@verbosity_options
@click.pass_obj
def run(
    settings: Settings,
    build_dir: Path,
    model: str | None,
    port: str | None,
    baud: int,
    input_file: Path,
    labels: Path | None,
    as_json: bool,
) -> int:
    """Send one input to a board and print its answer.

    The board must run the model of BUILD_DIR (default: build).
    """
    from mcugen.report.run import render_run
    from mcugen.run import run as run_on_board

    console = Console(settings.verbosity)
    with console.progress() as on_event:
        report = run_on_board(
            build_dir,
            model=model,
            open_port=serial_port(named_port(port), baud),
            input_file=input_file,
            labels=labels,
            on_event=on_event,
        )
    answer = report.as_json()
    if as_json:
        console.json({"schema": 1, "command": "run", **answer})
    else:
        console.result(*render_run(answer))
    return 0
