"""The keys of a terminal, one by one and without echo, and the terminal as before afterwards."""

from __future__ import annotations

import copy
import os
import select
import signal
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, TextIO

LEAVE = b"\x1d"
"""Ctrl-]."""

_READ_BYTES = 1024
_DISABLED = b"\0"
_INPUT, _LOCAL, _CHARACTERS = 0, 3, 6
"""Places in what ``termios.tcgetattr`` answers."""


class TerminalKeys:
    """Keys as they are pressed."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def read(self, seconds: float) -> bytes:
        """What was typed, b"" when nothing was within ``seconds``; a terminal that went leaves."""
        ready, _, _ = select.select([self._descriptor], [], [], seconds)
        if not ready:
            return b""
        with suppress(OSError):
            return os.read(self._descriptor, _READ_BYTES) or LEAVE
        return LEAVE


class NoKeys:
    """Where no terminal is nobody types, and what a script pipes in is not for the board."""

    def read(self, seconds: float) -> bytes:
        time.sleep(seconds)
        return b""


@contextmanager
def keyboard(stream: TextIO | None) -> Iterator[TerminalKeys | NoKeys]:
    """The keys of ``stream`` where that is a terminal.

    The terminal gets its settings back however the block ends, by SIGTERM and SIGHUP too. Ctrl-C
    still interrupts; every other key, Ctrl-Z and Ctrl-\\ included, is only a key.
    """
    if stream is None or not stream.isatty():
        yield NoKeys()
        return
    descriptor = stream.fileno()
    before = termios.tcgetattr(descriptor)
    with _signals_unwind(signal.SIGTERM, signal.SIGHUP):
        try:
            termios.tcsetattr(descriptor, termios.TCSADRAIN, _key_by_key(before))
            yield TerminalKeys(descriptor)
        finally:
            with suppress(termios.error):  # the terminal may be gone
                termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _key_by_key(before: list[Any]) -> list[Any]:
    settings = copy.deepcopy(before)
    settings[_INPUT] &= ~(termios.ICRNL | termios.IXON)
    settings[_LOCAL] &= ~(termios.ICANON | termios.ECHO | termios.IEXTEN)
    for place in (termios.VQUIT, termios.VSUSP):
        settings[_CHARACTERS][place] = _DISABLED
    settings[_CHARACTERS][termios.VMIN] = 1
    settings[_CHARACTERS][termios.VTIME] = 0
    return settings


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
