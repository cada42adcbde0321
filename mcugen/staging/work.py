"""Folders beside a build in which the next one is made.

Such a folder belongs to the process that holds the lock in it, and the system frees the lock of a
process that ends, however it ends. So a folder whose lock can be had is abandoned.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

NEW, OLD = "new", "old"
"""The build that is made, and the one that it replaces."""

_GONE = "gone"
_LOCK = "lock"
_KNOWN = frozenset({NEW, OLD, _GONE, _LOCK})


@contextmanager
def work_folder(place: Path) -> Iterator[Path]:
    """A new folder beside ``place``, gone afterwards. Raises OSError."""
    work, lock = _claimed(place)
    try:
        yield work
    finally:
        try:
            _dispose(work, place)
        finally:
            lock.release()
            _remove_remains(work)


def clear_abandoned(place: Path) -> None:
    """Removes the folders that ended processes left beside ``place``, and nothing else.

    An old build in one of them goes back to ``place`` if that is free. Raises OSError.
    """
    ours = re.compile(re.escape(_prefix(place)) + "[a-z0-9_]{8}")
    found = list(place.parent.iterdir()) if place.parent.is_dir() else []
    for work in sorted(path for path in found if ours.fullmatch(path.name)):
        with suppress(OSError):  # of another user, or just removed by another build
            if not work.is_symlink() and {path.name for path in work.iterdir()} <= _KNOWN:
                _clear(work, place)


def is_occupied(place: Path) -> bool:
    """Whether there is anything but an empty folder."""
    return place.exists() and not (place.is_dir() and not any(place.iterdir()))


def _claimed(place: Path) -> tuple[Path, FileLock]:
    """Before its lock is held the folder looks abandoned, and another build may remove it."""
    while True:
        work = Path(tempfile.mkdtemp(prefix=_prefix(place), dir=place.parent))
        lock = FileLock(work / _LOCK)
        with suppress(Timeout, FileNotFoundError, FileExistsError):  # it was removed
            lock.acquire(timeout=0)
            if (work / _LOCK).exists():
                return work, lock
        lock.release(force=True)


def _clear(work: Path, place: Path) -> None:
    try:
        with FileLock(work / _LOCK, timeout=0):
            _dispose(work, place)
    except Timeout:  # a build is at work in it
        return
    _remove_remains(work)


def _dispose(work: Path, place: Path) -> None:
    """Removes ``work``. The old build goes only where another one is in its place.

    It is no longer called old once it is not whole.
    """
    old = work / OLD
    if old.exists():
        old.rename(work / _GONE if is_occupied(place) else place)
    shutil.rmtree(work, ignore_errors=True)


def _remove_remains(work: Path) -> None:
    """Where a file that is open cannot be removed, its lock outlives the rest of a folder.

    Nothing else may go: on POSIX the path may already be another build's.
    """
    if os.name == "nt":
        with suppress(OSError):
            (work / _LOCK).unlink()
            work.rmdir()


def _prefix(place: Path) -> str:
    return f".{place.name}.mcugen-"
