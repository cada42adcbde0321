"""Writes a file whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mcugen.errors import UsageError


def write_whole(path: Path, text: str) -> None:
    """``path`` is as it was before or holds ``text`` in UTF-8.

    What UTF-8 does not have, such as a file name's stray bytes, is spelt out. Raises UsageError
    U005.
    """
    with _new_file(path) as new:
        new.write_bytes(text.encode("utf-8", "backslashreplace"))
        new.replace(path)


def check_writable(path: Path) -> None:
    """Before the work that is to be written: raises UsageError U005 where ``write_whole`` would,
    and leaves everything as it is."""
    with _new_file(path) as new:
        new.touch()


@contextmanager
def _new_file(path: Path) -> Iterator[Path]:
    """What may take the place of ``path``; it is gone afterwards where it did not."""
    try:
        if path.exists() and not path.is_file():
            raise _unwritable(path, "it exists and is not a file")
        new = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            yield new
        finally:
            new.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(path, error.strerror or str(error)) from error


def _unwritable(path: Path, why: str) -> UsageError:
    return UsageError(
        "U005",
        f"`{path.name or path}` cannot be written: {why}",
        where=str(path),
        hint="make its folder writable, or name another file",
    )
