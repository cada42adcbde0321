"""Exchanges two folders in one step, where system and file system can do that."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
"""Of Linux's renameat2."""

_RENAME_SWAP = 2
"""Of macOS's renamex_np."""


def exchange(first: Path, second: Path) -> bool:
    """Whether each of two existing paths now names what the other named; if not, nothing changed.

    Nobody ever sees one of the two missing.
    """
    a, b = os.fsencode(first), os.fsencode(second)
    try:
        library = ctypes.CDLL(None)
        if sys.platform == "linux":
            answer = library.renameat2(_AT_FDCWD, a, _AT_FDCWD, b, _RENAME_EXCHANGE)
        elif sys.platform == "darwin":
            answer = library.renamex_np(a, b, _RENAME_SWAP)
        else:
            return False
    except (AttributeError, TypeError, OSError):  # Windows, or a C library without it
        return False
    return bool(answer == 0)
