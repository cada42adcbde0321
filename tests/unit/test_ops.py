"""Operators: what is accepted, what is refused and with which words, shape rules, costs."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from mcugen.ir import NO_TENSOR, DType, Graph, Op, Quant, Tensor
from mcugen.ops import examples, reducing
from mcugen.ops.activation import Activation, activation_range
from mcugen.ops.add import Add
from mcugen.ops.average_pool_2d import AveragePool2D
from mcugen.ops.base import NoAttrs, Unsupported, UnsupportedOptionError
from mcugen.ops.conv_2d import Conv2D
from mcugen.ops.depthwise_conv_2d import DepthwiseConv2D
from mcugen.ops.fully_connected import FullyConnected, WeightsFormat
from mcugen.ops.max_pool_2d import MaxPool2D
from mcugen.ops.mean import Mean
from mcugen.ops.padding import Padding
from mcugen.ops.registry import OPERATORS, op_problems, place
from mcugen.ops.reshape import Reshape
from mcugen.ops.softmax import Softmax
from mcugen.ops.squeeze import Squeeze
from mcugen.ops.strided_slice import StridedSlice
from mcugen.reference import make_references
from mcugen.tflite import parse_model, write_model

KINDS = sorted(OPERATORS)
Q = Quant((0.05,), (3,))


def problems(graph: Graph) -> str:
    return "\n".join(op_problems(graph, graph.ops[-1]))


def with_tensor(graph: Graph, tensor_id: int, **changes: object) -> Graph:
    tensors = list(graph.tensors)
    tensors[tensor_id] = replace(tensors[tensor_id], **changes)  # type: ignore[arg-type]
    return replace(graph, tensors=tuple(tensors))


def with_op(graph: Graph, **changes: object) -> Graph:
    last = replace(graph.ops[-1], **changes)  # type: ignore[arg-type]
    return graph.with_ops((*graph.ops[:-1], last))


def conv(
    attrs: Conv2D | None = None,
    source: tuple[int, ...] = (1, 6, 6, 2),
    weights: tuple[int, ...] = (3, 3, 3, 2),
    output: tuple[int, ...] = (1, 6, 6, 3),
) -> Graph:
    """Tensors: 0 input, 1 weights, 2 bias, 3 output."""
    channels = weights[0]
    return examples.single(
        "CONV_2D",
        attrs or Conv2D((1, 1), Padding("SAME"), Activation.NONE),
        (
            examples.variable("input", source, Q),
            examples.constant(
                "weights",
                np.ones(weights),
                DType.INT8,
                Quant((0.01,) * channels, (0,) * channels, 0),
            ),
            examples.constant("bias", np.zeros(channels)),
        ),
        examples.variable("output", output, Q),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_examples_are_accepted_and_vary(kind: str) -> None:
    graphs = [OPERATORS[kind].example(np.random.default_rng(seed)) for seed in range(60)]
    assert [problems(graph) for graph in graphs] == [""] * 60
    assert all(graph.ops[-1].kind == kind for graph in graphs)
    assert all(len(graph.inputs) == len(graph.outputs) == 1 for graph in graphs)
    assert len({graph.tensors[-1].shape for graph in graphs}) >= 3
    attributes = {graph.ops[-1].attrs for graph in graphs}
    assert len(attributes) > 1 or attributes == {NoAttrs()} or kind == "SHAPE"


@pytest.mark.parametrize("kind", KINDS)
def test_the_example_of_a_seed_is_always_the_same(kind: str) -> None:
    first, second = (OPERATORS[kind].example(np.random.default_rng(7)) for _ in range(2))
    assert first == second


def test_examples_reach_the_corners() -> None:
    convolutions = [
        OPERATORS["DEPTHWISE_CONV_2D"].example(np.random.default_rng(seed)) for seed in range(200)
    ]
    attrs = [graph.ops[0].attributes(DepthwiseConv2D) for graph in convolutions]
    assert {a.activation for a in attrs} == set(Activation)
    assert {a.padding.scheme for a in attrs} == {"SAME", "VALID"}
    assert {a.multiplier for a in attrs} == set(range(1, 9))
    assert {a.stride[0] for a in attrs} == {1, 2, 3}
    zero_points = {graph.tensor(0).qparams.zero_point for graph in convolutions}
    assert {-128, 127} < zero_points
    assert {graph.optional_input(graph.ops[0], 2) is None for graph in convolutions} == {
        True,
        False,
    }
    assert {graph.tensor(1).qparams.per_channel for graph in convolutions} == {True, False}


CONV_REFUSALS = [
    ({"dtype": DType.UINT8}, 0, "input is uint8, not int8"),
    ({"dtype": DType.FLOAT32}, 0, "input is float32, not int8"),
    ({"dtype": DType.INT32}, 3, "output is int32, not int8"),
    ({"quant": None}, 0, "input has no scale and zero point"),
    ({"quant": Quant((0.1, 0.2), (0, 0), 3)}, 0, "input has 2 scales"),
    ({"quant": Quant((0.0,), (0,))}, 0, "input has scale 0.0: scales must be positive"),
    ({"quant": Quant((-0.5,), (0,))}, 3, "output has scale -0.5"),
    ({"quant": Quant((math.nan,), (0,))}, 3, "output has scale nan"),
    ({"quant": Quant((0.5,), (128,))}, 0, "input has zero point 128, outside int8"),
    ({"quant": None}, 1, "weights have no scales"),
    ({"quant": Quant((0.1,) * 3, (0, 4, 0))}, 1, "weights have zero point 4: it must be 0"),
    ({"quant": Quant((0.1,) * 3, (0,) * 3, 3)}, 1, "quantised along axis 3: it must be axis 0"),
    ({"quant": Quant((0.1,) * 2, (0,) * 2)}, 1, "have 2 scales along axis 0"),
    ({"quant": Quant((0.1, math.inf, 0.1), (0,) * 3)}, 1, "weights tensor has scale inf"),
    ({"dtype": DType.UINT8}, 1, "weights are uint8, not int8"),
    ({"dtype": DType.INT64, "data": bytes(24)}, 2, "bias is int64, not int32"),
    ({"shape": (2,), "data": bytes(8)}, 2, "bias has 2 values for 3 channels"),
    ({"shape": (2, 6, 6, 2)}, 0, "input has batch 2: convert the model with a batch of 1"),
    ({"shape": (6, 6, 2)}, 0, "input has shape 6x6x2, not batch x height x width"),
    ({"shape": (1, 6, 0, 2)}, 0, "each dimension must lie between 1 and 32767"),
    ({"shape": (1, 40000, 6, 2)}, 0, "each dimension must lie between 1 and 32767"),
    ({"shape": (1, 6, 6, 4)}, 0, "grouped convolutions are not supported"),
    ({"shape": (1, 6, 5, 3)}, 3, "output has shape (1, 6, 5, 3), the operator gives (1, 6, 6, 3)"),
]


@pytest.mark.parametrize(("changes", "tensor", "words"), CONV_REFUSALS)
def test_convolution_is_refused(changes: dict[str, object], tensor: int, words: str) -> None:
    assert words in problems(with_tensor(conv(), tensor, **changes))


def test_weights_that_are_computed_are_refused() -> None:
    graph = conv()
    weights = replace(graph.tensor(1), data=None)
    graph = replace(graph, tensors=(graph.tensors[0], weights, *graph.tensors[2:]), inputs=(0, 1))
    assert "weights are computed at run time" in problems(graph)


@pytest.mark.parametrize(
    ("attrs", "words"),
    [
        (Conv2D((1, 1), Padding("SAME"), Activation.NONE, (2, 1)), "dilation 2x1"),
        (Conv2D((0, 1), Padding("SAME"), Activation.NONE), "stride 0x1 must lie between 1"),
        (Conv2D((1, 99999), Padding("SAME"), Activation.NONE), "stride 1x99999 must lie"),
    ],
)
def test_convolution_attributes_are_refused(attrs: Conv2D, words: str) -> None:
    assert words in problems(conv(attrs))


def test_all_problems_of_an_operator_come_at_once() -> None:
    graph = with_tensor(
        conv(Conv2D((1, 1), Padding("SAME"), Activation.NONE, (2, 2))), 0, quant=None
    )
    graph = with_tensor(graph, 1, quant=Quant((0.1,) * 3, (1, 0, 0)))
    assert len(op_problems(graph, graph.ops[0])) == 3


def test_accumulator_limit_is_exact() -> None:
    """18 taps of 1 times at most 128 + 3, scale 1: one bit to the left."""
    graph = with_tensor(conv(), 1, quant=Quant((1.0,), (0,)))
    limit = (2**31 - 255) // 2 - 18 * 131
    for bias, fits in ((limit, True), (limit + 1, False), (-limit - 1, False)):
        data = np.array([0, bias, 0], "<i4").tobytes()
        found = problems(with_tensor(graph, 2, data=data))
        assert found == "" if fits else "channel 1 can overflow the 32-bit accumulator" in found


def test_scales_beyond_any_shift_are_refused() -> None:
    graph = with_tensor(conv(), 1, quant=Quant((1e30,), (0,)), data=bytes(54))
    assert "overflow" in problems(graph)


def test_activation_bounds_that_do_not_fit_are_refused() -> None:
    relu6 = Conv2D((1, 1), Padding("SAME"), Activation.RELU6)
    tiny = with_tensor(conv(relu6), 3, quant=Quant((1e-9,), (0,)))
    assert "too small to express the bound 6" in problems(tiny)


def test_activation_bound_is_divided_in_float32() -> None:
    """There 6 / 0.24489796 is 24.5, which rounds to 25; in double it is just below."""
    quant = Quant((float(np.float32(0.24489796)),), (0,))
    assert activation_range(Activation.RELU6, quant) == (0, 25)
    attrs = MaxPool2D((1, 1), (1, 1), Padding("VALID"), Activation.RELU6)
    graph = examples.single(
        "MAX_POOL_2D",
        attrs,
        (examples.variable("input", (1, 1, 1, 2), quant),),
        examples.variable("output", (1, 1, 1, 2), quant),
    )
    model = write_model(graph)
    for reference in make_references(model, parse_model(model, "bound")):
        assert reference.trace(bytes([24, 127]))[1] == bytes([24, 25])


def test_depth_multiplier_must_match() -> None:
    graph = OPERATORS["DEPTHWISE_CONV_2D"].example(np.random.default_rng(1))
    attrs = graph.ops[0].attributes(DepthwiseConv2D)
    wrong = with_op(graph, attrs=replace(attrs, multiplier=attrs.multiplier + 1))
    assert "depth multiplier" in problems(wrong)


def dense(**changes: object) -> Graph:
    """Tensors: 0 input (1, 4), 1 weights (2, 4), 2 bias, 3 output."""
    scale = float(np.float32(Q.scale * 0.01))
    return examples.single(
        "FULLY_CONNECTED",
        replace(FullyConnected(Activation.NONE), **changes),  # type: ignore[arg-type]
        (
            examples.variable("input", (1, 4), Q),
            examples.constant("weights", np.ones((2, 4)), DType.INT8, Quant((0.01,), (0,))),
            examples.constant("bias", np.ones(2), quant=Quant((scale,), (0,))),
        ),
        examples.variable("output", (1, 2), Q),
    )


def test_fully_connected_is_accepted_and_refused() -> None:
    assert problems(dense()) == ""
    shuffled = dense(weights_format=WeightsFormat.SHUFFLED4X16INT8)
    assert "weights format SHUFFLED4X16INT8" in problems(shuffled)
    assert "does not split into rows of 4" in problems(with_tensor(dense(), 0, shape=(1, 6)))
    kept = with_tensor(dense(keep_num_dims=True), 0, shape=(1, 2, 2))
    assert "no last dimension of 4" in problems(kept)
    off = with_tensor(dense(), 2, quant=Quant((0.5,), (0,)))
    assert "the reference refuses it" in problems(off)


def test_fully_connected_scales_beyond_any_shift_are_refused() -> None:
    graph = with_tensor(dense(), 0, quant=Quant((3e38,), (0,)))
    graph = with_tensor(graph, 1, quant=Quant((3e38,), (0,)))
    assert "overflow" in problems(graph)


def test_pooling_must_not_rescale() -> None:
    graph = OPERATORS["AVERAGE_POOL_2D"].example(np.random.default_rng(3))
    other = Quant((graph.tensor(0).qparams.scale + 1e-3,), graph.tensor(0).qparams.zero_points)
    assert "pooling does not rescale" in problems(with_tensor(graph, 1, quant=other))
    nearly = Quant((graph.tensor(0).qparams.scale + 1e-7,), graph.tensor(0).qparams.zero_points)
    assert problems(with_tensor(graph, 1, quant=nearly)) == ""


def test_mean_axes() -> None:
    def graph(axes: list[int], output: tuple[int, ...], keep: bool = False) -> Graph:
        return examples.single(
            "MEAN",
            Mean(keep),
            (
                examples.variable("input", (1, 4, 5, 6), Q),
                examples.constant("axes", np.array(axes)),
            ),
            examples.variable("output", output, Q),
        )

    assert problems(graph([1, 2], (1, 6))) == ""
    assert problems(graph([-2, 1, 1], (1, 1, 1, 6), keep=True)) == ""
    assert problems(graph([2], (1, 4, 6))) == ""
    assert problems(graph([1, 3], (1, 5))) == ""
    assert "axes (4,) are not all of 4 dimensions" in problems(graph([4], (1, 4, 5)))
    assert problems(graph([0], (4, 5, 6))) == ""
    assert reducing.axes(graph([-2, 1], (1, 6)), graph([-2, 1], (1, 6)).ops[0]) == (1, 2)


def softmax(classes: int, beta: float, quant: Quant) -> Graph:
    return examples.single(
        "SOFTMAX",
        Softmax(beta),
        (examples.variable("input", (1, classes), Q),),
        examples.variable("output", (1, classes), quant),
    )


def test_softmax_refusals() -> None:
    right = Quant((1 / 256,), (-128,))
    assert problems(softmax(1001, 1.0, right)) == ""
    assert "softmax gives 1/256 and -128 only" in problems(softmax(10, 1.0, Q))
    assert "too small" in problems(softmax(10, 1e-9, right))
    assert "too small" in problems(softmax(10, math.nan, right))
    assert "sum can overflow" in problems(softmax(4096, 1.0, right))


def test_add_refusals() -> None:
    def graph(second: tuple[int, ...], scale: float = 0.05) -> Graph:
        tensors = (
            Tensor(0, "a", (1, 2, 2, 3), DType.INT8, Q),
            Tensor(1, "b", second, DType.INT8, Q),
            Tensor(2, "c", (1, 2, 2, 3), DType.INT8, Quant((scale,), (0,))),
        )
        ops = (Op(0, "ADD", (0, 1), (2,), Add(Activation.NONE)),)
        return Graph("add", tensors, ops, (0, 1), (2,))

    assert problems(graph((1, 2, 2, 3))) == ""
    assert "broadcasting is not supported" in problems(graph((1, 1, 1, 3)))
    assert "too small for the input scales" in problems(graph((1, 2, 2, 3), 9e-8))


def test_quantize_refuses_other_types() -> None:
    graph = OPERATORS["QUANTIZE"].example(np.random.default_rng(0))
    assert "only float32, int8 and uint8 to int8" in problems(
        with_tensor(graph, 0, dtype=DType.INT32)
    )
    assert "only int8 to float32" in problems(
        with_tensor(OPERATORS["DEQUANTIZE"].example(np.random.default_rng(0)), 0, dtype=DType.UINT8)
    )


def test_reshape_finds_its_shape() -> None:
    def graph(attrs: Reshape, shape: list[int] | None, output: tuple[int, ...]) -> Graph:
        inputs = (examples.variable("input", (1, 2, 3, 4), Q),)
        if shape is not None:
            inputs += (examples.constant("shape", np.array(shape)),)
        return examples.single("RESHAPE", attrs, inputs, examples.variable("output", output, Q))

    assert problems(graph(Reshape(), None, (1, 24))) == ""
    assert problems(graph(Reshape((6, 4)), None, (6, 4))) == ""
    assert problems(graph(Reshape(), [-1, 12], (2, 12))) == ""
    # As in person_detect: the options may be anything where the shape is an input.
    assert problems(graph(Reshape((7,)), [24], (24,))) == ""
    assert "input has 24 values, output 25" in problems(graph(Reshape(), None, (25,)))
    assert "asks for shape (-1, 5)" in problems(graph(Reshape(), [-1, 5], (4, 6)))
    assert "asks for shape (-1, -1)" in problems(graph(Reshape(), [-1, -1], (4, 6)))


def test_squeeze_axes() -> None:
    graph = examples.single(
        "SQUEEZE",
        Squeeze((2,)),
        (examples.variable("input", (1, 1, 3, 1), Q),),
        examples.variable("output", (1, 1, 3), Q),
    )
    assert "axis 2 of shape (1, 1, 3, 1) is not a dimension of 1" in problems(graph)
    assert problems(with_op(graph, attrs=Squeeze((-1,)))) == ""
    assert "the operator gives (3,)" in problems(with_op(graph, attrs=Squeeze()))


def strided_slice(dtype: DType = DType.INT8) -> Graph:
    quant = Q if dtype is DType.INT8 else None
    bounds = (("begin", 1), ("end", 4), ("strides", 2))
    return examples.single(
        "STRIDED_SLICE",
        StridedSlice(),
        (
            examples.variable("input", (5,), quant, dtype),
            *(examples.constant(name, np.array([value])) for name, value in bounds),
        ),
        examples.variable("output", (2,), quant, dtype),
    )


def test_strided_slice_refusals() -> None:
    graph = strided_slice()
    assert problems(graph) == problems(strided_slice(DType.INT32)) == ""
    assert "ellipsis" in problems(with_op(graph, attrs=StridedSlice(ellipsis_mask=1)))
    assert "stride 0" in problems(with_tensor(graph, 3, data=bytes(4)))
    outside = with_tensor(graph, 1, data=np.array([99], "<i4").tobytes())
    assert "index 99 lies outside" in problems(
        with_op(outside, attrs=StridedSlice(shrink_axis_mask=1))
    )


def test_missing_operands_are_refused() -> None:
    graph = conv()
    assert "has 1 inputs, 2 to 3 are needed" in problems(with_op(graph, inputs=(0,)))
    assert "has 3 inputs" in problems(with_op(graph, inputs=(0, NO_TENSOR, 2)))
    assert problems(with_op(graph, inputs=(0, 1))) == ""
    assert problems(with_op(graph, inputs=(0, 1, NO_TENSOR))) == ""


def test_unknown_operators_say_why() -> None:
    graph = conv()
    lstm = with_op(graph, kind="LSTM", attrs=Unsupported("is not supported"))
    assert problems(lstm) == "is not supported"
    assert place(lstm, lstm.ops[0]) == "operator 0 LSTM `output`"


@pytest.mark.parametrize("number", [4, 5, 77])
def test_other_activations_are_refused_when_parsed(number: int) -> None:
    options = OPERATORS["ADD"].unparse(Add(Activation.NONE))
    with pytest.raises(UnsupportedOptionError, match=f"activation {number} is not NONE"):
        OPERATORS["ADD"].parse({**options, "FusedActivationFunction": number})


@pytest.mark.parametrize("scheme", ["SAME", "VALID"])
def test_padding_against_counting(scheme: str) -> None:
    """The window's places are counted one by one; SAME gives the odd row to the bottom."""
    padding = Padding(scheme)  # type: ignore[arg-type]
    for size in range(1, 14):
        for kernel in range(1, 6):
            for stride in range(1, 5):
                top, left, bottom, right = padding.resolve(
                    (size, size), (kernel, kernel), (stride, stride)
                )
                places = len(range(0, size + top + bottom - kernel + 1, stride))
                assert (top, bottom) == (left, right)
                if scheme == "SAME":
                    assert places == math.ceil(size / stride)
                    assert 0 <= bottom - top <= 1
                if places:
                    assert padding.output_hw((size, size), (kernel, kernel), (stride, stride)) == (
                        places,
                        places,
                    )


def test_explicit_padding_is_taken_as_it_stands() -> None:
    padding = Padding("EXPLICIT", 0, 1, 2, 3)
    assert padding.resolve((8, 8), (3, 3), (2, 2)) == (0, 1, 2, 3)
    assert padding.output_hw((8, 8), (3, 3), (2, 2)) == (4, 5)


def test_macs() -> None:
    graph = conv()
    assert OPERATORS["CONV_2D"].macs(graph, graph.ops[0]) == 6 * 6 * 3 * 3 * 3 * 2
    graph = dense()
    assert OPERATORS["FULLY_CONNECTED"].macs(graph, graph.ops[0]) == 8
    graph = OPERATORS["AVERAGE_POOL_2D"].example(np.random.default_rng(0))
    assert graph.ops[0].attributes(AveragePool2D)
    assert OPERATORS["AVERAGE_POOL_2D"].macs(graph, graph.ops[0]) == 0


@pytest.mark.parametrize("wanted", [[[1, 12]], [[1], [-1]], [[-1, 12]]])
def test_reshape_takes_a_shape_of_any_rank(wanted: list[list[int]]) -> None:
    """Exporters write such constants; TFLite Micro reads the numbers in their order."""
    graph = examples.single(
        "RESHAPE",
        Reshape(),
        (
            examples.variable("input", (1, 3, 4, 1), Q),
            examples.constant("shape", np.array(wanted)),
        ),
        examples.variable("output", (1, 12), Q),
    )
    assert problems(graph) == ""
    assert problems(with_tensor(graph, 2, shape=(12,))) == (
        "asks for shape " + str(tuple(np.ravel(wanted).tolist())) + ", but the output has 12"
    )


def test_a_scalar_shape_is_one_dimension() -> None:
    graph = examples.single(
        "RESHAPE",
        Reshape(),
        (examples.variable("input", (1, 12), Q), examples.constant("shape", np.array(12))),
        examples.variable("output", (12,), Q),
    )
    assert problems(graph) == ""
