"""``mcugen ports``: serial ports, what they probably are, and what can be done on each."""

from __future__ import annotations

import click

from mcugen.cli.options import Settings, examples, json_option, verbosity_options
from mcugen.console import Console


@click.command(
    epilog=examples(
        "mcugen ports",
        "mcugen ports --json",
    )
)
@json_option
@verbosity_options
@click.pass_obj
def ports(settings: Settings, as_json: bool) -> int:
    """List serial ports with what they probably are, and what can be done on each."""
    from mcugen.flash.discover import find_ports
    from mcugen.report.flash import render_ports

    found = [port.as_json() for port in find_ports()]
    console = Console(settings.verbosity)
    if as_json:
        console.json({"schema": 1, "command": "ports", "status": "ok", "ports": found})
    else:
        console.result(*render_ports(found))
    return 0
