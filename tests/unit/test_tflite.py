"""Reader and writer: real models, files that leave things out, and everything that is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from mcugen.errors import ModelError, UsageError
from mcugen.ir import DType, Graph, Quant
from mcugen.ops import examples
from mcugen.ops.base import Unsupported
from mcugen.ops.conv_2d import Conv2D
from mcugen.ops.padding import Padding
from mcugen.ops.registry import OPERATORS, op_problems
from mcugen.passes import refuse_unsupported
from mcugen.tflite import parse_model, read_model, write_model

MODELS = Path(__file__).parents[2] / "examples" / "fashion"
EXAMPLE = MODELS / "fashion_mobilenet_v1_025_128.tflite"


def example(kind: str = "CONV_2D", seed: int = 3) -> Graph:
    """Seed 3 of CONV_2D: weights with a scale each, and a bias."""
    return OPERATORS[kind].example(np.random.default_rng(seed))


def changed(graph: Graph, change: Callable[[Any], None]) -> bytes:
    """The graph's file after ``change`` worked on it as TFLite Micro's object tree."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(write_model(graph), 0))
    change(model)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def refusal(data: bytes) -> ModelError:
    with pytest.raises(ModelError) as caught:
        parse_model(data, "model")
    return caught.value


def test_a_real_model() -> None:
    graph = read_model(EXAMPLE)
    assert graph.name == EXAMPLE.stem
    kinds = [op.kind for op in graph.ops]
    assert {"MEAN", "PAD", "SHAPE", "STRIDED_SLICE", "PACK", "RESHAPE"} <= set(kinds)
    source = graph.tensor(graph.inputs[0])
    assert (source.shape, source.dtype) == ((1, 128, 128, 3), DType.INT8)
    first = graph.ops[0]
    weights = graph.input(first, 1)
    assert weights.array().shape == weights.shape
    assert len(weights.qparams.scales) == weights.shape[0]
    assert parse_model(write_model(graph), graph.name) == graph


def test_an_untouched_object_tree_gives_the_same_graph() -> None:
    graph = example()
    assert parse_model(changed(graph, lambda model: None), graph.name) == graph


@pytest.mark.parametrize("kind", sorted(OPERATORS))
def test_attributes_survive(kind: str) -> None:
    operator = OPERATORS[kind]
    for seed in range(20):
        graph = example(kind, seed)
        assert parse_model(write_model(graph), graph.name) == graph
        assert operator.kind == kind


def test_dilation_and_other_refused_attributes_survive_too() -> None:
    graph = example()
    attrs = graph.ops[0].attributes(Conv2D)
    wide = Conv2D(attrs.stride, attrs.padding, attrs.activation, (3, 2))
    graph = graph.with_ops((examples.replace(graph.ops[0], attrs=wide),))
    assert parse_model(write_model(graph), graph.name) == graph


def test_what_passes_make_cannot_be_written() -> None:
    graph = example()
    explicit = Conv2D(
        (1, 1), Padding("EXPLICIT", 1, 1, 1, 1), graph.ops[0].attributes(Conv2D).activation
    )
    with pytest.raises(ValueError, match="EXPLICIT"):
        write_model(graph.with_ops((examples.replace(graph.ops[0], attrs=explicit),)))


def test_constants_are_aligned() -> None:
    graph = example()
    data = write_model(graph)
    weights = graph.tensor(1).data
    assert weights is not None
    assert data.index(weights) % 16 == 0


def test_options_that_are_left_out_have_the_schemas_defaults() -> None:
    def change(model: Any) -> None:
        operator = model.subgraphs[0].operators[0]
        operator.builtinOptionsType, operator.builtinOptions = 0, None

    graph = parse_model(changed(example(), change), "model")
    attrs = graph.ops[0].attributes(Conv2D)
    assert (attrs.stride, attrs.dilation, attrs.padding.scheme) == ((0, 0), (1, 1), "SAME")


def test_the_short_code_field_alone_is_enough() -> None:
    def change(model: Any) -> None:
        model.operatorCodes[0].builtinCode = 0

    assert parse_model(changed(example(), change), "model").ops[0].kind == "CONV_2D"


def test_absent_names_zero_points_and_a_batch_signature_are_accepted() -> None:
    def change(model: Any) -> None:
        tensors = model.subgraphs[0].tensors
        tensors[0].name = None
        tensors[0].shapeSignature = np.array([-1, *tensors[0].shape[1:]], np.int32)
        tensors[1].quantization.zeroPoint = None
        tensors[3].quantization.zeroPoint = [5]

    graph = parse_model(changed(example(), change), "model")
    assert graph.tensor(0).name == "tensor_0"
    weights = graph.tensor(1).qparams
    assert weights.zero_points == (0,) * len(weights.scales)
    assert graph.tensor(3).qparams.zero_points == (5,)


def test_a_bias_quantised_along_a_dimension_that_it_lacks_is_accepted() -> None:
    def change(model: Any) -> None:
        model.subgraphs[0].tensors[2].quantization.quantizedDimension = 3

    assert parse_model(changed(example(), change), "model").tensor(2).qparams.axis == 3


def test_quantisation_without_scales_is_none() -> None:
    def change(model: Any) -> None:
        model.subgraphs[0].tensors[0].quantization.scale = None

    assert parse_model(changed(example(), change), "model").tensor(0).quant is None


def test_names_have_one_printable_line() -> None:
    def change(model: Any) -> None:
        model.subgraphs[0].tensors[0].name = b"a\nb\x1b[31m\xff"

    assert parse_model(changed(example(), change), "model").tensor(0).name == "a?b?[31m\ufffd"


def test_float_scales_are_exact() -> None:
    scale = float(np.float32(0.1))
    graph = example("DEQUANTIZE")
    tensors = (examples.replace(graph.tensor(0), quant=Quant((scale,), (0,))), graph.tensor(1))
    graph = examples.replace(graph, tensors=tensors)
    assert parse_model(write_model(graph), graph.name).tensor(0).qparams.scale == scale


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "it has 0 bytes only"),
        (b"\x1c\0\0\0TF", "it has 6 bytes only"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "bytes 4 to 7 are"),
    ],
)
def test_files_that_are_no_models(data: bytes, words: str) -> None:
    error = refusal(data)
    assert (error.code, error.where) == ("M001", "model")
    assert words in error.what


def test_truncated_files_name_a_byte() -> None:
    data = write_model(example())
    error = refusal(data[: len(data) // 2])
    assert error.code == "M002"
    assert "byte" in error.where


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_model(tmp_path / "absent.tflite")


def test_errors_about_a_file_name_its_path(tmp_path: Path) -> None:
    """The graph is named after the file's stem, which nobody finds on a disk."""
    notes, half = tmp_path / "notes.md", tmp_path / "half.tflite"
    notes.write_text("# not a model")
    data = write_model(example())
    half.write_bytes(data[: len(data) // 2])
    with pytest.raises(ModelError) as no_model:
        read_model(notes)
    with pytest.raises(ModelError) as truncated:
        read_model(half)
    assert no_model.value.where == str(notes)
    assert truncated.value.where.startswith(f"{half}, byte ")


def _custom(model: Any) -> None:
    model.operatorCodes[0].builtinCode = model.operatorCodes[0].deprecatedBuiltinCode = 32
    model.operatorCodes[0].customCode = b"MyOp"


def _cos(model: Any) -> None:
    model.operatorCodes[0].builtinCode = model.operatorCodes[0].deprecatedBuiltinCode = 108


def _tanh(model: Any) -> None:
    model.subgraphs[0].operators[0].builtinOptions.fusedActivationFunction = 4


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        (_custom, "CUSTOM MyOp", "custom operators are not supported"),
        (_cos, "COS", "this operator is not supported"),
        (_tanh, "CONV_2D", "fused activation 4"),
    ],
)
def test_unknown_operators_keep_their_place(
    change: Callable[[Any], None], kind: str, words: str
) -> None:
    (op,) = parse_model(changed(example(), change), "model").ops
    assert op.kind == kind
    assert isinstance(op.attrs, Unsupported)
    assert words in op.attrs.reason


def _float64(model: Any) -> None:
    for tensor in (model.subgraphs[0].tensors[0], model.subgraphs[0].tensors[3]):
        tensor.type = schema.TensorType.FLOAT64


def _sparse(model: Any) -> None:
    model.subgraphs[0].tensors[1].sparsity = schema.SparsityParametersT()


def _variable(model: Any) -> None:
    model.subgraphs[0].tensors[0].isVariable = True


def _dynamic(model: Any) -> None:
    shape = model.subgraphs[0].tensors[0].shape
    model.subgraphs[0].tensors[0].shape = [-1, *shape[1:]]


def _elsewhere(model: Any) -> None:
    buffer = model.buffers[model.subgraphs[0].tensors[1].buffer]
    buffer.data, buffer.offset, buffer.size = None, 4096, 100


def _custom_quantisation(model: Any) -> None:
    quantisation = model.subgraphs[0].tensors[0].quantization
    quantisation.detailsType = 1
    quantisation.details = schema.CustomQuantizationT()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_float64, "input 0 is of type float64: mcugen compiles int8 models"),
        (_sparse, "input 1 is sparse"),
        (_variable, "input 0 is a variable"),
        (_dynamic, "export the model with fixed dimensions"),
        (_elsewhere, "input 1 has its data outside the model's tables"),
        (_custom_quantisation, "input 0 has a custom quantisation"),
    ],
)
def test_tensors_that_a_graph_cannot_hold(change: Callable[[Any], None], words: str) -> None:
    graph = parse_model(changed(example(), change), "model")
    (op,) = graph.ops
    assert any(words in problem for problem in op_problems(graph, op))


def test_a_tensor_that_nothing_touches_may_be_anything() -> None:
    def change(model: Any) -> None:
        spare = schema.TensorT()
        spare.name, spare.shape, spare.type = b"spare", [1], schema.TensorType.STRING
        model.subgraphs[0].tensors.append(spare)

    graph = parse_model(changed(example(), change), "model")
    assert graph.tensors[-1].refusal == "is of type string: mcugen compiles int8 models"
    refuse_unsupported(graph)


def test_several_subgraphs_are_refused() -> None:
    error = refusal(changed(example(), lambda model: model.subgraphs.append(model.subgraphs[0])))
    assert error.code == "M003"
    assert "2 subgraphs" in error.details[0]


def test_other_schema_versions_are_refused() -> None:
    def change(model: Any) -> None:
        model.version = 4

    assert "schema version 4" in refusal(changed(example(), change)).details[0]


def _no_buffer(model: Any) -> None:
    model.subgraphs[0].tensors[0].buffer = 99


def _no_code(model: Any) -> None:
    model.subgraphs[0].operators[0].opcodeIndex = 7


def _short_data(model: Any) -> None:
    buffer = model.buffers[model.subgraphs[0].tensors[2].buffer]
    buffer.data = list(buffer.data)[:-1]


def _zero_points(model: Any) -> None:
    model.subgraphs[0].tensors[0].quantization.zeroPoint = [1, 2, 3, 4]


def _other_options(model: Any) -> None:
    operator = model.subgraphs[0].operators[0]
    operator.builtinOptionsType = schema.BuiltinOptions.Pool2DOptions
    operator.builtinOptions = schema.Pool2DOptionsT()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_no_buffer, "tensor 0 has buffer 99 of"),
        (_no_code, "operator 0 has code 7 of 1"),
        (_short_data, "bytes of data, its shape needs"),
        (_zero_points, "1 scales but 4 zero points"),
        (_other_options, "operator 0 CONV_2D carries options Pool2DOptions"),
    ],
)
def test_contradictions_are_corruption(change: Callable[[Any], None], words: str) -> None:
    error = refusal(changed(example(), change))
    assert error.code == "M002"
    assert words in error.what
    assert "byte" in error.where


def test_operands_that_do_not_exist_are_inconsistent() -> None:
    def change(model: Any) -> None:
        model.subgraphs[0].operators[0].inputs = [55, 1, 2]

    error = refusal(changed(example(), change))
    assert error.code == "M004"
    assert "reads tensor 55" in error.what


def test_overlapping_vectors_cannot_make_a_small_file_huge() -> None:
    """All tensors take the long name of the first: each is sound, together they are not."""
    long_name = b"n" * 50000

    def change(model: Any) -> None:
        model.subgraphs[0].tensors[0].name = long_name

    data = bytearray(changed(example("STRIDED_SLICE"), change))
    target = data.index(long_name) - 4
    found = 0
    for text in (b"begin", b"end", b"strides", b"output"):
        place = data.index(text + b"\0") - 4
        for position in range(0, len(data) - 4, 4):
            if int.from_bytes(data[position : position + 4], "little") == place - position:
                offset = (target - position) % 2**32
                data[position : position + 4] = offset.to_bytes(4, "little")
                found += 1
    assert found == 4
    error = refusal(bytes(data))
    assert error.code == "M002"
    assert "overlaps" in error.what
