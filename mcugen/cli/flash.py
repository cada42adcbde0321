"""``mcugen flash``: a build onto a board."""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import CompletionItem

from mcugen.cli.options import (
    Settings,
    baud_option,
    build_dir_argument,
    examples,
    json_option,
    port_option,
    verbosity_options,
)
from mcugen.console import Console


def _complete_way(
    context: click.Context, parameter: click.Parameter, begun: str
) -> list[CompletionItem]:
    from mcugen.flash import BACKENDS

    return [CompletionItem(way) for way in BACKENDS if way.startswith(begun)]


@click.command(
    epilog=examples(
        "mcugen flash",
        "mcugen flash --port /dev/ttyACM0 --dry-run",
        "mcugen flash -p /dev/ttyUSB0 --via rom",
    )
)
@build_dir_argument
@port_option()
@baud_option
@click.option(
    "--via",
    metavar="WAY",
    shell_complete=_complete_way,
    help="Only this way: firmware, loader, rom, drive, openocd, st-flash or pyocd. Otherwise they "
    "are tried in this order.",
)
@click.option("--dry-run", is_flag=True, help="Compare, and say what would be erased and written.")
@json_option
@verbosity_options
@click.pass_obj
def flash(
    settings: Settings,
    build_dir: Path,
    port: str | None,
    baud: int,
    via: str | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Put a build onto the board at a serial port, prove that it is there, and start it.

    BUILD_DIR (default: build) is what `mcugen build` wrote. Only sectors that differ are erased. If
    it is interrupted, the same command again finishes the job.
    """
    from mcugen.flash import flash as flash_build
    from mcugen.report.flash import render_flash

    console = Console(settings.verbosity)
    with console.flash_progress() as on_event:
        result = flash_build(
            build_dir, port=port, baud=baud, via=via, dry_run=dry_run, on_event=on_event
        )
    answer = result.as_json()
    if as_json:
        console.json({"schema": 1, "command": "flash", **answer})
    else:
        console.result(*render_flash(answer))
    return 0
