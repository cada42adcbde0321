"""How models are refused: what they are, what mends that, and all reasons, on one screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from mcugen.cli import main
from mcugen.errors import ModelError
from mcugen.ir import DType, Graph, Op, Tensor
from mcugen.ops.base import NoAttrs, Unsupported
from mcugen.ops.conv_2d import Conv2D
from mcugen.ops.registry import OPERATORS
from mcugen.passes import refuse_unsupported
from mcugen.tflite import write_model
from tests.networks import small_mobilenet
from tests.paper_networks import mobilenet_v1
from tests.unit.test_tflite import changed

CONVERTER = [
    "  Convert the trained model again, with full-integer quantisation:",
    "    converter = tf.lite.TFLiteConverter.from_keras_model(model)",
    "    converter.optimizations = [tf.lite.Optimize.DEFAULT]",
    "    converter.representative_dataset = samples  # yields [input] some 100 times",
    "    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]",
    "    converter.inference_input_type = tf.int8",
    "    converter.inference_output_type = tf.int8",
]


@pytest.fixture
def refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[bytes], list[str]]:
    """What `build` prints about a model; nothing is written."""

    def build(model: bytes) -> list[str]:
        (tmp_path / "model.tflite").write_bytes(model)
        monkeypatch.chdir(tmp_path)
        assert main(["build", "model.tflite", "-t", "stm32f7"]) == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        assert [path.name for path in tmp_path.iterdir()] == ["model.tflite"]
        lines = printed.err.rstrip("\n").split("\n")
        assert lines[0].startswith("error[M003]: ")
        assert lines[1].startswith("  where: model.tflite")
        assert len(lines) <= 25
        assert max(map(len, lines)) <= 80
        return lines

    return build


def retyped(graph: Graph, change: Callable[[Tensor], DType]) -> Graph:
    """The tensors in other types, constants as zeros."""

    def one(tensor: Tensor) -> Tensor:
        tensor = replace(tensor, dtype=change(tensor), quant=None)
        return replace(tensor, data=bytes(tensor.nbytes)) if tensor.is_constant else tensor

    return replace(graph, tensors=tuple(one(tensor) for tensor in graph.tensors))


def network() -> Graph:
    return mobilenet_v1("0.25", 128, 1001)


def with_float16_weights(graph: Graph) -> Graph:
    """Each constant is float16, and an operator makes a float32 one of it."""
    graph = retyped(graph, lambda tensor: DType.FLOAT16 if tensor.is_constant else DType.FLOAT32)
    tensors, ops, made = list(graph.tensors), [], {}
    for op in graph.ops:
        for tensor in (graph.tensor(t) for t in op.inputs if graph.tensor(t).is_constant):
            made[tensor.id] = len(tensors)
            tensors.append(Tensor(len(tensors), f"{tensor.name}16", tensor.shape, DType.FLOAT32))
            ops.append(Op(len(ops), "DEQUANTIZE", (tensor.id,), (made[tensor.id],), NoAttrs()))
        ops.append(replace(op, index=len(ops), inputs=tuple(made.get(t, t) for t in op.inputs)))
    return replace(graph, tensors=tuple(tensors), ops=tuple(ops))


def test_a_float32_mobilenet_takes_one_screen(refused: Callable[[bytes], list[str]]) -> None:
    lines = refused(write_model(retyped(network(), lambda tensor: DType.FLOAT32)))
    assert lines[0] == "error[M003]: this is a float32 model; mcugen compiles int8 models"
    assert lines[2:9] == CONVERTER
    assert "input is float32, not int8" in " ".join(lines)
    assert lines[-1].startswith("hint: `mcugen inspect`")


@pytest.mark.parametrize(
    ("graph", "words"),
    [
        (
            lambda: retyped(
                network(), lambda t: t.dtype if t.dtype is DType.INT8 and t.data else DType.FLOAT32
            ),
            "this is a dynamic-range model",
        ),
        (lambda: with_float16_weights(network()), "this is a float16 model"),
        (
            lambda: retyped(network(), lambda t: t.dtype if t.data else DType.INT16),
            "this is an int16 model",
        ),
        (
            lambda: retyped(network(), lambda t: DType.UINT8),
            "this is a uint8 model",
        ),
    ],
)
def test_the_verdict_comes_first(
    refused: Callable[[bytes], list[str]], graph: Callable[[], Graph], words: str
) -> None:
    lines = refused(write_model(graph()))
    assert words in lines[0]
    assert CONVERTER[3] in lines


def test_a_model_that_is_not_int8_throughout(refused: Callable[[bytes], list[str]]) -> None:
    graph = small_mobilenet()
    first = graph.ops[0].inputs
    lines = refused(
        write_model(
            retyped(graph, lambda t: DType.FLOAT32 if t.id in first else t.dtype),
        )
    )
    assert "1 of 6 layers compute in float32" in lines[0]


def test_all_reasons_come_at_once(refused: Callable[[bytes], list[str]]) -> None:
    """A float16 tensor, a second output, a dilation and an unknown operator."""
    graph = small_mobilenet()
    first, second, *others, last = graph.ops
    dilated = replace(first, attrs=replace(first.attributes(Conv2D), dilation=(2, 2)))
    graph = replace(
        graph,
        tensors=tuple(
            replace(tensor, dtype=DType.FLOAT16, quant=None) if tensor.id == 0 else tensor
            for tensor in graph.tensors
        ),
        ops=(dilated, second, *others, last),
        outputs=(*graph.outputs, second.outputs[0]),
    )
    text = " ".join(" ".join(refused(changed(graph, _cos))).split())
    assert "input is float16, not int8" in text
    assert "the model has 2 outputs" in text
    assert "dilation 2x2: only 1x1 is supported" in text
    assert "this operator is not supported" in text
    assert text.count("mcugen has ABS, ADD, AVERAGE_POOL_2D") == 1


def _cos(model: Any) -> None:
    """In place of the softmax."""
    operator = model.subgraphs[0].operators[-1]
    code = model.operatorCodes[operator.opcodeIndex]
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.COS
    operator.builtinOptionsType, operator.builtinOptions = 0, None


def _svdf(model: Any) -> None:
    """Its state is a tensor that nobody writes."""
    subgraph = model.subgraphs[0]
    operator = subgraph.operators[-1]
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.SVDF
    state = schema.TensorT()
    state.name, state.shape, state.type = b"state", [1, 4], schema.TensorType.INT8
    state.isVariable = True
    operator.opcodeIndex = len(model.operatorCodes)
    operator.builtinOptionsType, operator.builtinOptions = 0, None
    operator.inputs = [*operator.inputs, len(subgraph.tensors)]
    model.operatorCodes.append(code)
    subgraph.tensors.append(state)


def _variable(model: Any) -> None:
    """Of an operator that is known."""
    subgraph = model.subgraphs[0]
    state = schema.TensorT()
    state.name, state.shape, state.type = b"state", [1, 4], schema.TensorType.INT8
    state.isVariable = True
    subgraph.operators[-1].inputs = [len(subgraph.tensors)]
    subgraph.tensors.append(state)


@pytest.mark.parametrize(("change", "kind"), [(_svdf, "SVDF"), (_variable, "SOFTMAX")])
def test_state_is_told_as_that(
    refused: Callable[[bytes], list[str]], change: Callable[[Any], None], kind: str
) -> None:
    lines = refused(changed(small_mobilenet(), change))
    assert lines[0] == f"error[M003]: the model keeps state between runs ({kind})"
    assert "Train it without memory" in lines[2]


def test_state_in_a_second_subgraph(refused: Callable[[bytes], list[str]]) -> None:
    def change(model: Any) -> None:
        code = schema.OperatorCodeT()
        code.deprecatedBuiltinCode = 127
        code.builtinCode = schema.BuiltinOperator.VAR_HANDLE
        model.operatorCodes.append(code)
        model.subgraphs.append(model.subgraphs[0])

    lines = refused(changed(small_mobilenet(), change))
    assert "  the model keeps state between runs (VAR_HANDLE)" in lines


def test_many_reasons_are_cut_and_counted() -> None:
    graph = small_mobilenet()
    ops = tuple(
        replace(op, kind=f"CUSTOM {op.index}", attrs=Unsupported(f"{op.index} is one of " * 12))
        for op in graph.ops
    )
    with pytest.raises(ModelError) as caught:
        refuse_unsupported(replace(graph, ops=ops))
    assert len(str(caught.value).splitlines()) <= 25
    shown = sum(" is one of " in line and "layer " in line for line in caught.value.details)
    assert f"and {len(ops) - shown} more, which `mcugen inspect` tells" in caught.value.details


def test_operators_lists_them_all(capsys: pytest.CaptureFixture[str]) -> None:
    """What the hints name works wherever mcugen is installed."""
    assert main(["operators"]) == 0
    printed = capsys.readouterr().out
    assert all(f"{kind} " in printed for kind in OPERATORS)
    assert max(len(line.rstrip()) for line in printed.splitlines()) <= 80
    assert main(["operators", "--json"]) == 0
