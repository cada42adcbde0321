"""``--jobs`` and ``--dask``: who does the work of a command that takes long."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from mcugen.cli.options import CommandT

if TYPE_CHECKING:
    from mcugen.workers import Runner


def workers_options(command: CommandT) -> CommandT:
    """``jobs`` and ``dask``, None where they are left out."""
    jobs = click.option(
        "--jobs",
        type=click.IntRange(min=1),
        metavar="N",
        help="Processes to use; by default as many as there are cores.",
    )
    dask = click.option(
        "--dask",
        metavar="ADDRESS",
        help="Use the workers of this Dask scheduler, such as tcp://host:8786, instead; they do "
        "one thing at a time, so give each one thread.",
    )
    return jobs(dask(command))


def named_runner(jobs: int | None, dask: str | None) -> Runner:
    """Raises UsageError U006 and ToolchainError T007 as ``on_cluster``."""
    if jobs is not None and dask is not None:
        raise click.UsageError("`--jobs` is for this machine, `--dask` for a cluster: name one")
    if dask is not None:
        from mcugen.workers.cluster import on_cluster

        return on_cluster(dask)
    from mcugen.workers.local import on_this_machine

    return on_this_machine(jobs or os.cpu_count() or 1)
