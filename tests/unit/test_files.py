"""Files are read when they are regular and no larger than their kind can be."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mcugen import files

HOSTILE = Path(__file__).parents[1] / "hostile.py"

SPECIAL = ("zeros", "fifo", "folder", "sparse")
LARGE = ("lines", "fewer lines", "brackets", "gzip", "npz", "png")
READERS = (
    *("model", "build", "inspect", "reference", "labels", "input", "data set", "idx"),
    *("class folder", "manifest", "file of a build", "elf", "journal", "verification", "board"),
    *("CMSIS-NN", "job", "failure of a probe", "flash file"),
)
PAIRS = tuple(itertools.product(READERS, SPECIAL + LARGE))
TELL_NOTHING = ("verification", "failure of a probe")
"""Readers to whom a file that is damaged is as good as none."""

TAKE_ANYTHING = ("reference", "class folder", "journal", "job", "flash file")
"""Readers to whom any bytes will do, as long as they are few."""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("hostile")
    command = [sys.executable, str(HOSTILE), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize(("reader", "file"), PAIRS)
def test_no_file_keeps_a_reader(found: dict[str, Any], reader: str, file: str) -> None:
    came = found["outcomes"][f"{reader}, {file}"]
    expected = {"U001", "U002", "U003", "U004", "U005", "U006", "M001", "M002", "B002", "T003"}
    if reader == "CMSIS-NN":
        expected = {"T003", "T004"}
    if reader in TELL_NOTHING:
        expected = {"ignored"}
    if reader in TAKE_ANYTHING and file not in SPECIAL:
        expected |= {"ignored", "accepted"}
    assert came["result"] in expected
    assert came["seconds"] < 5


def test_every_reader_was_tried(found: dict[str, Any]) -> None:
    assert set(found["outcomes"]) == {f"{reader}, {file}" for reader, file in PAIRS}


def test_no_file_fills_the_memory(found: dict[str, Any]) -> None:
    assert found["peak"] < 500 * 10**6


def test_no_module_opens_files_of_others_by_itself() -> None:
    """``files`` is the only way to what others wrote; a new reader goes the same way."""
    package = Path(files.__file__).parent
    own = {  # what mcugen carries, wrote a moment ago, or the system makes
        "files.py": ("open(",),
        "emit.py": ("read_text(",),
        "firmware.py": ("read_text(",),
        "report/html.py": ("read_text(",),
        "includes.py": ("read_bytes(",),
        "kernels/portable/__init__.py": ("read_text(",),
        "kernels/rows/__init__.py": ("read_text(",),
        "toolchain.py": ("read_bytes(",),
        "flash/discover.py": ("read_text(",),
    }
    for path in sorted(package.rglob("*.py")):
        allowed = own.get(path.relative_to(package).as_posix(), ())
        for line in path.read_text("utf-8").splitlines():
            for call in (".read_bytes(", ".read_text(", '.open("rb")', "gzip.open("):
                ours = "files." in line or any(name in line for name in allowed)
                assert call not in line or ours, f"{path}: {line.strip()}"


def test_a_file_is_read_up_to_its_bound(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345678")
    assert files.read_bytes(path, 8) == b"12345678"
    for read in (files.read_bytes, files.sha256, files.open_file):
        with pytest.raises(OSError, match="it has 8 bytes, and 7 are the most") as caught:
            read(path, 7)
        assert caught.value.filename == str(path)


def test_what_has_no_size_is_bounded_too() -> None:
    for read in (files.read_bytes, files.sha256):
        with pytest.raises(OSError, match="it has more than that, and 3 are the most"):
            read(Path("/proc/self/status"), 3)


def test_a_pipe_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="it is not a regular file"):
        files.open_file(tmp_path / "pipe", 8)


def test_text_has_its_line_ends_made_alike(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes("ä\r\nb\n".encode())
    assert files.read_text(path) == "ä\nb\n"
    path.write_bytes(b"\xff")
    with pytest.raises(UnicodeDecodeError):
        files.read_text(path)
