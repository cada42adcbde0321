"""The tests hold where Ctrl-C is ignored, as it is in what a script starts with ``&``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
IGNORING = ("sh", "-c", "trap '' INT; exec \"$@\"", "sh")


def test_what_a_test_starts_can_be_interrupted(tmp_path: Path) -> None:
    inner = tmp_path / "test_inner.py"
    inner.write_text(
        "import signal, subprocess, sys\n"
        "def test_inner():\n"
        "    end = 'import signal; signal.raise_signal(signal.SIGINT)'\n"
        "    run = subprocess.run([sys.executable, '-c', end], stderr=subprocess.DEVNULL)\n"
        "    assert run.returncode == -signal.SIGINT\n"
        "    signal.raise_signal(signal.SIGINT)  # which is still ignored here\n"
    )
    options = ["-p", "tests.conftest", "-c", str(ROOT / "pyproject.toml"), "-q", str(inner)]
    done = subprocess.run(
        [*IGNORING, sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
