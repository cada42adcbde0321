"""Libraries for cores without a board: the network on each, and what an emulated core refuses."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from mcugen.boards.plain import CoreOptions
from mcugen.compiler import build
from mcugen.errors import BoardError
from mcugen.manifest import read_manifest
from mcugen.report.verify import render_verify
from mcugen.sim.qemu import PROGRAM
from mcugen.tflite import write_model
from mcugen.verify import verify
from tests.conftest import EXAMPLE_MODEL
from tests.networks import small_mobilenet
from tests.sim.test_models import check_equal

MEMORY = CoreOptions("256K", "1M")
MOST_MILLIONS = {"cortex-m0plus": 155, "cortex-m33": 43}
"""Of instructions, for MobileNetV1 0.25/128; boards have a Cortex-M4 and a Cortex-M7."""


@pytest.mark.parametrize("core", MOST_MILLIONS)
def test_the_network_on_every_core(core: str, tmp_path: Path, object_cache: Path) -> None:
    folder = tmp_path / "build"
    build(EXAMPLE_MODEL, target=core, core=MEMORY, output=folder, object_cache=object_cache)
    report = verify(folder, executions=("board",), count=1)
    check_equal(report.as_json())
    assert [(pair.a, pair.b) for pair in report.pairs] == [("reference", "core")]
    assert report.instructions_total is not None
    assert report.instructions_total < MOST_MILLIONS[core] * 1_000_000
    text = [line for line in render_verify(report.as_json()) if isinstance(line, str)]
    assert "core          the model was entered directly: there is no firmware" in text


def small(folder: Path, target: str, cache: Path, **options: object) -> Path:
    model = folder / "model.tflite"
    model.write_bytes(write_model(small_mobilenet()))
    build(model, target=target, core=MEMORY, output=folder / "build", object_cache=cache, **options)  # type: ignore[arg-type]
    return folder / "build"


@pytest.mark.parametrize(
    ("core", "architecture"),
    [("m0+", "v6S-M"), ("m3", "v7"), ("m4", "v7E-M"), ("m33", "v8-M.mainline")],
)
def test_no_instruction_that_the_core_has_not(
    core: str, architecture: str, tmp_path: Path, object_cache: Path
) -> None:
    """The emulator would execute them; the linker keeps account of what any object may use."""
    folder = small(tmp_path, core, object_cache)
    words = ("arm-none-eabi-readelf", "-A", str(folder / "library.elf"))
    told = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    assert f"Tag_CPU_arch: {architecture}\n" in told
    assert ("Tag_FP_arch" in told) == (core not in ("m0+", "m3"))


@pytest.mark.parametrize("options", [{"stream_input": True}, {"arena": "least", "kernels": "fast"}])
def test_other_ways_to_build(
    options: dict[str, object], tmp_path: Path, object_cache: Path
) -> None:
    folder = small(tmp_path, "m0+", object_cache, **options)
    check_equal(verify(folder, executions=("host", "board"), count=1).as_json())


def test_qemu_has_no_core_without_dsp(tmp_path: Path, object_cache: Path) -> None:
    folder = small(tmp_path, "m3", object_cache)
    with pytest.raises(BoardError) as caught:
        verify(folder, executions=("qemu",), count=1)
    assert caught.value.code == "B003"
    assert read_manifest(folder).elf == "library.elf"


@pytest.mark.skipif(shutil.which(PROGRAM) is None, reason="qemu-system-arm is not installed")
def test_vectors_run_on_qemu(tmp_path: Path, object_cache: Path) -> None:
    folder = small(tmp_path, "m55", object_cache)
    report = verify(folder, executions=("board",), count=2)
    assert report.error is None
    assert [(pair.a, pair.b) for pair in report.pairs] == [("reference", "qemu")]
    assert report.stack_bytes is report.stray_writes is report.instructions_total is None


def test_a_program_for_a_core_that_no_emulator_enters(tmp_path: Path, object_cache: Path) -> None:
    folder = small(tmp_path, "m55", object_cache)
    with pytest.raises(BoardError) as caught:
        verify(folder, executions=(), elf=folder / "library.elf", count=1)
    assert caught.value.code == "B003"
