"""Worker processes that end at once when their work is no longer wanted."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection

from mcugen.errors import ToolchainError
from mcugen.temporary import temporary_folder


@contextmanager
def worker_processes(count: int) -> Iterator[ProcessPoolExecutor]:
    """``count`` fresh processes, which Ctrl-C does not reach: it is this process that ends them.

    They end when the block is left by an exception, and when this process dies, whatever it dies
    of; their temporary files go with them. Raises ToolchainError T008 when one of them is killed.
    """
    # Forking would copy whatever the interpreters hold.
    context = multiprocessing.get_context("spawn")
    leash, holder = context.Pipe(duplex=False)
    try:
        with (
            temporary_folder("mcugen-") as folder,
            ProcessPoolExecutor(
                count, mp_context=context, initializer=_put_on, initargs=(leash, str(folder))
            ) as pool,
        ):
            _start(pool, count)
            try:
                yield pool
            except BaseException:
                _stop_sending(pool)
                holder.close()
                raise
    except BrokenProcessPool:
        raise ToolchainError(
            "T008",
            "a worker process was killed",
            hint="memory may have run out: try with fewer, where the command has `--jobs`",
        ) from None
    finally:
        holder.close()
        leash.close()


def _start(pool: ProcessPoolExecutor, count: int) -> None:
    """All of them with SIGINT blocked, which they and what they start inherit."""
    resource_tracker.ensure_running()  # it unblocks SIGINT when it starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        for _ in range(count):
            pool.submit(_nothing)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _stop_sending(pool: ProcessPoolExecutor) -> None:
    """Work that is on its way to a process that ends fails, as no reader of the pipe is left.

    Python before 3.11.5 keeps one open itself, and waits for ever (gh-94777).
    """
    if sys.version_info < (3, 11, 5):
        pool._call_queue._reader.close()  # type: ignore[attr-defined]


def _nothing() -> None:
    """The first thing that a process does."""


def _put_on(leash: Connection, folder: str) -> None:
    tempfile.tempdir = folder
    threading.Thread(target=_end_with, args=(leash, folder), daemon=True).start()


def _end_with(leash: Connection, folder: str) -> None:
    """Nothing is ever sent: reading ends when the other end is closed."""
    with suppress(EOFError, OSError):
        leash.recv_bytes()
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)
