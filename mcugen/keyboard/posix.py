"""Keys of a POSIX terminal."""

from __future__ import annotations

import copy
import os
import select
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

_LEAVE = b"\x1d"
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
            return os.read(self._descriptor, _READ_BYTES) or _LEAVE
        return _LEAVE


@contextmanager
def terminal_keys(stream: TextIO) -> Iterator[TerminalKeys]:
    """The keys of a terminal, which gets its settings back."""
    descriptor = stream.fileno()
    before = termios.tcgetattr(descriptor)
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
