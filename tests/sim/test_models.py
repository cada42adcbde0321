"""Whole networks: reference = host = virtual board in every value of every layer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mcugen.compiler import build
from mcugen.inputs import default_inputs, model_input
from mcugen.tflite import read_model
from mcugen.verify import verify
from tests.conftest import EXAMPLE_MODEL, SHARED_MODELS, HostBuilder

MODELS = [
    EXAMPLE_MODEL,
    SHARED_MODELS / "mobilenet_v1_0.25_128_int8.tflite",
    SHARED_MODELS / "vww_96_int8.tflite",
    SHARED_MODELS / "person_detect.tflite",
]
MOST_INSTRUCTIONS = 44_000_000
"""For MobileNetV1 0.25/128; stock CMSIS-NN takes 43.1 million."""


def needs(path: Path) -> Path:
    if not path.is_file():
        pytest.skip(f"{path.name} is not here: it is not part of the project")
    return path


def check_equal(report: dict[str, Any]) -> None:
    assert report["status"] == "ok"
    assert report["first_difference"] is None
    assert report["reference_disagreements"] == 0
    assert [pair["mismatches"] for pair in report["pairs"]] == [0] * len(report["pairs"])
    assert all(layer["equal"] for layer in report["layer_details"])
    assert report["stray_writes"] == 0
    assert 0 < report["stack_bytes"] <= report["stack_reserved"]


@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.stem)
def test_every_layer_of_every_default_input(
    model: Path, tmp_path: Path, object_cache: Path
) -> None:
    folder = tmp_path / "build"
    built = build(needs(model), target="stm32f7", output=folder, object_cache=object_cache)
    assert built.manifest.arena_bytes == built.manifest.arena_lower_bound
    report = verify(folder, executions=("host", "board")).as_json()
    check_equal(report)
    assert len(report["inputs"]) == 8
    if "128" in model.stem:
        assert built.manifest.arena_bytes == 98_304
        assert report["instructions"] <= MOST_INSTRUCTIONS


@pytest.mark.parametrize("board", ["stm32f746g-disco", "nucleo-f767zi", "nucleo-f446re"])
def test_other_boards(board: str, tmp_path: Path, object_cache: Path) -> None:
    folder = tmp_path / "build"
    build(EXAMPLE_MODEL, target=board, output=folder, object_cache=object_cache)
    check_equal(verify(folder, executions=("board",), count=2).as_json())


def test_pruned_channels_under_sanitizers(host_build: HostBuilder) -> None:
    """This model has channels whose sums the reference shifts right by 31 bits."""
    graph = read_model(needs(SHARED_MODELS / "vww_96_int8.tflite"))
    _, built = host_build(graph, sanitize=True)
    inputs = default_inputs(model_input(graph), seed=0, count=8)
    assert len(built.trace([one.data for one in inputs])) == 8


def test_stopwatch(tmp_path: Path, object_cache: Path) -> None:
    model = needs(SHARED_MODELS / "mobilenet_v1_0.25_128_int8.tflite")
    folder = tmp_path / "build"
    build(model, target="stm32f7", output=folder, object_cache=object_cache)
    report = verify(
        folder,
        executions=("host", "board"),
        inputs=(SHARED_MODELS / "stopwatch_128.png",),
        labels=SHARED_MODELS / "imagenet_labels.txt",
    ).as_json()
    check_equal(report)
    best = report["answers"][0]["top"][0]
    assert (best["index"], best["label"], round(best["score"], 4)) == (827, "stopwatch", 0.8359)


@pytest.mark.parametrize(
    ("picture", "scores"), [("person.bmp", [-113, 113]), ("no_person.bmp", [57, -57])]
)
def test_person_detect(picture: str, scores: list[int], tmp_path: Path, object_cache: Path) -> None:
    """These pictures are dumps: their bytes are the int8 input as they stand."""
    model = needs(SHARED_MODELS / "person_detect.tflite")
    with Image.open(needs(SHARED_MODELS / picture)) as dump:
        np.save(tmp_path / "input.npy", np.asarray(dump).view(np.int8).reshape(1, 96, 96, 1))
    folder = tmp_path / "build"
    build(model, target="stm32f7", output=folder, object_cache=object_cache)
    report = verify(
        folder, executions=("host", "board"), inputs=(tmp_path / "input.npy",)
    ).as_json()
    check_equal(report)
    found = {top["index"]: round(top["score"] * 256) - 128 for top in report["answers"][0]["top"]}
    assert [found[index] for index in range(2)] == scores


def test_sneaker(tmp_path: Path, object_cache: Path) -> None:
    folder = tmp_path / "build"
    build(EXAMPLE_MODEL, target="stm32f7", output=folder, object_cache=object_cache)
    report = verify(
        folder,
        executions=("host", "board"),
        inputs=(EXAMPLE_MODEL.parent / "sneaker.png",),
        labels=EXAMPLE_MODEL.parent / "labels.txt",
    ).as_json()
    check_equal(report)
    assert report["answers"][0]["top"][0]["label"] == "Sneaker"
