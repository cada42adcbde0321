"""Writes a build folder whole or not at all, whatever ends the process and whenever it does."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from mcugen.errors import UsageError
from mcugen.manifest import FILE_NAME
from mcugen.staging.exchange import exchange
from mcugen.staging.work import NEW, OLD, clear_abandoned, is_occupied, work_folder


@contextmanager
def staged(output: Path, mark: str = FILE_NAME) -> Iterator[Path]:
    """A new folder beside ``output`` that takes its place when the block ends without an error.

    What an earlier process that was killed left beside ``output`` is put right first. Raises
    UsageError U005 when ``output`` cannot be written, or is a folder of something else: one without
    the file ``mark``.
    """
    try:
        place = output.resolve()
        clear_abandoned(place)
        _refuse_foreign(place, output, mark)
        place.parent.mkdir(parents=True, exist_ok=True)
        with work_folder(place) as work:
            folder = work / NEW
            folder.mkdir()
            yield folder
            _refuse_foreign(place, output, mark)
            _take_place(folder, place, work / OLD)
    except OSError as error:
        raise UsageError(
            "U005",
            f"the output folder cannot be written: {error.strerror or error}",
            where=str(output),
            hint="name another folder with `-o`",
        ) from error


def write_tree(folder: Path, tree: Mapping[str, str]) -> None:
    """Writes texts by their paths within ``folder``."""
    for name, text in tree.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")


def copy_libraries(build: Path, names: Sequence[str], root: Path) -> None:
    """The generated libraries of a build, as the start of another one."""
    for name in names:
        shutil.copytree(build / name, root / name)


def _refuse_foreign(place: Path, output: Path, mark: str) -> None:
    if is_occupied(place) and not (place / mark).is_file():
        raise UsageError(
            "U005",
            "the output exists and is not a build of mcugen, so it is not replaced",
            where=str(output),
            hint="remove it yourself, or name another folder with `-o`",
        )
    if place == Path.cwd():
        raise UsageError(
            "U005",
            "a build replaces its folder, which cannot be the one that the command runs in",
            where=str(output),
            hint="name a folder in it with `-o`, such as `-o build`",
        )


def _take_place(new: Path, place: Path, old: Path) -> None:
    """In one step where the system can; else ``old`` has the old build between the two."""
    if exchange(new, place):
        return
    if place.exists():
        place.rename(old)
    new.rename(place)
