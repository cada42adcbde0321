"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:  # commands import what they need when they run
    from mcugen.verify.device import PortOpener

CommandT = TypeVar("CommandT", bound=Callable[..., Any])


@dataclass
class Settings:
    """What the command line said so far; click hands it from the group to its command."""

    verbosity: int = 0


def verbosity_options(command: CommandT) -> CommandT:
    """``-v`` and ``-q``, which count before and after the command's name alike."""
    verbose = click.option(
        "-v",
        "--verbose",
        count=True,
        expose_value=False,
        callback=_add_verbosity(1),
        help="Say more; repeat for more.",
    )
    quiet = click.option(
        "-q",
        "--quiet",
        count=True,
        expose_value=False,
        callback=_add_verbosity(-1),
        help="Say nothing but errors.",
    )
    return verbose(quiet(command))


def json_option(command: CommandT) -> CommandT:
    return click.option(
        "--json", "as_json", is_flag=True, help="Print one JSON object instead of text."
    )(command)


def build_dir_argument(command: CommandT) -> CommandT:
    return click.argument("build_dir", type=click.Path(path_type=Path), default=Path("build"))(
        command
    )


def labels_option(command: CommandT) -> CommandT:
    return click.option(
        "--labels",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Names of the classes, one a line.",
    )(command)


def port_option(*, required: bool = True) -> Callable[[CommandT], CommandT]:
    return click.option(
        "-p",
        "--port",
        envvar="MCUGEN_PORT",
        required=required,
        metavar="PORT",
        help="Serial port of the board, such as /dev/ttyACM0; MCUGEN_PORT stands in for it.",
    )


def baud_option(command: CommandT) -> CommandT:
    return click.option(
        "-b",
        "--baud",
        type=click.IntRange(min=1),
        default=115_200,
        show_default=True,
        metavar="BAUD",
        help="Baud rate of the serial port.",
    )(command)


def serial_port(port: str, baud: int) -> PortOpener:
    """What opens the port, 8 data bits and no parity, when it is wanted."""
    from mcugen.flash.port import SerialPort

    return lambda: SerialPort(port, baud)


def _add_verbosity(sign: int) -> Callable[[click.Context, click.Parameter, int], None]:
    def add(context: click.Context, parameter: click.Parameter, count: int) -> None:
        context.ensure_object(Settings).verbosity += sign * count

    return add
