"""Temporary files: where there is no room for them, that is told as what it is."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mcugen.errors import UsageError

ROOM = "make room there, or name another folder with the environment variable TMPDIR"


@contextmanager
def temporary_folder(prefix: str) -> Iterator[Path]:
    """A new folder that is gone after the block. Raises UsageError U008 where it cannot be made, or
    what the block puts there cannot be written."""
    with (
        writing_temporary_files(),
        tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as folder,
    ):
        yield Path(folder)


@contextmanager
def writing_temporary_files() -> Iterator[None]:
    """An OSError of the block, whatever raised it, becomes UsageError U008."""
    try:
        yield
    except BrokenPipeError:  # whoever read what is printed has gone
        raise
    except OSError as error:
        raise UsageError(
            "U008",
            f"temporary files cannot be written: {_reason(error)}",
            where=tempfile.tempdir or "",
            hint=ROOM,
        ) from error


def _reason(error: OSError) -> str:
    if isinstance(error, shutil.Error):  # of many files: (from, to, what was raised) each
        return re.sub(r"\[Errno \d+\] |: '.*", "", str(error.args[0][0][2]))
    return error.strerror or str(error)
