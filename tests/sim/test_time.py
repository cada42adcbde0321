"""Estimates of time, from the traced firmware to what ``verify`` says."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mcugen.boards import Accelerator, Region
from mcugen.compiler import build
from mcugen.ir import Graph
from mcugen.manifest import read_manifest
from mcugen.report.verify import render_verify
from mcugen.sim.cpu import Cpu, Stopped
from mcugen.sim.peripherals import Bus
from mcugen.tflite import write_model
from mcugen.timing import Block
from mcugen.verify.run import verify
from mcugen.verify.timing import Timing, time_of
from tests.conftest import SHARED_MODELS
from tests.networks import small_mobilenet
from tests.residual_networks import resnet_8
from tests.tiny_networks import autoencoder, ds_cnn

FLASH = Region("flash", 0x0800_0000, 0x1000)
START = FLASH.base + 8
MOVS_R0_10, SUBS_R0_1, BNE_BACK = 0x200A, 0x3801, 0xD1FC
LDR_R1_PC = 0x4901  # ldr r1, [pc, #4]
IT_NE, MOVS_R0_0, B_NEXT, ADDS_R3_1, UDF = 0xBF18, 0x2000, 0xE7FF, 0x3301, 0xDE00

PUBLISHED = {"vww": 301.2, "resnet_8": 389.6, "ds_cnn": 99.8, "autoencoder": 8.605}
"""Milliseconds on an STM32L4R5 at 120 MHz: see mcugen/timing/constants.py."""


def processor(*halfwords: int) -> Cpu:
    code = struct.pack(f"<II{len(halfwords)}H", 0x2000_1000, START | 1, *halfwords)
    cpu = Cpu("cortex-m4", FLASH, code.ljust(FLASH.size, b"\xff"), Bus)
    cpu.reset(FLASH.base)
    return cpu


def test_blocks_jumps_and_misses() -> None:
    """Ten turns; the loop's load reads one line and its code lies in another."""
    cpu = processor(MOVS_R0_10, LDR_R1_PC, SUBS_R0_1, BNE_BACK, UDF)
    tracer = cpu.trace(Accelerator(8, 8, code_lines=4, data_lines=2))
    with pytest.raises(Stopped):
        cpu.run(1000)
    trace = tracer.result()
    assert trace.blocks[:2] == (Block(START, 8, 1, 1), Block(START + 2, 6, 9, 8))
    assert (trace.code_misses, trace.data_misses) == (2, 1)


def test_tracing_a_load_does_not_skip_what_follows_it() -> None:
    """Unicorn would carry the condition of a traced load into the next block."""
    cpu = processor(MOVS_R0_10, IT_NE, LDR_R1_PC, MOVS_R0_0, B_NEXT, ADDS_R3_1, UDF)
    cpu.trace(Accelerator(8, 8, code_lines=4, data_lines=2))
    with pytest.raises(Stopped):
        cpu.run(1000)
    assert cpu.state()[3] == 1  # r3


def built(graph: Graph | Path, folder: Path, target: str, cache: Path) -> Path:
    model = folder / "model.tflite"
    model.write_bytes(graph.read_bytes() if isinstance(graph, Path) else write_model(graph))
    build(model, target=target, output=folder / "build", object_cache=cache)
    return folder / "build"


@pytest.mark.parametrize("network", PUBLISHED)
def test_what_was_measured_on_silicon(network: str, tmp_path: Path, object_cache: Path) -> None:
    """Within 10 %, and no prediction: the constants were fitted on these four."""
    make: dict[str, Callable[[], Graph | Path]] = {
        "vww": lambda: SHARED_MODELS / "vww_96_int8.tflite",
        "resnet_8": resnet_8,
        "ds_cnn": ds_cnn,
        "autoencoder": autoencoder,
    }
    made = make[network]()
    if isinstance(made, Path) and not made.exists():
        pytest.skip("the model is not part of the project")
    folder = built(made, tmp_path, "nucleo-l4r5zi", object_cache)
    manifest = read_manifest(folder)
    data = bytes(index * 7 % 256 for index in range(manifest.input.bytes))
    (found,) = time_of(folder, manifest, data).estimates
    assert found.milliseconds == pytest.approx(PUBLISHED[network], rel=0.1)


@pytest.fixture(scope="module")
def small_l4(tmp_path_factory: pytest.TempPathFactory, object_cache: Path) -> Path:
    folder = tmp_path_factory.mktemp("l4")
    return built(small_mobilenet(), folder, "nucleo-l4r5zi", object_cache)


def test_a_board_without_peripherals_is_verified_and_estimated(small_l4: Path) -> None:
    report = verify(small_l4, executions=("board",), count=1)
    assert report.error is None
    assert [(pair.a, pair.b) for pair in report.pairs] == [("reference", "core")]
    assert report.instructions_total is not None
    (estimate,) = report.timing.estimates
    assert report.instructions_total < estimate.cycles < 4 * report.instructions_total
    text = [line for line in render_verify(report.as_json()) if isinstance(line, str)]
    assert any("core" in line and "entered directly" in line for line in text)
    (line,) = (line for line in text if line.startswith("estimate"))
    assert line == (
        f"estimate      {estimate.milliseconds:.3g} ms at 120 MHz, {estimate.cycles:,} cycles:"
        " model cortex-m4-art, which no board has confirmed"
    )


def test_one_instruction_a_cycle_is_what_was_counted(tmp_path: Path, object_cache: Path) -> None:
    """But for what the firmware's own counter sees around each layer."""
    folder = built(small_mobilenet(), tmp_path, "nucleo-f746zg", object_cache)
    report = verify(folder, executions=("board",), count=1)
    low, high = report.timing.estimates
    assert report.instructions_total is not None
    apart = abs(high.cycles - report.instructions_total)
    assert apart < 50 * len(report.manifest.layers) < report.instructions_total / 100
    assert high.cycles / 2 < low.cycles < high.cycles
    text = (one for one in render_verify(report.as_json()) if isinstance(one, str))
    (line,) = (one for one in text if one.startswith("estimate"))
    assert line == (
        f"estimate      {low.milliseconds:.3g} to {high.milliseconds:.3g} ms at 216 MHz:"
        " models cortex-m7-dual-issue and cortex-m7-single-issue, not calibrated"
    )


def test_the_host_build_has_no_time(small_l4: Path) -> None:
    report = verify(small_l4, executions=("host",), count=1)
    assert report.timing == Timing()


def test_why_there_is_none(small_l4: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = read_manifest(small_l4)
    data = bytes(manifest.input.bytes)
    large = time_of(small_l4, replace(manifest, cost=10**9), data)
    assert large == Timing(note="none is made above 200,000,000 instructions")
    monkeypatch.setenv("PATH", "")
    assert time_of(small_l4, manifest, data).note == (
        "none: `arm-none-eabi-objdump` is not installed"
    )
