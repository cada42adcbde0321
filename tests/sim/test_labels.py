"""Names of the classes: in the header as C reads them, in the build, and where a class is told."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from mcugen.compiler import build
from mcugen.errors import UsageError
from mcugen.manifest import read_manifest
from mcugen.tflite import write_model
from mcugen.verify import verify
from tests.networks import small_mobilenet

NAMES = ("ant", 'Bär "B"', "what??/", "back\\slash 7%d")

PRINTS = """
#include <stdio.h>
#include "model.h"
int main(void)
{
    static const char *const labels[MODEL_CLASSES] = MODEL_LABELS;
    for (int i = 0; i < MODEL_CLASSES; ++i) {
        puts(labels[i]);
    }
    return 0;
}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, object_cache: Path) -> Path:
    folder = tmp_path_factory.mktemp("labels")
    (folder / "labels.txt").write_text("\n".join(NAMES), "utf-8")
    (folder / "small.tflite").write_bytes(write_model(small_mobilenet()))
    build(
        folder / "small.tflite",
        target="stm32f7",
        output=folder / "build",
        labels=(folder / "labels.txt",),
        object_cache=object_cache,
    )
    return folder


def test_c_reads_the_names(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "main.c").write_text(PRINTS)
    line = ["cc", "-std=c11", "-trigraphs", "-Wall", "-Wextra", "-Wno-trigraphs", "-Werror"]
    line += [f"-I{folder / 'build' / 'model'}", str(tmp_path / "main.c")]
    subprocess.run([*line, "-o", str(tmp_path / "names")], check=True)
    printed = subprocess.run([str(tmp_path / "names")], capture_output=True, check=True).stdout
    assert tuple(printed.decode("utf-8").splitlines()) == NAMES


def test_the_build_knows_the_names(folder: Path, tmp_path: Path) -> None:
    assert read_manifest(folder / "build").labels == NAMES
    report = verify(folder / "build", executions=(), count=1)
    (told,) = report.as_json()["answers"]
    assert all(one["label"] == NAMES[one["index"]] for one in told["top"])
    other = tmp_path / "other.txt"
    other.write_text("one\ntwo\nthree\nfour\n")
    (told,) = verify(folder / "build", executions=(), count=1, labels=other).as_json()["answers"]
    assert {one["label"] for one in told["top"]} < {"one", "two", "three", "four"}


def test_labels_that_do_not_suit(folder: Path, tmp_path: Path) -> None:
    wrong, output = tmp_path / "labels.txt", tmp_path / "build"
    wrong.write_text("one\ntwo\n")
    model = folder / "small.tflite"
    for labels, code in (
        ((wrong,), "U002"),
        ((tmp_path / "none",), "U001"),
        ((wrong,) * 2, "U006"),
    ):
        with pytest.raises(UsageError) as caught:
            build(model, target="stm32f7", output=output, labels=labels)
        assert caught.value.code == code
        assert not output.exists()
