"""``mcugen export``: a build's library as the folder that a build system expects."""

from __future__ import annotations

from pathlib import Path

import click

from mcugen.cli.options import (
    Settings,
    build_dir_argument,
    examples,
    json_option,
    verbosity_options,
)
from mcugen.console import Console

_FLAVOURS = ("cmake", "arduino", "platformio", "zephyr", "cubeide", "flat")


@click.command(
    epilog=examples(
        "mcugen export --as arduino -o ~/Arduino/libraries/model",
        "mcugen export out --as zephyr -o modules/model",
    )
)
@build_dir_argument
@click.option("--as", "flavour", type=click.Choice(_FLAVOURS), required=True, help="For what.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    metavar="DIR",
    help="Folder to write; an earlier export there is replaced.",
)
@json_option
@verbosity_options
@click.pass_obj
def export(settings: Settings, build_dir: Path, flavour: str, output: Path, as_json: bool) -> int:
    """Write library and console of a build as a folder for a build system.

    Sources, licences and the metadata that the build system wants; nothing else of mcugen is
    needed.
    """
    from mcugen.exporting import export as export_build

    console = Console(settings.verbosity)
    result = export_build(build_dir, flavour=flavour, output=output)
    if as_json:
        console.json({"schema": 1, "command": "export", **result.as_json()})
        return 0
    console.result(
        f"wrote {output}: {len(result.files)} files",
        f"use   {result.use}",
        f"tried {result.tried}",
    )
    return 0
