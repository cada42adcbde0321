"""``mcugen explore``: points that none beats, each what its command then builds."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from mcugen import compiler
from mcugen.cli import main
from mcugen.explore import Exploration, Point, explore, undominated
from mcugen.ir import Quant
from mcugen.manifest import read_manifest
from mcugen.ops import examples
from mcugen.ops.base import NoAttrs
from mcugen.tflite import write_model
from mcugen.verify import verify
from tests.residual_networks import mobilenet_v2
from tests.row_networks import expanding_network
from tests.sim.test_models import needs
from tests.sim.test_row_plans import LARGE

SPOT = Point("whole", "fast", 100, 1000, 900, (), True, "mcugen build")


def test_points_that_another_one_beats_are_left_out() -> None:
    small, slow = replace(SPOT, arena_bytes=50, instructions=2000), replace(SPOT, arena_bytes=120)
    twin, rows = replace(SPOT, kernels="cmsis-nn"), replace(slow, input="rows")
    assert tuple(undominated((SPOT, slow, twin, rows, small))) == (small, SPOT, rows)


def test_the_128_pixel_network() -> None:
    found = explore(needs(LARGE), target="stm32f7")
    for kind, least in (("whole", 49_384), ("rows", 16_384)):
        points = [point for point in found.points if point.input == kind]
        assert points[0].arena_bytes <= least
        assert tuple(undominated(points)) == tuple(points)
    assert len(found.points) >= 12


@pytest.fixture
def explored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Exploration:
    """A residual network of 48 pixels, with paths as a user types them."""
    monkeypatch.chdir(tmp_path)
    Path("v2.tflite").write_bytes(write_model(mobilenet_v2(0.35, 48)))
    return explore(Path("v2.tflite"), target="stm32f7")


def test_each_point_is_what_its_command_builds(
    explored: Exploration, object_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = compiler.build
    monkeypatch.setattr(
        compiler, "build", lambda *args, **named: build(*args, **named, object_cache=object_cache)
    )
    assert len(explored.points) >= 6
    for point in explored.points[:: max(1, len(explored.points) // 5)]:
        program, *words = shlex.split(point.command)
        assert program == "mcugen"
        assert main([*words, "-q"]) == 0
        assert read_manifest(Path("build")).arena_bytes <= point.arena_bytes
        report = verify(Path("build"), executions=("board",), count=1)
        assert report.error is None
        assert report.instructions_total == pytest.approx(point.instructions, rel=0.02)


def test_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my model.tflite").write_bytes(write_model(expanding_network()))
    assert main(["explore", "my model.tflite", "-t", "stm32f7"]) == 0
    printed = capsys.readouterr().out
    assert "'my model.tflite' --target stm32f7 --stream-input --arena" in printed
    assert "picture in RAM" in printed
    assert "319,456 bytes fit the board" in printed
    assert main(["explore", "my model.tflite", "-t", "stm32f7", "--json", "--html", "e.html"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["command"], answer["status"]) == ("explore", "ok")
    assert all(point["command"] in printed for point in answer["points"])
    page = Path("e.html").read_text("utf-8")
    assert page.count("<circle") == len(answer["points"])
    words = " ".join(re.findall('<span class="word">(.*?)</span>', page))
    assert "&#39;my model.tflite&#39; --target stm32f7 --stream-input" in words


def test_a_page_that_cannot_be_written_is_told_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    line = ["explore", "there_is_no.tflite", "-t", "stm32f7", "--json", "--html"]
    for page in ("folder", "no/such/folder/e.html"):
        assert main([*line, page]) == 2
        assert json.loads(capsys.readouterr().out)["error"]["code"] == "U005"
    assert main([*line, "e.html"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "U001"
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_memories_that_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each point knows the wall between them, and its command names them."""
    monkeypatch.chdir(tmp_path)
    Path("m.tflite").write_bytes(write_model(expanding_network()))
    words = ["explore", "m.tflite", "-t", "stm32f746g-disco", "--arena-in", "dtcm,SRAM2"]
    assert main([*words, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["arena_limit"] == 61_408 + 0x4000
    assert all("--arena-in dtcm,SRAM2" in point["command"] for point in answer["points"])
    free = explore(Path("m.tflite"), target="stm32f746g-disco")
    assert free.points[0].arena_bytes <= answer["points"][0]["arena_bytes"]


def test_an_input_without_rows_does_not_come_in_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`build --stream-input` refuses it, so that no point says that."""
    monkeypatch.chdir(tmp_path)
    numbers = examples.variable("input", (1, 8), Quant((0.1,), (0,)))
    other = examples.variable("output", (1, 8), Quant((0.5,), (3,)))
    graph = examples.single("QUANTIZE", NoAttrs(), (numbers,), other)
    Path("numbers.tflite").write_bytes(write_model(graph))
    found = explore(Path("numbers.tflite"), target="stm32f7")
    assert {point.input for point in found.points} == {"whole"}
    assert main(["explore", "numbers.tflite", "-t", "stm32f7", "--jobs", "1"]) == 0
    assert "picture in rows" not in capsys.readouterr().out
