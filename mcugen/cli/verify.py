"""``mcugen verify``: a build against the reference, layer by layer."""

from __future__ import annotations

from pathlib import Path

import click
from click.core import ParameterSource

from mcugen.cli.options import (
    Settings,
    baud_option,
    build_dir_argument,
    examples,
    json_option,
    labels_option,
    model_option,
    port_option,
    serial_port,
    verbosity_options,
)
from mcugen.console import Console
from mcugen.errors import McugenError

_BARE_SIM = "host+board"
_EXECUTIONS = {
    "host": ("host",),
    "board": ("board",),
    "qemu": ("qemu",),
    "all": ("host", "board", "qemu"),
    _BARE_SIM: ("host", "board"),
}


class _VerifyCommand(click.Command):
    """``--sim`` with an optional value that never swallows the build folder behind it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, _spell_out_sim(args))


def _spell_out_sim(arguments: list[str]) -> list[str]:
    followers = [*arguments, ""][1:]
    return [
        f"--sim={_BARE_SIM}" if argument == "--sim" and follower not in _EXECUTIONS else argument
        for argument, follower in zip(arguments, followers, strict=True)
    ]


@click.command(
    cls=_VerifyCommand,
    epilog=examples(
        "mcugen verify --sim",
        "mcugen verify out --sim=all --count 20",
        "mcugen verify --sim --input cat.png --labels labels.txt",
        "mcugen verify --port /dev/ttyACM0",
        "mcugen verify --elf app.elf",
        "mcugen verify model.tflite --sim=host",
    ),
)
@build_dir_argument
@model_option
@click.option(
    "--sim",
    type=click.Choice(tuple(_EXECUTIONS)),
    metavar="[=host|board|qemu|all]",
    help="Run on simulators; alone it means host and board.",
)
@click.option(
    "--elf",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Run the library in this program of your own, an ELF file, on the simulated board.",
)
@port_option(otherwise="")
@baud_option
@click.option(
    "--input",
    "inputs",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FILE",
    help="Picture (PNG, JPEG, BMP) or .npy file to run on; repeatable.",
)
@labels_option
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="N",
    help="Seed of the random inputs.",
)
@click.option(
    "--count",
    type=click.IntRange(min=1),
    default=8,
    show_default=True,
    metavar="N",
    help="Number of default inputs.",
)
@click.option(
    "--dump-layer",
    type=click.IntRange(min=0),
    metavar="N",
    help="Write what every execution computed at layer N as .npy files.",
)
@json_option
@verbosity_options
@click.pass_context
def verify(
    context: click.Context,
    build_dir: Path,
    model: str | None,
    sim: str | None,
    elf: Path | None,
    port: str | None,
    baud: int,
    inputs: tuple[Path, ...],
    labels: Path | None,
    seed: int,
    count: int,
    dump_layer: int | None,
    as_json: bool,
) -> int:
    """Compare a build with the reference.

    Runs the model of BUILD_DIR (default: build) on simulators, on the board at a serial port, in a
    program of your own, or in all of them, and names the first layer and value that differ. A
    .tflite file in place of BUILD_DIR is compiled for this machine, however large, with --sim=host.
    """
    if (sim or elf) and context.get_parameter_source("port") is ParameterSource.ENVIRONMENT:
        port = None  # who asks for a simulator alone gets that alone
    if not (sim or elf or port):
        raise click.UsageError(
            "say what runs the firmware: `--sim` for simulators, `--port PORT` for the board there,"
            " `--elf FILE` for a program of your own"
        )
    from mcugen.api import build_to_verify, keep_verification
    from mcugen.report.verify import render_verify
    from mcugen.verify import verify as verify_build

    console = Console(context.ensure_object(Settings).verbosity)
    executions = _EXECUTIONS[sim] if sim else ()
    runs = (*executions, *(("port",) if port else ()), *(("elf",) if elf else ()))
    with console.progress() as on_event, build_to_verify(build_dir, runs, on_event) as folder:
        report = verify_build(
            folder,
            model=model,
            executions=executions,
            open_port=serial_port(port, baud) if port else None,
            elf=elf,
            inputs=inputs,
            seed=seed,
            count=count,
            labels=labels,
            dump_layer=dump_layer,
            on_event=on_event,
        )
    answer, error = report.as_json(), report.error
    if error:
        answer["error"] = error.as_json()
    try:
        if folder == build_dir:  # that of a file is gone
            answer["report"] = keep_verification(build_dir, report.manifest, answer)
    except McugenError as unwritable:  # what was found is told all the same
        if error is None:
            answer, error = {**answer, "status": "error", "error": unwritable.as_json()}, unwritable
    if as_json:
        console.json({"schema": 1, "command": "verify", **answer})
        return error.exit_status if error else 0
    console.result(*render_verify(answer))
    if error:
        raise error
    return 0
