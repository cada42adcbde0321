"""``mcugen build``: a model into firmware."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcugen.cli.options import (
    Settings,
    cmsis_nn_option,
    core_options,
    examples,
    json_option,
    named_target,
    target_option,
    verbosity_options,
)
from mcugen.cli.places import arena_in_option, named_places, place_option
from mcugen.console import Console

if TYPE_CHECKING:
    from mcugen.kernels import Choice
    from mcugen.memory.rows.plan import Arena


def _arena(context: click.Context, parameter: click.Parameter, value: str | None) -> Arena | None:
    if value is None:
        return None
    if value == "least":
        return "least"
    if value.isascii() and value.isdecimal() and int(value) > 0:
        return int(value)
    raise click.BadParameter(f"`{value}` is neither a number of bytes nor `least`")


@click.command(
    epilog=examples(
        "mcugen build model.tflite -t stm32f7",
        "mcugen build model.tflite -t STM32F446RE -o out -v",
        "mcugen build model.tflite -t ./board.toml",
        "mcugen build model.tflite -t cortex-m4 --ram 256K --flash 1M",
        "mcugen build model.tflite -t stm32f7 --arena least",
        "mcugen build wake.tflite gate.tflite --name wake --name gate -t stm32f7",
        "mcugen build model.tflite -t stm32f746g-disco --arena-in DTCM --place weights=QSPI",
    )
)
@click.argument(
    "models", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="MODEL..."
)
@target_option(
    "Board, chip, target such as stm32f7, a board file, or a core such as cortex-m4 with --ram and "
    "--flash; none lists them."
)
@core_options
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("build"),
    show_default=True,
    metavar="DIR",
    help="Folder to write.",
)
@click.option(
    "--name",
    "names",
    multiple=True,
    metavar="NAME",
    help="What the library, its header and its functions are called, `model` by default; for "
    "several models one each.",
)
@click.option(
    "--arena-apart",
    is_flag=True,
    help="Give each of several models an arena of its own; without it they share one, and the "
    "output of one holds until another one runs.",
)
@cmsis_nn_option
@click.option(
    "--kernels",
    type=click.Choice(["cmsis-nn", "fast"]),
    default="cmsis-nn",
    show_default=True,
    help="CMSIS-NN's, or for each layer the one that takes the fewest instructions.",
)
@click.option(
    "--keep-constant-channels",
    is_flag=True,
    help="With fast kernels: keep channels that have one value whatever the input is.",
)
@click.option(
    "--arena",
    metavar="BYTES|least",
    callback=_arena,
    help="Run layers by rows where it takes that: the fastest plan within so many bytes of arena, "
    "or `least`.",
)
@arena_in_option
@place_option
@click.option(
    "--stream-input",
    is_flag=True,
    help="A library that takes the picture in rows, as a camera delivers them.",
)
@click.option(
    "--labels",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Names of the classes, one a line, for the header and for all that tells a class.",
)
@click.option(
    "--loader-no-read",
    is_flag=True,
    help="A resident loader that gives out neither flash nor RAM over the serial port; "
    "each flash then erases and writes everything.",
)
@json_option
@verbosity_options
@click.pass_obj
def build(
    settings: Settings,
    models: tuple[Path, ...],
    target: str | None,
    ram: str | None,
    flash: str | None,
    fpu: str | None,
    dsp: bool | None,
    output: Path,
    names: tuple[str, ...],
    arena_apart: bool,
    cmsis_nn: Path | None,
    kernels: Choice,
    keep_constant_channels: bool,
    arena: Arena | None,
    arena_in: str | None,
    place: tuple[str, ...],
    stream_input: bool,
    labels: tuple[Path, ...],
    loader_no_read: bool,
    as_json: bool,
) -> int:
    """Compile the .tflite file MODEL, or several, into firmware for a board."""
    from mcugen.boards.plain import CoreOptions
    from mcugen.compiler import build as build_model
    from mcugen.names import DEFAULT_NAME
    from mcugen.report.arena_text import glyphs_for
    from mcugen.report.build import render_build
    from mcugen.report.html import write_reports

    console = Console(settings.verbosity)
    with console.progress() as on_event:
        result = build_model(
            models,
            target=named_target(target),
            output=output,
            names=names or (DEFAULT_NAME,),
            arena_apart=arena_apart,
            cmsis_nn=cmsis_nn,
            kernels=kernels,
            keep_constant_channels=keep_constant_channels,
            arena=arena,
            stream_input=stream_input,
            labels=labels,
            loader_no_read=loader_no_read,
            places=named_places(arena_in, place),
            core=CoreOptions(ram, flash, fpu, dsp),
            on_event=on_event,
        )
    answer = {**result.as_json(), "report": write_reports(output)[0]}
    if as_json:
        console.json({**answer, "schema": 1, "command": "build"})
    else:
        for note in result.notes:
            console.note(f"note: {note}")
        glyphs = glyphs_for(sys.stdout.encoding)
        details = console.verbosity > 0
        console.result(*render_build(answer, glyphs, console.width, details=details))
    return 0
