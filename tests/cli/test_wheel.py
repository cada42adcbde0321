"""The wheel, installed into an empty environment, builds and verifies a model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "examples" / "fashion" / "fashion_mobilenet_v1_025_128.tflite"


def run(folder: Path, *command: str | Path) -> str:
    """Runs outside the checkout, with nothing of this environment on the path."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.registry
def test_wheel_in_an_empty_environment(tmp_path: Path) -> None:
    run(ROOT, sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "dist")
    (wheel,) = (tmp_path / "dist").glob("mcugen-*.whl")
    run(tmp_path, sys.executable, "-m", "venv", "empty")
    programs = tmp_path / "empty" / "bin"
    run(tmp_path, programs / "pip", "install", "--quiet", wheel)

    code = "import mcugen, sys; print(mcugen.__file__.startswith(sys.prefix))"
    assert run(tmp_path, programs / "python", "-c", code) == "True\n"
    mcugen = programs / "mcugen"
    built = json.loads(run(tmp_path, mcugen, "build", MODEL, "-t", "stm32f7", "--json"))
    assert built["status"] == "ok"
    assert (tmp_path / "build" / "firmware.bin").stat().st_size > built["weights_bytes"]
    verified = json.loads(run(tmp_path, mcugen, "verify", "--sim", "--count", "1", "--json"))
    assert [pair["mismatches"] for pair in verified["pairs"]] == [0] * len(verified["pairs"])
    assert verified["pairs"]
