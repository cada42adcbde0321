"""A folder in which a reader follows a document: its steps done literally, one after the other."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.docs.steps import Edit, NewFile

ROOT = Path(__file__).parents[2]
_READY_SECONDS = 60.0
_SETTLE_SECONDS = 0.5
_COMMAND_SECONDS = 300.0
_COPIED = ("mcugen", "templates", "firmware", "tests", "examples", "docs")


@dataclass
class Sandbox:
    """Commands run here by a shell, with mcugen's environment on PATH."""

    folder: Path
    is_checkout: bool = False
    _background: list[subprocess.Popen[str]] = field(default_factory=list)

    def create(self, step: NewFile) -> None:
        path = self.folder / step.path
        assert not path.exists(), f"{step.path} is there already"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(step.text, encoding="utf-8")

    def edit(self, step: Edit) -> None:
        path = self.folder / step.path
        text = path.read_text(encoding="utf-8")
        for old, new in step.replacements:
            assert text.count(old) == 1, f"{step.path} has {text.count(old)} times:\n{old}"
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")

    def run(self, command: str) -> tuple[int, str]:
        """Exit status and output of a command; one that ends in ``&`` goes on in the background.

        Then the output is what it has printed by the time that it has printed something.
        """
        if command.endswith(" &"):
            return self._start(command.removesuffix(" &"))
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=_COMMAND_SECONDS,
        )
        return done.returncode, done.stdout

    def end(self) -> None:
        """Ctrl-C for what still runs."""
        for process in self._background:
            process.send_signal(signal.SIGINT)
        for process in self._background:
            try:
                process.wait(timeout=_READY_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise

    def _start(self, command: str) -> tuple[int, str]:
        with tempfile.NamedTemporaryFile("w", dir=self.folder.parent, delete=False) as sink:
            process = subprocess.Popen(
                ["bash", "-c", f"exec {command}"],
                cwd=self.folder,
                env=self._environment(),
                stdout=sink,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                text=True,
            )
        self._background.append(process)
        deadline = time.monotonic() + _READY_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
            if "\n" in Path(sink.name).read_text():
                break
        with suppress(subprocess.TimeoutExpired):  # what it said may have been why it ends
            process.wait(_SETTLE_SECONDS)
        return process.returncode or 0, Path(sink.name).read_text()

    def _environment(self) -> dict[str, str]:
        kept = {
            k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MCUGEN_", "PYTEST_"))
        }
        for name in ("CI", "FORCE_COLOR", "COLUMNS", "LANG"):
            kept.pop(name, None)
        kept["LC_ALL"] = "C.UTF-8"
        programs = Path(sys.executable).parent
        kept["PATH"] = f"{programs}{os.pathsep}{kept['PATH']}"
        if self.is_checkout:
            kept["PYTHONPATH"] = str(self.folder)
        return kept


def folder_with_examples(folder: Path) -> Sandbox:
    """What a reader has beside mcugen: the examples, models, a picture, a board on a cable."""
    folder.mkdir()
    example = ROOT / "examples" / "fashion"
    (folder / "examples").symlink_to(ROOT / "examples")
    for name in ("model", "wake", "gate"):
        model = example / "fashion_mobilenet_v1_025_128.tflite"
        (folder / f"{name}.tflite").symlink_to(model)
    (folder / "picture.png").symlink_to(example / "sneaker.png")
    return Sandbox(folder)


def copy_of_the_checkout(folder: Path) -> Sandbox:
    """What the documents on changing mcugen are followed in."""
    folder.mkdir()
    for name in _COPIED:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", ".clang-format"):
        shutil.copy(ROOT / name, folder / name)
    return Sandbox(folder, is_checkout=True)
