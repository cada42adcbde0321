"""Ends a staging at every point in turn, and prints what it left each time.

A program of its own, which forks. Its arguments: ``kill`` or ``interrupt``, at every ``call`` that
could change a file or at every ``line``; ``one`` step or ``two`` to take the place; a folder to
work in. For each point it prints what stands in the place then, and what stands there and lies
beside it once another staging began and failed.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import mcugen.staging as staging
from mcugen.manifest import FILE_NAME

CALLS = ("os.", "shutil.", "tempfile.", "open", "fcntl.")


SOURCES = str(Path(staging.__file__).parent)


class EndAt:
    """Ends the process, or its work, at the point with this number, once."""

    def __init__(self, number: int, end: Callable[[], None]) -> None:
        self.left, self.end = number, end

    def at_call(self, event: str, arguments: object) -> None:
        if event.startswith(CALLS):
            self.reached()

    def at_line(self, frame: FrameType, event: str, argument: object) -> Any:
        if not frame.f_code.co_filename.startswith(SOURCES):
            return None
        if event == "line":
            self.reached()
        return self.at_line

    def reached(self) -> None:
        self.left -= 1
        if self.left == -1:
            self.end()


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def interrupt() -> None:
    raise KeyboardInterrupt


def stage(place: Path, text: str) -> None:
    with staging.staged(place) as folder:
        staging.write_tree(folder, {FILE_NAME: text, "model/model.c": text})


def contents(place: Path) -> str:
    """The text that all files of a build hold; anything else is told as it is."""
    files = sorted(path for path in place.rglob("*") if path.is_file())
    texts = {path.read_text() for path in files}
    if len(files) == 2 and len(texts) == 1:
        return texts.pop()
    return f"broken:{[str(path.relative_to(place)) for path in files]}"


def ended(place: Path, number: int, end: Callable[[], None], where: str) -> bool:
    """Whether a new staging was ended at the point with this number; otherwise it had fewer."""
    child = os.fork()
    if child == 0:
        point = EndAt(number, end)
        try:
            if where == "call":
                sys.addaudithook(point.at_call)
            else:
                sys.settrace(point.at_line)
            stage(place, "new")
            os._exit(0 if point.left >= 0 else 130)
        except KeyboardInterrupt:
            os._exit(130)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, 130, -signal.SIGKILL), status
    return status != 0


def fail(place: Path) -> None:
    try:
        with staging.staged(place):
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass


def main(how: str, where: str, steps: str, root: Path) -> None:
    if steps == "two":
        staging.exchange = lambda first, second: False  # as on a file system without it
    end = {"kill": kill, "interrupt": interrupt}[how]
    number = 0
    while True:
        place = root / str(number) / "build"
        stage(place, "old")
        if not ended(place, number, end, where):
            break
        at_once = contents(place)
        fail(place)
        print(at_once, contents(place), *sorted(path.name for path in place.parent.iterdir()))
        number += 1


if __name__ == "__main__":
    main(*sys.argv[1:4], Path(sys.argv[4]))
