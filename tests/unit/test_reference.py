"""The references: they agree, say where they do not, and fail with words."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from mcugen.errors import ToolchainError, UsageError
from mcugen.ir import DType, Graph, Op, Quant
from mcugen.numerics import multiply_by_quantized_multiplier, quantize_multiplier
from mcugen.ops import examples
from mcugen.ops.activation import Activation
from mcugen.ops.base import NoAttrs
from mcugen.ops.conv_2d import Conv2D
from mcugen.ops.fully_connected import FullyConnected
from mcugen.ops.padding import Padding
from mcugen.ops.registry import OPERATORS
from mcugen.ops.reshape import Reshape
from mcugen.ops.softmax import OUTPUT_QUANT, Softmax
from mcugen.reference import aborted, agreed_trace, load, load_references, make_references
from mcugen.reference.guards import aborts, stand_in
from mcugen.reference.quiet import quiet_stderr
from mcugen.tflite import read_model, write_model

EXAMPLE = Path(__file__).parents[2] / "examples" / "fashion" / "fashion_mobilenet_v1_025_128.tflite"
Q = Quant((0.05,), (3,))
RUNTIME = sys.version_info < (3, 12)
"""tflite-runtime has wheels for CPython up to 3.11 only; everything here works without it."""


@dataclass(frozen=True)
class Fixed:
    """A reference that always says the same."""

    name: str
    values: Mapping[int, bytes]

    def trace(self, inputs: bytes) -> Mapping[int, bytes]:
        return self.values


def references_of(graph: Graph) -> tuple[object, ...]:
    return make_references(write_model(graph), graph)


def test_which_references_there_are() -> None:
    names = [reference.name for reference in load_references(EXAMPLE, read_model(EXAMPLE))]
    assert names[-1].startswith("tflite-micro 0.dev")
    assert len(names) == 1 + RUNTIME
    assert names[0].startswith("tflite-runtime 2.") == RUNTIME


@pytest.mark.parametrize("pattern", ["minimum", "maximum", "zero point", "ramp", "random"])
def test_references_agree_on_every_tensor_of_a_real_model(pattern: str) -> None:
    graph = read_model(EXAMPLE)
    source = graph.tensor(graph.inputs[0])
    values = {
        "minimum": np.full(source.elements, -128),
        "maximum": np.full(source.elements, 127),
        "zero point": np.full(source.elements, source.qparams.zero_point),
        "ramp": np.arange(source.elements) % 256 - 128,
        "random": np.random.default_rng(0).integers(-128, 128, source.elements),
    }
    data = values[pattern].astype(np.int8).tobytes()
    trace, disagreements = agreed_trace(load_references(EXAMPLE, graph), data)
    assert disagreements == ()
    assert trace[source.id] == data
    assert {tensor_id: len(value) for tensor_id, value in trace.items()} == {
        tensor.id: tensor.nbytes for tensor in graph.tensors if not tensor.is_constant
    }


def test_a_trace_does_not_depend_on_the_one_before() -> None:
    graph = OPERATORS["CONV_2D"].example(np.random.default_rng(8))
    references = make_references(write_model(graph), graph)
    rng = np.random.default_rng(0)
    first, other = rng.bytes(graph.tensor(0).nbytes), rng.bytes(graph.tensor(0).nbytes)
    before, _ = agreed_trace(references, first)
    agreed_trace(references, other)
    assert agreed_trace(references, first)[0] == before


def test_a_convolution_by_hand() -> None:
    """One weight of 1, all scales alike: the output is the input, moved to the other zero point."""
    graph = examples.single(
        "CONV_2D",
        Conv2D((1, 1), Padding("SAME"), Activation.NONE),
        (
            examples.variable("input", (1, 1, 4, 1), Quant((0.5,), (0,))),
            examples.constant("weights", np.ones((1, 1, 1, 1)), DType.INT8, Quant((1.0,), (0,))),
            examples.constant("bias", np.array([3])),
        ),
        examples.variable("output", (1, 1, 4, 1), Quant((0.5,), (10,))),
    )
    data = np.array([-128, 0, 5, 127], np.int8).tobytes()
    trace, _ = agreed_trace(make_references(write_model(graph), graph), data)
    assert list(np.frombuffer(trace[3], np.int8)) == [-115, 13, 18, 127]


@pytest.mark.parametrize("kind", ["CONV_2D", "DEPTHWISE_CONV_2D"])
@pytest.mark.parametrize("absent", [(), (-1,)], ids=["two inputs", "third is absent"])
def test_convolutions_without_bias(kind: str, absent: tuple[int, ...]) -> None:
    examples_of = (OPERATORS[kind].example(np.random.default_rng(seed)) for seed in range(99))
    graph = next(g for g in examples_of if g.optional_input(g.ops[0], 2) is None)
    bare = graph.with_ops((replace(graph.ops[0], inputs=(0, 1, *absent)),))
    zeros = examples.constant("bias", np.zeros(graph.tensor(2).shape[3]))
    with_bias = replace(
        graph,
        tensors=(*graph.tensors, replace(zeros, id=3)),
        ops=(replace(graph.ops[0], inputs=(0, 1, 3)),),
    )
    data = np.random.default_rng(0).bytes(graph.tensor(0).nbytes)
    outputs = [
        agreed_trace(make_references(write_model(one), one), data)[0][2]
        for one in (bare, with_bias)
    ]
    assert outputs[0] == outputs[1]


def test_a_bias_quantised_along_a_dimension_that_it_lacks() -> None:
    """TFLite Micro's person_detect is like this; TFLite refuses it."""
    graph = examples.single(
        "CONV_2D",
        Conv2D((1, 1), Padding("SAME"), Activation.NONE),
        (
            examples.variable("input", (1, 2, 2, 1), Q),
            examples.constant(
                "weights", np.full((2, 1, 1, 1), 9), DType.INT8, Quant((0.1, 0.2), (0, 0), 0)
            ),
            examples.constant("bias", np.array([3, 4]), quant=Quant((0.1, 0.2), (0, 0), 3)),
        ),
        examples.variable("output", (1, 2, 2, 2), Q),
    )
    references = make_references(write_model(graph), graph)
    assert len(references) == 1 + RUNTIME
    _, disagreements = agreed_trace(references, bytes(4))
    assert disagreements == ()


def test_fully_connected_with_a_scale_for_each_unit() -> None:
    graph = examples.single(
        "FULLY_CONNECTED",
        FullyConnected(Activation.NONE),
        (
            examples.variable("input", (1, 1), Quant((1.0,), (0,))),
            examples.constant(
                "weights", np.full((3, 1), 2), DType.INT8, Quant((1.0, 2.0, 0.5), (0, 0, 0), 0)
            ),
        ),
        examples.variable("output", (1, 3), Quant((1.0,), (0,))),
    )
    references = make_references(write_model(graph), graph)
    trace, disagreements = agreed_trace(references, np.array([10], np.int8).tobytes())
    assert disagreements == ()
    assert list(np.frombuffer(trace[2], np.int8)) == [20, 40, 10]


def test_dead_operators_are_not_asked() -> None:
    graph = OPERATORS["MEAN"].example(np.random.default_rng(0))
    dead = replace(graph.tensor(2), id=3, name="dead")
    graph = replace(
        graph,
        tensors=(*graph.tensors, dead),
        ops=(*graph.ops, Op(1, "RESHAPE", (2,), (3,), Reshape())),
    )
    trace, _ = agreed_trace(
        make_references(write_model(graph), graph), bytes(graph.tensor(0).nbytes)
    )
    assert set(trace) == {0, 2}


def test_the_last_reference_decides_and_the_difference_is_named() -> None:
    first = Fixed("first", {0: b"\0\0", 1: b"\x01\x02\x03", 2: b"\x05"})
    second = Fixed("second", {0: b"\0\0", 1: b"\x01\xfe\x04", 2: b"\x05"})
    trace, (disagreement,) = agreed_trace((first, second), b"\0\0")
    assert trace == second.values
    assert disagreement.tensor == 1
    assert disagreement.references == ("first", "second")
    assert (disagreement.offset, disagreement.bytes_differing) == (1, 2)
    assert disagreement.values == (2, -2)


def test_one_reference_has_nobody_to_disagree_with() -> None:
    only = Fixed("only", {0: b"\0"})
    assert agreed_trace((only,), b"\0") == (only.values, ())


def test_no_reference_is_an_error_that_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "find_spec", lambda name: None)
    with pytest.raises(ToolchainError) as caught:
        load_references(EXAMPLE, read_model(EXAMPLE))
    assert caught.value.code == "T005"
    assert "tflite-micro" in caught.value.hint


def test_one_reference_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "find_spec", lambda name: name == "tflite_micro" or None)
    (reference,) = load_references(EXAMPLE, read_model(EXAMPLE))
    assert reference.name.startswith("tflite-micro")


def test_a_refused_model_is_an_error_with_the_interpreters_words() -> None:
    """A convolution whose output quantisation is missing: mcugen's passes refuse it before."""
    graph = OPERATORS["CONV_2D"].example(np.random.default_rng(3))
    tensors = tuple(replace(tensor, quant=None) for tensor in graph.tensors)
    with pytest.raises(ToolchainError) as caught:
        references_of(replace(graph, tensors=tensors))
    assert caught.value.code == "T006"
    assert caught.value.details


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        load_references(tmp_path / "absent.tflite", read_model(EXAMPLE))


@pytest.mark.parametrize("behind_a_reshape", [False, True])
def test_softmax_that_would_abort_the_process(behind_a_reshape: bool) -> None:
    """With 600 equal logits TFLite's reference kernel stops the whole program."""
    tensors = [
        examples.variable("logits", (1, 600), Q),
        examples.variable("chances", (1, 600), OUTPUT_QUANT),
    ]
    ops = [Op(0, "SOFTMAX", (0,), (1,), Softmax(1.0))]
    if behind_a_reshape:
        tensors.insert(0, examples.variable("input", (1, 1, 1, 600), Q))
        ops = [
            Op(0, "RESHAPE", (0,), (1,), Reshape((1, 600))),
            Op(1, "SOFTMAX", (1,), (2,), Softmax(1.0)),
        ]
    graph = examples.chain("softmax", tuple(tensors), tuple(ops))
    varied = np.random.default_rng(0).integers(-128, 128, 600).astype(np.int8).tobytes()
    output = len(tensors) - 1
    for reference in make_references(write_model(graph), graph):
        assert set(reference.trace(varied)) == set(range(len(tensors)))
        assert not aborted(graph, reference.trace(varied))
        trace = reference.trace(bytes(600))
        assert set(trace) == set(range(len(tensors)))
        assert aborted(graph, trace)
        assert trace[output] == bytes([0x80]) * 600


def test_the_softmax_that_is_stood_in_for_ends_the_process() -> None:
    """What ``guards`` is for. (tflite-runtime shifts by too many bits there, which C leaves open,
    and gives 127 for each class.)"""
    script = """
import sys
from mcugen.reference import tflite_micro_ref
from mcugen.tflite import parse_model
tflite_micro_ref.aborts = lambda graph, op, data: False
model = sys.stdin.buffer.read()
reference = tflite_micro_ref.TfliteMicro(model, parse_model(model, "softmax"))
reference.trace(bytes(int(sys.argv[1])))
"""
    for classes, status in (511, 0), (512, -signal.SIGABRT):
        model = write_model(softmax(classes))
        command = [sys.executable, "-c", script, str(classes)]
        done = subprocess.run(command, input=model, capture_output=True, check=False, timeout=60)
        assert done.returncode == status, done.stderr


def softmax(classes: int, scale: float = 0.05) -> Graph:
    source = examples.variable("logits", (1, classes), Quant((scale,), (3,)))
    return examples.single(
        "SOFTMAX",
        Softmax(1.0),
        (source,),
        examples.variable("chances", (1, classes), OUTPUT_QUANT),
    )


@pytest.mark.parametrize("classes", [1, 2, 10, 511, 600, 4095])
def test_softmax_is_what_the_references_say(classes: int) -> None:
    """``numerics.softmax`` stands in for them, so it must be them where they answer."""
    rng = np.random.default_rng(classes)
    for scale in (0.001, 0.05, 0.2, 1.0):
        graph = softmax(classes, scale)
        for reference in references_of(graph):
            for spread in (1, 20, 255):
                logits = rng.integers(127 - spread, 128, classes).astype(np.int8).tobytes()
                if not aborts(graph, graph.ops[0], logits):
                    answer = reference.trace(logits)[1]  # type: ignore[attr-defined]
                    assert answer == stand_in(graph, graph.ops[0], logits)


def test_what_follows_a_softmax_without_an_answer_is_still_the_references(
    tmp_path: Path,
) -> None:
    quantised = examples.variable("logits", (1, 600), Q)
    tensors = (
        examples.variable("input", (1, 600), None, DType.FLOAT32),
        quantised,
        examples.variable("chances", (1, 600), OUTPUT_QUANT),
        examples.variable("real", (1, 600), None, DType.FLOAT32),
    )
    ops = (
        Op(0, "QUANTIZE", (0,), (1,), NoAttrs()),
        Op(1, "SOFTMAX", (1,), (2,), Softmax(1.0)),
        Op(2, "DEQUANTIZE", (2,), (3,), NoAttrs()),
    )
    graph = examples.chain("floats", tensors, ops)
    traces = [r.trace(bytes(2400)) for r in references_of(graph)]  # type: ignore[attr-defined]
    assert [trace[3] for trace in traces] == [bytes(2400)] * len(traces)
    assert [trace[1] for trace in traces] == [bytes([3]) * 600] * len(traces)


def test_native_output_is_kept_from_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    with quiet_stderr() as messages:
        os.write(2, b"INFO: native\n\nnoise\n")
        assert messages() == ("INFO: native", "noise")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_standard_error_comes_back_after_an_exception(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        with quiet_stderr():
            os.write(2, b"hidden")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    os.write(2, b"shown")
    assert capfd.readouterr().err == "shown"


def test_references_print_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    graph = OPERATORS["SOFTMAX"].example(np.random.default_rng(0))
    agreed_trace(make_references(write_model(graph), graph), bytes(graph.tensor(0).nbytes))
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""


def test_fully_connected_scales_are_multiplied_in_double_precision() -> None:
    """By TFLite Micro since October 2026, which decides; in float32 before, and by tflite-runtime.

    The sum is one for which the two products round differently.
    """
    scales = [float(np.float32(s)) for s in (0.030876642, 0.0094809625, 0.10952389)]
    single = float(np.float32(scales[0] * scales[1]))
    graph = examples.single(
        "FULLY_CONNECTED",
        FullyConnected(Activation.NONE),
        (
            examples.variable("input", (1, 1), Quant((scales[0],), (0,))),
            examples.constant("weights", np.ones((1, 1)), DType.INT8, Quant((scales[1],), (0,))),
            examples.constant("bias", np.array([-41341]), quant=Quant((single,), (0,))),
        ),
        examples.variable("output", (1, 1), Quant((scales[2],), (127,))),
    )
    for product, expected in ((single, 16), (scales[0] * scales[1], 17)):
        multiplier, shift = quantize_multiplier(product / scales[2])
        assert multiply_by_quantized_multiplier(-41341, multiplier, shift) + 127 == expected
    trace, disagreements = agreed_trace(make_references(write_model(graph), graph), bytes(1))
    assert list(np.frombuffer(trace[3], np.int8)) == [17]
    assert [disagreement.values for disagreement in disagreements] == [(16, 17)] * RUNTIME
