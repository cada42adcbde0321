"""``mcugen explore``: arena against instructions."""

from __future__ import annotations

from pathlib import Path

import click

from mcugen.cli.options import (
    Settings,
    cmsis_nn_option,
    examples,
    json_option,
    named_target,
    target_option,
    verbosity_options,
)
from mcugen.cli.places import arena_in_option, named_places
from mcugen.cli.workers import named_runner, workers_options
from mcugen.console import Console


@click.command(
    epilog=examples(
        "mcugen explore model.tflite -t stm32f7",
        "mcugen explore model.tflite -t nucleo-f446re --html explore.html",
        "mcugen explore model.tflite -t stm32f7 --dask tcp://host:8786",
    )
)
@click.argument("model", type=click.Path(path_type=Path))
@target_option("Board, chip, target such as stm32f7, or a board file; none lists them.")
@cmsis_nn_option
@workers_options
@arena_in_option
@click.option(
    "--html",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write a page with a picture, too.",
)
@json_option
@verbosity_options
@click.pass_obj
def explore(
    settings: Settings,
    model: Path,
    target: str | None,
    cmsis_nn: Path | None,
    jobs: int | None,
    dask: str | None,
    arena_in: str | None,
    html: Path | None,
    as_json: bool,
) -> int:
    """Show how little arena the .tflite file MODEL can do with, and what that costs.

    From layer by layer to the least, with the picture in RAM and in rows; each line has the command
    that builds it.
    """
    from mcugen.explore import explore as explore_model
    from mcugen.report.explore import render_explore
    from mcugen.report.explore_page import write_explore_page
    from mcugen.report.write import check_writable

    if html is not None:
        check_writable(html)
    console = Console(settings.verbosity)
    with console.counts() as on_progress:
        answer = explore_model(
            model,
            target=named_target(target),
            cmsis_nn=cmsis_nn,
            runner=named_runner(jobs, dask),
            on_progress=on_progress,
            arena_in=named_places(arena_in).get("arena", ()),
        ).as_json()
    if html is not None:
        write_explore_page(answer, html)
    if as_json:
        console.json({"schema": 1, "command": "explore", **answer})
    else:
        console.result(*render_explore(answer))
    return 0
