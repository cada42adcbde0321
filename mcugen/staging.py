"""Writes a build folder whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from mcugen.errors import UsageError
from mcugen.manifest import FILE_NAME


@contextmanager
def staged(output: Path) -> Iterator[Path]:
    """A new folder beside ``output`` that takes its place when the block ends without an error.

    Raises UsageError U005 when ``output`` cannot be written, or is a folder of something else.
    """
    _refuse_foreign(output)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{output.name}-", dir=output.parent))
    except OSError as error:
        raise _unwritable(output, error) from error
    try:
        folder = work / "new"
        folder.mkdir()
        yield folder
        _take_place(folder, output, work / "old")
    except OSError as error:
        raise _unwritable(output, error) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def write_tree(folder: Path, tree: Mapping[str, str]) -> None:
    """Writes texts by their paths within ``folder``."""
    for name, text in tree.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")


def _refuse_foreign(output: Path) -> None:
    if not output.exists():
        return
    ours = output.is_dir() and ((output / FILE_NAME).is_file() or not any(output.iterdir()))
    if not ours:
        raise UsageError(
            "U005",
            "the output exists and is not a build of mcugen, so it is not replaced",
            where=str(output),
            hint="remove it yourself, or name another folder with `-o`",
        )


def _take_place(folder: Path, output: Path, old: Path) -> None:
    if output.exists():
        output.rename(old)
    folder.rename(output)


def _unwritable(output: Path, error: OSError) -> UsageError:
    return UsageError(
        "U005",
        f"the output folder cannot be written: {error.strerror or error}",
        where=str(output),
        hint="name another folder with `-o`",
    )


def copy_library(build: Path, root: Path) -> None:
    """The generated library of a build, as the start of another one."""
    shutil.copytree(build / "model", root / "model")
