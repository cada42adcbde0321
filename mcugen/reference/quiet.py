"""Keeps what native libraries print away from the terminal, and at hand for error messages."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

_STDERR = 2
_MOST_LINES = 5


def _sink() -> BinaryIO:
    """What is printed is lost where there is no room for a temporary file."""
    try:
        return cast(BinaryIO, tempfile.TemporaryFile())
    except OSError:
        return open(os.devnull, "w+b")


@contextmanager
def quiet_stderr() -> Iterator[Callable[[], tuple[str, ...]]]:
    """Redirects file descriptor 2, which C and C++ code writes to, into a temporary file.

    Yields a function that gives the last lines written so far. Works on the whole process: Python's
    own messages are flushed before and are caught meanwhile, other threads' too.
    """
    if sys.stderr is not None:
        sys.stderr.flush()
    try:
        saved = os.dup(_STDERR)
    except OSError:  # The process has no standard error.
        yield lambda: ()
        return
    with _sink() as sink:

        def last_lines() -> tuple[str, ...]:
            size = os.fstat(sink.fileno()).st_size
            text = os.pread(sink.fileno(), size, 0).decode("utf-8", "replace") if size else ""
            return tuple(line for line in text.splitlines() if line.strip())[-_MOST_LINES:]

        try:
            os.dup2(sink.fileno(), _STDERR)
            yield last_lines
        finally:
            if sys.stderr is not None:
                sys.stderr.flush()
            os.dup2(saved, _STDERR)
            os.close(saved)
