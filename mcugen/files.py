"""Reads what others wrote: regular files only, and never more of one than its kind can need.

A FIFO, a device or a sparse file of gigabytes would keep mcugen waiting or fill the memory. What
is wrong is an OSError that says it in ``strerror``, so that a reader tells it as it tells a file
that is missing.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import stat
from pathlib import Path
from typing import BinaryIO

_MB = 2**20

MODEL_BYTES = 64 * _MB
"""Thirty times the flash of the largest board: what does not fit can still be inspected."""

BUILT_BYTES = MODEL_BYTES
"""Of any file of a build, which has the model among them."""

TEXT_BYTES = 4 * _MB
"""Labels, board descriptions, C sources."""

ANSWER_BYTES = 8 * _MB
"""What mcugen itself wrote as JSON."""

JOURNAL_BYTES = 64 * _MB
"""Of an evaluation: a few hundred bytes for every twenty pictures."""

INPUT_BYTES = 64 * _MB
"""A picture, or an array for a model's input."""

DATA_SET_BYTES = 2048 * _MB
"""A file with all pictures of a data set, and what may become of it when it is unpacked."""

_PIECE = _MB


def open_file(path: Path, most: int) -> BinaryIO:
    """The regular file at ``path`` of up to ``most`` bytes, open for reading. Raises OSError."""
    file = open(path, "rb", opener=_opened)  # noqa: SIM115 - it is the caller's to close
    try:
        _check(os.fstat(file.fileno()), path, most)
    except OSError:
        file.close()
        raise
    return file


def read_bytes(path: Path, most: int) -> bytes:
    """The contents of a regular file of up to ``most`` bytes. Raises OSError."""
    with open_file(path, most) as file:
        data = file.read(most + 1)  # what the system makes up in /proc has no size
    if len(data) > most:
        raise _too_large(path, most)
    return data


def read_text(path: Path, most: int = TEXT_BYTES) -> str:
    """The same as text, whatever ends its lines. Raises OSError, or UnicodeDecodeError."""
    return io.TextIOWrapper(io.BytesIO(read_bytes(path, most)), "utf-8").read()


def sha256(path: Path, most: int) -> str:
    """SHA-256 of a regular file of up to ``most`` bytes, without holding it. Raises OSError."""
    digest = hashlib.sha256()
    with open_file(path, most) as file:
        left = most
        while piece := file.read(_PIECE):
            left -= len(piece)
            if left < 0:
                raise _too_large(path, most)
            digest.update(piece)
    return digest.hexdigest()


def _opened(path: str, flags: int) -> int:
    """Looks first: opening alone resets a board at a serial port, and waits at a FIFO."""
    _check(os.stat(path), Path(path))
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _check(found: os.stat_result, path: Path, most: int | None = None) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder", str(path))
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
    if most is not None and found.st_size > most:
        raise _too_large(path, most, found.st_size)


def _too_large(path: Path, most: int, size: int | None = None) -> OSError:
    has = "more than that" if size is None else f"{size:,} bytes"
    return OSError(errno.EFBIG, f"it has {has}, and {most:,} are the most", str(path))
