"""Softmax over so many alike logits that TFLite has no answer: mcugen has one, and says so."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mcugen.cli import main
from mcugen.ir import Quant
from mcugen.numerics import softmax, softmax_exp_table
from mcugen.tflite import write_model
from tests.conftest import HostBuilder
from tests.paper_networks import mobilenet_v1
from tests.unit.test_reference import softmax as softmax_of


@pytest.mark.parametrize("classes", [700, 1001, 4095])
def test_the_c_is_defined_where_the_reference_is_not(host_build: HostBuilder, classes: int) -> None:
    """Under the sanitizers: a shift by 34 bits would end the program."""
    graph = softmax_of(classes, 0.001)
    _, built = host_build(graph, sanitize=True)
    rng = np.random.default_rng(classes)
    alike = np.zeros((1, classes), np.int8)
    inputs = [alike, rng.integers(-128, 128, (1, classes)).astype(np.int8)]
    table = softmax_exp_table(1.0, graph.tensor(0).qparams.scale)
    for (found,), logits in zip(built.trace([i.tobytes() for i in inputs]), inputs, strict=True):
        assert found == softmax(logits, table).tobytes() == bytes([0x80]) * classes


def test_an_untrained_network_is_built_and_told_and_verified(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its logits are on a scale of a thousandth, as those of random weights are."""
    graph = mobilenet_v1("0.25", 32, 1001)
    logits = next(op.inputs[0] for op in graph.ops if op.kind == "SOFTMAX")
    made = next(op for op in graph.ops if logits in op.outputs)
    quiet = {made.inputs[1]: 1e-5, made.inputs[2]: 1e-5 * 6 / 255, logits: 0.0004}
    tensors = tuple(
        replace(t, quant=Quant((quiet[t.id],), (0,))) if t.id in quiet else t for t in graph.tensors
    )
    graph = replace(graph, tensors=tensors)
    monkeypatch.chdir(tmp_path)
    Path("model.tflite").write_bytes(write_model(graph))
    assert main(["build", "model.tflite", "-t", "stm32f7"]) == 0
    assert "the network seems to be untrained" in capsys.readouterr().err
    assert main(["verify", "--sim=host", "--count", "3", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["status"], answer["reference_undefined"]) == ("ok", 3)
    assert main(["verify", "--sim=host", "--count", "1"]) == 0
    text = capsys.readouterr().out
    assert "TFLite's softmax has no answer for 1 input: mcugen's definition stood in" in text
    np.savez("two.npz", images=np.zeros((2, 32, 32, 3), np.uint8), labels=[0, 1])
    words = ["eval", "--dataset", "two.npz", "--board", "0", "--jobs", "1", "--mean", "0"]
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["reference_undefined"] == 2
    assert main(words) == 0
    assert "TFLite's softmax has no answer for 2 pictures" in capsys.readouterr().out


def test_a_trained_network_is_not_told_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "model.tflite"
    model.write_bytes(write_model(mobilenet_v1("0.25", 32, 1001)))
    assert main(["build", str(model), "-t", "stm32f7", "-o", str(tmp_path / "build"), "-q"]) == 0
    assert "untrained" not in capsys.readouterr().err
