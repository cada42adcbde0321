"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

from mcugen.errors import UsageError

if TYPE_CHECKING:  # commands import what they need when they run
    from mcugen.verify.device import PortOpener

CommandT = TypeVar("CommandT", bound=Callable[..., Any])


def examples(*lines: str) -> str:
    """An epilog for ``--help``: command lines as they are typed."""
    return "\n".join(("\b", "Examples:", *(f"  {line}" for line in lines)))


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


def model_option(command: CommandT) -> CommandT:
    return click.option(
        "--model", metavar="NAME", help="Which of the models of a build with several."
    )(command)


def labels_option(command: CommandT) -> CommandT:
    return click.option(
        "--labels",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Names of the classes, one a line; those of the build otherwise.",
    )(command)


def target_option(help_text: str) -> Callable[[CommandT], CommandT]:
    """``-t``; None where it is left out."""
    return click.option(
        "-t", "--target", metavar="BOARD", help=help_text, shell_complete=_complete_target
    )


def core_options(command: CommandT) -> CommandT:
    """``--ram``, ``--flash``, ``--fpu`` and ``--dsp``, for a core without a board."""
    options = (
        click.option(
            "--ram", metavar="SIZE", help="Of a core: how much RAM the chip has, such as 256K."
        ),
        click.option(
            "--flash", metavar="SIZE", help="Of a core: how much flash the chip has, such as 1M."
        ),
        click.option(
            "--fpu",
            type=click.Choice(["none", "sp", "dp"]),
            help="Of a core: its floating point unit; the usual one of the core otherwise.",
        ),
        click.option(
            "--dsp/--no-dsp",
            default=None,
            help="Of a Cortex-M33: whether it has the DSP extension; it has otherwise.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def cmsis_nn_option(command: CommandT) -> CommandT:
    """``--cmsis-nn``."""
    return click.option(
        "--cmsis-nn",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="CMSIS-NN sources to use instead of those that are installed.",
    )(command)


def named_target(target: str | None) -> str:
    """What ``-t`` says. Raises UsageError U007, which lists the boards, where it was left out."""
    if target is not None:
        return target
    from mcugen.boards import all_boards
    from mcugen.report.boards import list_boards

    raise UsageError(
        "U007",
        "say which board: `-t BOARD`",
        details=list_boards(all_boards()),
        hint="any of these names will do, and a board file of your own: `-t ./board.toml`",
    )


def _complete_target(
    context: click.Context, parameter: click.Parameter, begun: str
) -> list[CompletionItem]:
    from mcugen.boards import all_boards, as_file

    if begun.startswith(".") or as_file(begun) is not None:
        return [CompletionItem(begun, type="file")]
    boards = all_boards()
    known = {board.target: f"{board.id}" for board in boards if board.default}
    known |= {board.id: board.chip.part for board in boards}
    return [
        CompletionItem(name, help=means)
        for name, means in sorted(known.items())
        if name.startswith(begun.lower())
    ]


def port_option(
    *, otherwise: str = "the only known board otherwise"
) -> Callable[[CommandT], CommandT]:
    return click.option(
        "-p",
        "--port",
        envvar="MCUGEN_PORT",
        metavar="PORT",
        help="Serial port of the board, such as /dev/ttyACM0; MCUGEN_PORT stands in for it"
        f"{otherwise and ', '}{otherwise}.",
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


def named_port(port: str | None) -> str:
    """What ``-p`` says, or the port of the only known board. Raises as ``only_board``."""
    if port is not None:
        return port
    from mcugen.flash.discover import find_ports, only_board

    return only_board(find_ports()).device


def serial_port(port: str, baud: int) -> PortOpener:
    """What opens the port, 8 data bits and no parity, when it is wanted."""
    from mcugen.flash.port import SerialPort

    return lambda: SerialPort(port, baud)


def _add_verbosity(sign: int) -> Callable[[click.Context, click.Parameter, int], None]:
    def add(context: click.Context, parameter: click.Parameter, count: int) -> None:
        context.ensure_object(Settings).verbosity += sign * count

    return add
