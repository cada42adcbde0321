"""Units of work on a Dask cluster that exists; the only user of ``distributed``, an option."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

from mcugen.errors import McugenError, ToolchainError, UsageError
from mcugen.version import __version__
from mcugen.workers.runner import OutcomeT, PartT, Runner, SharedT, UnitT

_ADDRESS = re.compile(r"((tcp|tls)://)?([^\s/:@]+|\[[0-9a-fA-F:.]+\]):\d{1,5}")

_QUEUED = 2
"""Units that are under way for each thread: one to work on, one to go on with."""

_CONNECT_SECONDS = 10
_WORKERS_SECONDS = 10
_UNIT_SECONDS = 600

_AGAIN = "mend the cluster, and give the same command again"
_INSTALL = f"install mcugen {__version__} where the workers run"


def on_cluster(address: str) -> Runner:
    """Does units on the workers of the scheduler at ``address``.

    Raises UsageError U006 for what is no address, ToolchainError T007 when Dask is not installed
    here. The runner raises T008 for a cluster that cannot be reached, has no workers, or whose
    workers are lost or lack what the work needs.
    """
    if not _ADDRESS.fullmatch(address):
        raise UsageError(
            "U006", f"`{address}` is not the address of a scheduler", hint="such as tcp://host:8786"
        )
    _dask()

    def run(
        work: Callable[[SharedT, UnitT], OutcomeT],
        shared: SharedT,
        parts: Sequence[PartT],
        make: Callable[[PartT], UnitT],
    ) -> Generator[OutcomeT, None, None]:
        with _connected(address) as client, _troubles_told(address):
            _check_workers(client, address)
            yield from _spread(client, work, shared, map(make, parts))

    return run


def _dask() -> Any:
    """``distributed``, which has annotations here and there, none that hold for what is called."""
    try:
        import distributed
    except ImportError:
        raise ToolchainError(
            "T007", "`--dask` needs Dask's `distributed`", hint="pip install 'mcugen[dask]'"
        ) from None
    return distributed


def _spread(
    client: Any,
    work: Callable[[SharedT, UnitT], OutcomeT],
    shared: SharedT,
    units: Iterator[UnitT],
) -> Iterator[OutcomeT]:
    sent = client.scatter(shared, broadcast=True)
    most = _QUEUED * sum(client.nthreads().values())
    waiting: set[Any] = set()
    while True:
        for unit in islice(units, most - len(waiting)):
            waiting.add(client.submit(_on_worker, work, sent, unit, pure=False))
        if not waiting:
            return
        done, waiting = _dask().wait(waiting, _UNIT_SECONDS, return_when="FIRST_COMPLETED")
        yield from (future.result() for future in done)


def _on_worker(
    work: Callable[[SharedT, UnitT], OutcomeT], shared: SharedT, unit: UnitT
) -> OutcomeT:
    """A unit of work, with the name of the machine in what goes wrong there."""
    try:
        return work(shared, unit)
    except McugenError as error:
        error.details = (*error.details, f"on the worker {socket.gethostname()}")
        raise


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    before = logging.root.manager.disable
    logging.disable()  # what goes wrong is told as an error, once
    try:
        with _client(address) as client:
            yield client
    finally:
        logging.disable(before)


def _client(address: str) -> Any:
    try:
        return _dask().Client(address, timeout=_CONNECT_SECONDS)
    except (OSError, asyncio.TimeoutError) as error:
        raise _trouble(
            address,
            "there is no Dask scheduler",
            str(error),
            hint="start one with `dask scheduler`, and workers with `dask worker`",
        ) from None
    except (TypeError, ValueError) as error:
        raise _trouble(
            address,
            "Dask cannot use the address",
            str(error),
            hint="`tls://` needs certificates in Dask's own configuration",
        ) from None


def _check_workers(client: Any, address: str) -> None:
    """There is a worker, and all have the release of mcugen that is here."""
    try:
        client.wait_for_workers(1, timeout=_WORKERS_SECONDS)
    except (TimeoutError, asyncio.TimeoutError):
        raise _trouble(
            address, "the cluster has no workers", hint=f"`dask worker {address} --nthreads 1`"
        ) from None
    versions = client.get_versions(packages=["mcugen"])
    here = versions["client"]["packages"]["mcugen"]
    for worker, there in versions["workers"].items():
        found = there["packages"]["mcugen"]
        if found != here:
            has = f"mcugen {found}, not {here}" if found else "no mcugen"
            raise _trouble(address, f"a worker has {has}", f"worker: {worker}", hint=_INSTALL)


@contextmanager
def _troubles_told(address: str) -> Iterator[None]:
    """Dask's ways to say that a cluster fell apart, as one error."""
    dask = _dask()
    try:
        yield
    except dask.KilledWorker as error:
        raise _trouble(address, "the cluster's workers died", str(error)) from None
    except (dask.CancelledError, asyncio.CancelledError, dask.comm.CommClosedError):
        raise _trouble(address, "the cluster was lost", hint=_AGAIN) from None
    except (TimeoutError, asyncio.TimeoutError):
        raise _trouble(
            address, f"no unit of work was finished in {_UNIT_SECONDS} seconds", hint=_AGAIN
        ) from None
    except ImportError as error:
        raise _trouble(address, "a worker lacks something", str(error), hint=_INSTALL) from None


def _trouble(address: str, what: str, detail: str = "", hint: str = "") -> ToolchainError:
    details = tuple(line for line in detail.splitlines() if line.strip())
    return ToolchainError("T008", what, where=address, details=details, hint=hint)
