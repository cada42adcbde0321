"""Keys of a Windows console.

pyserial's miniterm stands on the same functions, but replaces stdout and stderr by objects that do
not say whether they are a terminal.
"""

from __future__ import annotations

import importlib
import time
from typing import Any

_POLL_SECONDS = 0.01
_INTERRUPT = "\x03"
_PREFIXES = ("\0", "\xe0")
_SEQUENCES = {
    "H": b"\x1b[A",  # up, down, right, left
    "P": b"\x1b[B",
    "M": b"\x1b[C",
    "K": b"\x1b[D",
    "G": b"\x1b[H",  # home, end
    "O": b"\x1b[F",
    "R": b"\x1b[2~",  # insert, delete, page up, page down
    "S": b"\x1b[3~",
    "I": b"\x1b[5~",
    "Q": b"\x1b[6~",
}
"""What a terminal sends for a key that Windows says in two parts."""


class ConsoleKeys:
    """Keys as they are pressed. ``console`` has kbhit and getwch, by default ``msvcrt``."""

    def __init__(self, console: Any = None) -> None:
        self._console = console or importlib.import_module("msvcrt")

    def read(self, seconds: float) -> bytes:
        """What was typed, b"" when nothing was within ``seconds``."""
        end = time.monotonic() + seconds
        while not self._console.kbhit():
            left = end - time.monotonic()
            if left <= 0:
                return b""
            time.sleep(min(_POLL_SECONDS, left))
        typed = b""
        while self._console.kbhit():
            typed += self._key()
        return typed

    def _key(self) -> bytes:
        """One key; one that no terminal has is b"". Raises KeyboardInterrupt."""
        key = self._console.getwch()
        if key == _INTERRUPT:
            raise KeyboardInterrupt
        if key in _PREFIXES:
            return _SEQUENCES.get(self._console.getwch(), b"")
        return str(key).encode("utf-8", "replace")
