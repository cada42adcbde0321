"""Worker processes: refused, killed, interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mcugen.errors import ToolchainError
from mcugen.evaluate import evaluate
from mcugen.workers.processes import worker_processes
from tests.evaluate.evaluations import command, evaluated, wait_for, write_dataset


def test_workers_with_other_references_are_refused(folder: Path, dataset: Path) -> None:
    def elsewhere(work: Any, task: Any, parts: Any, make: Any) -> Generator[Any, None, None]:
        there = replace(task, key="there", references=("tflite-micro 0",))
        yield work(there, make(parts[0]))

    with pytest.raises(ToolchainError) as caught:
        evaluate(folder, dataset=dataset, runner=elsewhere)
    assert caught.value.code == "T008"
    assert caught.value.details[0] == "here: tflite-micro 0"


def test_a_worker_that_is_killed_is_told() -> None:
    with pytest.raises(ToolchainError) as caught, worker_processes(1) as pool:
        pool.submit(os._exit, 9).result()
    assert (caught.value.code, caught.value.what) == ("T008", "a worker process was killed")


def test_workers_end_with_the_process_that_has_them(tmp_path: Path) -> None:
    """Even where that is killed and can end nothing; their temporary files go too."""
    program = (
        "import tempfile, time; from mcugen.workers.processes import worker_processes\n"
        "if __name__ == '__main__':\n"
        "    with worker_processes(1) as pool:\n"
        "        print(pool.submit(tempfile.mkdtemp).result(), flush=True)\n"
        "        pool.submit(time.sleep, 600).result()\n"
    )
    (tmp_path / "program.py").write_text(program)
    line = [sys.executable, str(tmp_path / "program.py")]
    with subprocess.Popen(
        line, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as running:
        assert running.stdout is not None
        folder = Path(running.stdout.readline().strip())
        assert folder.is_dir()
        running.kill()
    wait_for(lambda: group_is_gone(running.pid))
    assert not folder.exists()


def group_is_gone(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


def test_ctrl_c_leaves_what_is_done_and_no_process(folder: Path, tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path / "many.npz", 20_000)
    line = command(folder, dataset, "--jobs", "2", "-v")
    with subprocess.Popen(
        line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as running:
        assert running.stderr is not None
        assert running.stderr.readline() == "pictures: 0 of 20,000\n"
        assert running.stderr.readline() == "pictures: 20 of 20,000\n"
        os.killpg(running.pid, signal.SIGINT)
        out, told = running.communicate(timeout=60)
    assert running.returncode == 130
    assert out == ""
    assert [one for one in told.splitlines() if one and not one.startswith("pictures: ")] == [
        "interrupted"
    ]
    wait_for(lambda: group_is_gone(running.pid))
    ran: list[range] = []
    assert evaluated(folder, dataset, ran, limit=80)["pictures"] == 80
    assert len(ran) < 4  # the first chunk to end was one of the first four
