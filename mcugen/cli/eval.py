"""``mcugen eval``: accuracy and exactness over a data set."""

from __future__ import annotations

import math
from pathlib import Path

import click

from mcugen.cli.options import (
    Settings,
    build_dir_argument,
    examples,
    json_option,
    labels_option,
    model_option,
    verbosity_options,
)
from mcugen.cli.workers import named_runner, workers_options
from mcugen.console import Console

_RANGES = {"0..1": (0.0, 1.0), "-1..1": (-1.0, 1.0), "0..255": (0.0, 255.0)}


def _numbers(
    context: click.Context, option: click.Parameter, text: str | None
) -> tuple[float, ...]:
    """Finite numbers with commas between them; none where the option is left out."""
    try:
        numbers = tuple(float(part) for part in text.split(",")) if text is not None else ()
    except ValueError:
        numbers = (math.nan,)
    if not all(math.isfinite(number) for number in numbers):
        raise click.BadParameter(f"`{text}` is not a number, or several with commas between them")
    return numbers


@click.command(
    "eval",
    epilog=examples(
        "mcugen eval --dataset /usr/share/datasets/fashion-mnist",
        "mcugen eval --dataset pictures --labels labels.txt --limit 100",
        "mcugen eval --dataset test.npz --dask tcp://host:8786",
    ),
)
@build_dir_argument
@model_option
@click.option(
    "--dataset",
    type=click.Path(path_type=Path),
    required=True,
    metavar="PATH",
    help="Folder of (Fashion-)MNIST's IDX files, .npz file with x_test and y_test, or folder with "
    "a folder of pictures for each class, or such folders below train/ and val/.",
)
@labels_option
@click.option(
    "--resize",
    type=click.Choice(("squash", "crop")),
    default="squash",
    show_default=True,
    help="Pictures of other proportions than the input's: squash them, or crop their edges.",
)
@click.option(
    "--pixels",
    type=click.Choice(tuple(_RANGES)),
    help="What black and white are in an .npz file whose pictures are floats.",
)
@click.option(
    "--mean",
    callback=_numbers,
    metavar="M[,M,M]",
    help="Feed the model (pixel/255 - M) / S, where its input does not say what it was trained "
    "with: a number, or one for each channel.",
)
@click.option(
    "--std", callback=_numbers, metavar="S[,S,S]", help="The S of `--mean`; 1 without it."
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the first N pictures.")
@click.option(
    "--board",
    type=click.IntRange(min=0),
    default=4,
    show_default=True,
    metavar="N",
    help="Evenly spread pictures that run on the virtual board too.",
)
@workers_options
@click.option("--fresh", is_flag=True, help="Forget what an earlier run has done.")
@json_option
@verbosity_options
@click.pass_obj
def eval_(
    settings: Settings,
    build_dir: Path,
    model: str | None,
    dataset: Path,
    labels: Path | None,
    resize: str,
    pixels: str | None,
    mean: tuple[float, ...],
    std: tuple[float, ...],
    limit: int | None,
    board: int,
    jobs: int | None,
    dask: str | None,
    fresh: bool,
    as_json: bool,
) -> int:
    """Run a data set through a build: how often it is right, and whether it is exact.

    Every picture goes through the generated C of BUILD_DIR (default: build) and through the
    reference, and all layers are compared. If it is interrupted, the same command again goes on
    where it stopped.
    """
    from mcugen.evaluate import evaluate
    from mcugen.inputs import Preparation
    from mcugen.report.evaluation import render_evaluation
    from mcugen.report.evaluations import save_evaluation
    from mcugen.report.html import write_report

    console = Console(settings.verbosity)
    with console.counts() as on_progress:
        found = evaluate(
            build_dir,
            model=model,
            dataset=dataset,
            runner=named_runner(jobs, dask),
            labels=labels,
            limit=limit,
            board=board,
            fresh=fresh,
            prepare=Preparation(resize == "crop", mean, std),
            pixels=_RANGES[pixels] if pixels else None,
            on_progress=on_progress,
        )
    answer, error = found.as_json(), found.error
    save_evaluation(build_dir, found.manifest, answer, found.thumbnails())
    write_report(build_dir, model=found.manifest.name)
    if as_json:
        told = {"error": error.as_json()} if error else {}
        console.json({"schema": 1, "command": "eval", **answer, **told})
        return error.exit_status if error else 0
    console.result(*render_evaluation(answer))
    if error:
        raise error
    return 0
