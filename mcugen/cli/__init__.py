"""The command line. Commands import what they need when they run, so that ``--help`` is quick."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from mcugen.cli.board import board
from mcugen.cli.boards import boards
from mcugen.cli.build import build
from mcugen.cli.check import check
from mcugen.cli.diff import diff
from mcugen.cli.eval import eval_
from mcugen.cli.explore import explore
from mcugen.cli.export import export
from mcugen.cli.flash import flash
from mcugen.cli.inspect import inspect
from mcugen.cli.monitor import monitor
from mcugen.cli.operators import operators
from mcugen.cli.options import Settings, examples, verbosity_options
from mcugen.cli.outcome import status_of
from mcugen.cli.ports import ports
from mcugen.cli.report import report
from mcugen.cli.run import run
from mcugen.cli.verify import verify
from mcugen.version import __version__


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples(
        "mcugen build model.tflite --target stm32f7",
        "mcugen verify --sim",
        "mcugen flash",
    ),
)
@click.version_option(__version__, prog_name="mcugen", message="%(prog)s %(version)s")
@verbosity_options
@click.pass_context
def cli(context: click.Context) -> int:
    """Compile int8 .tflite models into firmware that is proven bit-exact on the host."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
        context.exit(2)
    return 0


cli.add_command(board)
cli.add_command(boards)
cli.add_command(build)
cli.add_command(verify)
cli.add_command(eval_)
cli.add_command(report)
cli.add_command(check)
cli.add_command(diff)
cli.add_command(export)
cli.add_command(flash)
cli.add_command(ports)
cli.add_command(run)
cli.add_command(monitor)
cli.add_command(inspect)
cli.add_command(explore)
cli.add_command(operators)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command line, by default that of this process, and returns its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    settings = Settings()
    command = next((word for word in words if word in cli.commands), "")
    return status_of(
        lambda: cli.main(words, prog_name="mcugen", standalone_mode=False, obj=settings),
        settings,
        command,
        as_json="--json" in words,
    )
