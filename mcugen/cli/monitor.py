"""``mcugen monitor``: a serial terminal that knows the console protocol."""

from __future__ import annotations

import sys

import click

from mcugen.cli.options import (
    Settings,
    baud_option,
    examples,
    named_port,
    port_option,
    serial_port,
    verbosity_options,
)
from mcugen.console import Console


@click.command(
    epilog=examples(
        "mcugen monitor",
        "mcugen monitor -p /dev/ttyACM0 --listen",
        "mcugen monitor -p /dev/ttyACM0 --timeout 5 > log.txt",
    )
)
@port_option()
@baud_option
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Leave by itself after so long.",
)
@click.option("--listen", is_flag=True, help="Send nothing at the start: do not ask who is there.")
@verbosity_options
@click.pass_obj
def monitor(
    settings: Settings, port: str | None, baud: int, timeout: float | None, listen: bool
) -> int:
    """Show what a board sends: frames of the console protocol in words, raw text as it is.

    Keys are sent to the board. Ctrl-] leaves.
    """
    from mcugen.keyboard import NoKeys, keyboard
    from mcugen.monitor import GREETING
    from mcugen.monitor import monitor as watch

    console = Console(settings.verbosity)
    port = named_port(port)
    with serial_port(port, baud)() as line, keyboard(sys.stdin) as keys:
        way_out = "" if isinstance(keys, NoKeys) else "; Ctrl-] leaves"
        console.note(f"{port} at {baud} baud{way_out}")
        if not listen:
            line.write(GREETING)
        watch(line, _write, keys, seconds=timeout)
    return 0


def _write(text: str) -> None:
    """To stdout at once; without colours where that is no terminal."""
    encoding = sys.stdout.encoding or "utf-8"
    click.echo(text.encode(encoding, "backslashreplace").decode(encoding), nl=False)
