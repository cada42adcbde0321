"""``mcugen inspect``: what a model is made of, what it costs, and what of it is supported."""

from __future__ import annotations

from pathlib import Path

import click

from mcugen.cli.options import Settings, examples, json_option, target_option, verbosity_options
from mcugen.console import Console


@click.command(
    epilog=examples(
        "mcugen inspect model.tflite",
        "mcugen inspect model.tflite -t nucleo-f446re",
        "mcugen inspect --json",
    )
)
@click.argument("model", type=click.Path(path_type=Path), default=Path("build"))
@target_option("Board to count memory for: otherwise the build's, or stm32f7 for a file.")
@json_option
@verbosity_options
@click.pass_obj
def inspect(settings: Settings, model: Path, target: str | None, as_json: bool) -> int:
    """Show what a model is made of and what it costs, beside the MobileNets paper.

    MODEL is a .tflite file, supported or not, or a build folder (default: build).
    """
    from mcugen.anatomy import inspect as inspect_model
    from mcugen.report.inspect import render_inspect

    answer = inspect_model(model, target=target).as_json()
    console = Console(settings.verbosity)
    if as_json:
        console.json({"schema": 1, "command": "inspect", **answer})
    else:
        console.result(*render_inspect(answer))
    return 0
