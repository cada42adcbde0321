"""The keys of a terminal, one by one and without echo, and the terminal as before afterwards."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol, TextIO

LEAVE = b"\x1d"
"""Ctrl-]."""


class Keys(Protocol):
    """``read`` gives what was typed, b"" when nothing was within so many seconds."""

    def read(self, seconds: float) -> bytes: ...


class NoKeys:
    """Where no terminal is nobody types, and what a script pipes in is not for the board."""

    def read(self, seconds: float) -> bytes:
        time.sleep(seconds)
        return b""


@contextmanager
def keyboard(stream: TextIO | None) -> Iterator[Keys]:
    """The keys of ``stream`` where that is a terminal, else NoKeys.

    The terminal gets its settings back however the block ends, by SIGTERM and SIGHUP too. Ctrl-C
    still interrupts; every other key, Ctrl-Z and Ctrl-\\ included, is only a key.
    """
    if stream is None or not stream.isatty():
        yield NoKeys()
    elif sys.platform == "win32":
        from mcugen.keyboard.windows import ConsoleKeys

        yield ConsoleKeys()
    else:
        from mcugen.keyboard.posix import terminal_keys

        with _signals_unwind(signal.SIGTERM, signal.SIGHUP), terminal_keys(stream) as keys:
            yield keys


@contextmanager
def _signals_unwind(*numbers: signal.Signals) -> Iterator[None]:
    """Makes signals that would end the process at once run its ``finally`` blocks first."""
    before = {number: signal.signal(number, _unwind) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _unwind(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
