"""Evaluations of the small network, and what they run on."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np

from mcugen import compiler
from mcugen.evaluate import evaluate
from mcugen.tflite import write_model
from mcugen.workers import Runner
from tests.networks import small_mobilenet

HANG_SECONDS = 180
"""No measure of anything: what takes longer hangs."""

PICTURES = 50  # two chunks of 20 and one of 10


LABELS = ("boot", "coat", "bag", "shirt")


MCUGEN = (sys.executable, "-m", "mcugen")


def build_small(folder: Path, object_cache: Path) -> Path:
    model = folder / "small.tflite"
    model.write_bytes(write_model(small_mobilenet()))
    compiler.build(model, target="stm32f7", output=folder / "build", object_cache=object_cache)
    return folder / "build"


def write_dataset(path: Path, count: int, seed: int = 5) -> Path:
    rng = np.random.default_rng(seed)
    pictures = rng.integers(0, 256, (count, 9, 10, 3), np.uint8)
    np.savez(path, images=pictures, labels=rng.integers(0, 4, count))
    return path


class InterruptedOnPurposeError(Exception):
    """Stands in for what stops a run."""


def here(ran: list[range], *, stop_after: int | None = None) -> Runner:
    """Runs chunks in this process and notes them."""

    def run(work: Any, task: Any, parts: Any, make: Any) -> Generator[Any, None, None]:
        for part in parts:
            if len(ran) == stop_after:
                raise InterruptedOnPurposeError
            ran.append(part)
            yield work(task, make(part))

    return run


def evaluated(folder: Path, dataset: Path, ran: list[range], **options: Any) -> dict[str, Any]:
    return evaluate(folder, dataset=dataset, runner=here(ran), **options).as_json()


def command(folder: Path, dataset: Path, *options: str) -> list[str]:
    return [*MCUGEN, "eval", str(folder), "--dataset", str(dataset), *options]


def printed(folder: Path, dataset: Path, *options: str) -> bytes:
    line = command(folder, dataset, "--fresh", "--json", "--board", "0", *options)
    return answered(line)


def answered(line: list[str], folder: Path | None = None) -> bytes:
    """What a command prints in ``folder``."""
    done = subprocess.run(line, capture_output=True, check=False, cwd=folder)
    assert (done.returncode, done.stderr) == (0, b""), done.stderr.decode()
    return done.stdout


def wait_for(condition: Any) -> None:
    end = time.monotonic() + HANG_SECONDS
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.05)
