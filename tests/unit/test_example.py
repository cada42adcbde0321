"""The example's files belong together: model, figures, labels, picture and what its README says."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from PIL import Image

from mcugen.tflite import read_model
from tests.conftest import EXAMPLE_MODEL

FOLDER = EXAMPLE_MODEL.parent
README = (FOLDER / "README.md").read_text(encoding="utf-8")


def figures() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / "figures.json").read_text(encoding="utf-8"))
    return found


def test_the_figures_are_of_the_model_that_is_committed() -> None:
    model = EXAMPLE_MODEL.read_bytes()
    assert figures()["model"] == EXAMPLE_MODEL.name
    assert figures()["sha256"] == hashlib.sha256(model).hexdigest()
    assert figures()["bytes"] == len(model)


def test_the_readme_states_the_figures() -> None:
    found = figures()
    for accuracy in (found["float_accuracy"], found["int8_accuracy"]):
        assert f"{accuracy:.2%}".replace("%", " %") in README
    assert found["sha256"] in README
    assert f"{found['bytes']:,} bytes" in README


def test_eval_agrees_with_the_script_that_trained_it() -> None:
    """Two programs, two reference interpreters and the generated C: one number."""
    found = figures()
    right = round(found["int8_accuracy"] * found["test_pictures"])
    of = f"({right:,} of {found['test_pictures']:,})"
    assert f"{of}, the generated C" in README
    assert f"{of}, the reference" in README


def test_labels_and_picture_suit_the_model() -> None:
    graph = read_model(EXAMPLE_MODEL)
    labels = (FOLDER / "labels.txt").read_text(encoding="utf-8").splitlines()
    assert len(labels) == graph.tensor(graph.outputs[0]).shape[-1]
    with Image.open(FOLDER / "sneaker.png") as picture:
        assert picture.size == graph.tensor(graph.inputs[0]).shape[1:3]
