"""Passes: what they do, what they leave alone, and that the verifier catches one that is wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mcugen.errors import ModelError
from mcugen.ir import DType, Graph, Op, Quant, Tensor
from mcugen.ops import examples
from mcugen.ops.activation import Activation
from mcugen.ops.base import NoAttrs, Unsupported
from mcugen.ops.conv_2d import Conv2D
from mcugen.ops.depthwise_conv_2d import DepthwiseConv2D
from mcugen.ops.pack import Pack
from mcugen.ops.padding import Padding
from mcugen.ops.registry import OPERATORS
from mcugen.ops.reshape import Reshape
from mcugen.ops.shape import Shape
from mcugen.passes import PASSES, refuse_unsupported, run_passes, verify_graph
from mcugen.passes.alias_reshapes import alias_reshapes
from mcugen.passes.fold_constants import fold_constants
from mcugen.passes.fold_pad import fold_pad
from mcugen.reference import agreed_trace, make_references
from mcugen.tflite import read_model, write_model

EXAMPLE = Path(__file__).parents[2] / "examples" / "fashion" / "fashion_mobilenet_v1_025_128.tflite"
Q = Quant((0.05,), (-7,))


def relu(tensor: int, output: int, index: int) -> Op:
    """The smallest operator that keeps a shape."""
    return Op(index, "QUANTIZE", (tensor,), (output,), NoAttrs())


def int8(name: str, *shape: int, quant: Quant = Q) -> Tensor:
    return examples.variable(name, shape, quant)


def padded_convolution(
    margins: list[list[int]], padding: str = "VALID", pad_quant: Quant = Q, size: int = 8
) -> Graph:
    """PAD, then a depthwise 3x3 with stride 2. Tensors: 2 padded, 3 weights, 4 output."""
    rng = np.random.default_rng(5)
    attrs = DepthwiseConv2D((2, 2), Padding(padding), Activation.NONE, 1)  # type: ignore[arg-type]
    shape = tuple(n + sum(pair) for n, pair in zip((1, size, size, 2), margins, strict=True))
    after = attrs.padding.output_hw(shape[1:3], (3, 3), (2, 2))
    weights = rng.integers(-127, 128, (1, 3, 3, shape[3]))
    channels = (0.002,) * shape[3]
    tensors = (
        int8("input", 1, size, size, 2),
        examples.constant("margins", np.array(margins)),
        int8("padded", *shape, quant=pad_quant),
        examples.constant("weights", weights, DType.INT8, Quant(channels, (0,) * shape[3], 3)),
        int8("output", 1, *after, shape[3]),
    )
    ops = (
        Op(0, "PAD", (0, 1), (2,), NoAttrs()),
        Op(1, "DEPTHWISE_CONV_2D", (2, 3), (4,), attrs),
    )
    return examples.chain("padded", tensors, ops)


BOTTOM_RIGHT = [[0, 0], [0, 1], [0, 1], [0, 0]]


def explicit(graph: Graph) -> Padding:
    (op,) = graph.ops
    return op.attributes(DepthwiseConv2D).padding


def test_a_keras_export_loses_its_shape_arithmetic_and_its_pads() -> None:
    graph = run_passes(read_model(EXAMPLE))
    kinds = [op.kind for op in graph.ops]
    assert set(kinds) == {"CONV_2D", "DEPTHWISE_CONV_2D", "MEAN", "SOFTMAX"}
    assert len(graph.aliases) == 2
    refuse_unsupported(graph)


def test_shape_arithmetic_folds_to_constants() -> None:
    source = read_model(EXAMPLE)
    graph = fold_constants(source)
    assert not {"SHAPE", "STRIDED_SLICE", "PACK"} & {op.kind for op in graph.ops}
    (packed,) = (op for op in source.ops if op.kind == "PACK")
    reshape = next(op for op in source.ops if packed.outputs[0] in op.inputs)
    shape = graph.tensor(packed.outputs[0]).array()
    assert tuple(shape) == graph.output(reshape).shape


def test_folding_leaves_operators_alone_that_have_problems() -> None:
    tensors = (int8("input", 1, 4), examples.variable("shape", (3,), None, DType.INT32))
    graph = examples.chain("bad", tensors, (Op(0, "SHAPE", (0,), (1,), Shape()),))
    assert fold_constants(graph) == graph


def test_reshapes_become_aliases_of_the_first() -> None:
    tensors = (
        int8("input", 1, 2, 2, 3),
        int8("a", 1, 2, 2, 3),
        int8("b", 1, 12),
        int8("c", 12, 1),
        int8("d", 12, 1),
    )
    ops = (
        relu(0, 1, 0),
        Op(1, "RESHAPE", (1,), (2,), Reshape()),
        Op(2, "RESHAPE", (2,), (3,), Reshape((12, 1))),
        relu(3, 4, 3),
    )
    graph = alias_reshapes(examples.chain("reshapes", tensors, ops))
    assert graph.aliases == ((2, 1), (3, 1))
    assert [op.index for op in graph.ops] == [0, 3]
    assert graph.root(3) == 1
    assert graph.root(4) == 4
    assert graph.input(graph.ops[1], 0).shape == (12, 1)


def test_a_reshape_that_contradicts_itself_stays() -> None:
    tensors = (int8("input", 1, 12), int8("output", 1, 13))
    graph = examples.chain("bad", tensors, (Op(0, "RESHAPE", (0,), (1,), Reshape()),))
    assert alias_reshapes(graph) == graph


def test_pad_folds_into_the_convolution() -> None:
    graph = fold_pad(padded_convolution(BOTTOM_RIGHT))
    assert explicit(graph) == Padding("EXPLICIT", 0, 0, 1, 1)
    assert graph.ops[0].inputs[0] == 0
    assert verify_graph(graph) == {}


def test_folded_pad_is_what_same_padding_computes() -> None:
    """On 8x8 with stride 2 SAME pads below and to the right, as the folded PAD does."""
    padded = padded_convolution(BOTTOM_RIGHT)
    same = padded_convolution([[0, 0]] * 4, "SAME")
    assert explicit(fold_pad(padded)).resolve((8, 8), (3, 3), (2, 2)) == Padding("SAME").resolve(
        (8, 8), (3, 3), (2, 2)
    )
    data = np.random.default_rng(1).integers(-128, 128, 128).astype(np.int8).tobytes()
    outputs = [
        agreed_trace(make_references(write_model(graph), graph), data)[0][4]
        for graph in (padded, same)
    ]
    assert outputs[0] == outputs[1]


def test_margins_add_up_with_the_convolutions_own() -> None:
    graph = fold_pad(padded_convolution([[0, 0], [1, 0], [2, 1], [0, 0]], "SAME"))
    # 9x11: SAME adds one row on each side of 9, and of 11 as well.
    assert explicit(graph) == Padding("EXPLICIT", 2, 3, 1, 2)
    assert verify_graph(graph) == {}


@pytest.mark.parametrize(
    "graph",
    [
        padded_convolution([[0, 0], [0, 1], [0, 1], [0, 1]]),
        padded_convolution(BOTTOM_RIGHT, pad_quant=Quant(Q.scales, (5,))),
        padded_convolution(BOTTOM_RIGHT, pad_quant=Quant((0.06,), Q.zero_points)),
    ],
    ids=["pads channels", "other zero point", "other scale"],
)
def test_pad_that_has_to_stay(graph: Graph) -> None:
    assert fold_pad(graph) == graph


def test_pad_that_something_else_reads_stays() -> None:
    graph = padded_convolution(BOTTOM_RIGHT)
    as_output = replace(graph, outputs=(4, 2))
    assert fold_pad(as_output) == as_output
    other = replace(graph.tensor(2), id=5, name="other")
    read_twice = replace(
        graph, tensors=(*graph.tensors, other), ops=(*graph.ops, relu(2, 5, 2)), outputs=(4, 5)
    )
    assert fold_pad(read_twice) == read_twice


def test_dead_operators_go_and_need_not_be_supported() -> None:
    tensors = (int8("input", 1, 4), int8("dead", 1, 4), int8("deader", 1, 4), int8("output", 1, 4))
    ops = (
        Op(0, "LSTM", (0,), (1,), Unsupported("is not supported")),
        Op(1, "RESHAPE", (1,), (2,), Reshape()),
        relu(0, 3, 2),
    )
    graph = run_passes(examples.chain("dead", tensors, ops))
    assert [op.index for op in graph.ops] == [2]
    assert graph.aliases == ()
    refuse_unsupported(graph)


def test_dead_code_behind_an_alias_is_alive() -> None:
    tensors = (int8("input", 1, 4), int8("a", 1, 4), int8("output", 4))
    ops = (relu(0, 1, 0), Op(1, "RESHAPE", (1,), (2,), Reshape()))
    graph = run_passes(examples.chain("alias at the edge", tensors, ops))
    assert [op.index for op in graph.ops] == [0]
    assert graph.aliases == ((2, 1),)


def test_every_pass_leaves_a_finished_graph_alone() -> None:
    graph = run_passes(read_model(EXAMPLE))
    for transform in PASSES:
        assert transform(graph) == graph


def test_a_pass_that_breaks_an_operator_is_named() -> None:
    def careless(graph: Graph) -> Graph:
        op = graph.ops[0]
        attrs = replace(op.attributes(Conv2D), stride=(3, 3))
        return graph.with_ops((replace(op, attrs=attrs), *graph.ops[1:]))

    with pytest.raises(ModelError, match="pass `careless` broke the graph") as caught:
        run_passes(read_model(EXAMPLE), (careless,))
    assert caught.value.code == "M004"
    assert "operator 0 CONV_2D" in caught.value.details[0]


def test_a_pass_that_loses_an_operator_is_named() -> None:
    def forgetful(graph: Graph) -> Graph:
        return graph.with_ops(graph.ops[1:])

    with pytest.raises(ModelError, match="pass `forgetful` broke the graph: operator"):
        run_passes(read_model(EXAMPLE), (forgetful,))


def test_what_the_model_does_wrong_is_no_pass_fault_and_is_refused_at_once() -> None:
    graph = padded_convolution(BOTTOM_RIGHT)
    conv = replace(
        graph.ops[1], attrs=replace(graph.ops[1].attributes(DepthwiseConv2D), dilation=(2, 2))
    )
    unknown = Op(2, "COS", (4,), (5,), Unsupported("is not supported"))
    last = replace(graph.tensor(4), id=5, name="last")
    graph = replace(
        graph,
        tensors=(*graph.tensors, last),
        ops=(graph.ops[0], conv, unknown),
        outputs=(5,),
    )
    passed = run_passes(graph)
    assert len(passed.ops) == 3
    with pytest.raises(ModelError) as caught:
        refuse_unsupported(passed)
    assert caught.value.code == "M003"
    assert caught.value.details[:3] == (
        "layer 1 `depthwise_conv_2d` (DEPTHWISE_CONV_2D): dilation 2x2: only 1x1 is",
        "  supported",
        "layer 2 `cos` (COS): is not supported",
    )
    known = " ".join(line.strip() for line in caught.value.details[3:])
    assert known == "mcugen has " + ", ".join(sorted(OPERATORS))


def test_shape_arithmetic_at_run_time_is_refused() -> None:
    axis = examples.variable("part", (1,), None, DType.INT32)
    packed = examples.variable("packed", (1, 1), None, DType.INT32)
    graph = examples.single("PACK", Pack(1), (axis,), packed)
    with pytest.raises(ModelError) as caught:
        refuse_unsupported(run_passes(graph))
    assert "known at run time" in " ".join(caught.value.details)


def test_edges_are_checked() -> None:
    two = padded_convolution(BOTTOM_RIGHT)
    two = replace(two, outputs=(4, 2))
    with pytest.raises(ModelError) as caught:
        refuse_unsupported(run_passes(two))
    assert caught.value.details == (
        "the model has 2 outputs (`output`, `padded`): export it with one",
    )
    nothing = Graph("nothing", (replace(int8("x", 1, 4), id=0),), (), (0,), (0,))
    with pytest.raises(ModelError) as caught:
        refuse_unsupported(run_passes(nothing))
    assert caught.value.details == ("the model computes nothing",)


def test_operators_on_constants_only_are_refused() -> None:
    tensors = (
        int8("input", 1, 4),
        examples.constant("constant", np.zeros((1, 4)), DType.INT8, Q),
        int8("output", 1, 4),
    )
    graph = examples.chain("constant", tensors, (relu(1, 2, 0),))
    with pytest.raises(ModelError) as caught:
        refuse_unsupported(run_passes(graph))
    assert "depends on constants only" in caught.value.details[0]
