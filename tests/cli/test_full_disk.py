"""No room for temporary files: an error that says so, from whatever writes them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mcugen.cli import main
from mcugen.errors import ToolchainError, UsageError
from mcugen.reference.quiet import quiet_stderr
from mcugen.temporary import temporary_folder
from mcugen.tflite import write_model
from mcugen.toolchain import Compiler, Unit
from mcugen.workers.processes import worker_processes
from tests.networks import small_mobilenet

LIMITED = """
import resource, sys
from mcugen.cli import main
if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("full")
    (folder / "model.tflite").write_bytes(write_model(small_mobilenet()))
    output = folder / "build"
    assert main(["build", str(folder / "model.tflite"), "-t", "stm32f7", "-o", str(output)]) == 0
    for number in range(4):
        (folder / "pictures" / f"{number}").mkdir(parents=True)
        pixels = np.full((12, 12, 3), 50 * number, np.uint8)
        Image.fromarray(pixels).save(folder / "pictures" / f"{number}" / "a.png")
    return output


@pytest.mark.parametrize(
    "words",
    [
        ["verify", "{build}", "--sim=host", "--count=1"],
        ["verify", "{build}", "--sim=qemu", "--count=1"],
        ["eval", "{build}", "--dataset", "{pictures}", "--jobs=1", "--board=0"],
    ],
    ids=["host", "qemu", "eval"],
)
def test_files_that_cannot_grow(build: Path, tmp_path: Path, words: list[str]) -> None:
    """The system refuses what makes a file larger than 1,000 bytes, in worker processes, too."""
    script = tmp_path / "limited.py"
    script.write_text(LIMITED)
    pictures = str(build.parent / "pictures")
    arguments = [word.format(build=build, pictures=pictures) for word in words]
    done = subprocess.run(
        [sys.executable, str(script), *arguments, "--json"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        timeout=60,
    )
    error = json.loads(done.stdout)["error"]
    assert (error["code"], done.returncode) == ("U008", 2), error
    assert error["what"] == "temporary files cannot be written: File too large"
    assert error["where"].startswith(str(tmp_path))
    assert "TMPDIR" in error["hint"]
    assert [path.name for path in tmp_path.iterdir()] == ["limited.py"]


def test_a_folder_that_cannot_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/proc/absent")
    with pytest.raises(UsageError, match="U008"), temporary_folder("mcugen-"):
        pass
    with pytest.raises(UsageError, match="U008"), worker_processes(1):
        pass
    with quiet_stderr() as messages:
        os.write(2, b"lost")
        assert messages() == ()


def test_a_reader_who_has_gone_is_no_full_disk() -> None:
    with pytest.raises(BrokenPipeError), temporary_folder("mcugen-"):
        raise BrokenPipeError


def test_a_compiler_without_room_is_told_so(tmp_path: Path) -> None:
    compiler = tmp_path / "full"
    compiler.write_text("#!/bin/sh\necho 'as: No space left on device' >&2\nexit 1\n")
    compiler.chmod(0o755)
    (tmp_path / "a.c").write_text("")
    with pytest.raises(ToolchainError, match="T002") as caught:
        Compiler(str(compiler), ()).compile(tmp_path, [Unit("a.c")], tmp_path / "objects")
    assert "make room on the disk" in caught.value.hint
