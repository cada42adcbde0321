"""What ``inspect`` counts, held against the MobileNets paper and against the planner."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import pytest

from mcugen.anatomy import Anatomy, dissect
from mcugen.anatomy.layers import Kind
from mcugen.anatomy.paper import FIGURES, TABLE_2
from mcugen.boards import load_board
from mcugen.ir import DType, Graph, Op, Quant
from mcugen.ops import examples
from mcugen.ops.activation import Activation
from mcugen.ops.base import Unsupported
from mcugen.ops.conv_2d import Conv2D
from mcugen.ops.depthwise_conv_2d import DepthwiseConv2D
from mcugen.passes import run_passes
from mcugen.tflite import read_model
from tests.conftest import EXAMPLE_MODEL, program_of
from tests.networks import RELU6_QUANT, SAME, Builder, small_mobilenet
from tests.paper_networks import mobilenet_v1


def anatomy_of(graph: Graph) -> Anatomy:
    return dissect(run_passes(graph), load_board("stm32f7"))


@cache
def paper(width: str, resolution: int, *, separable: bool = True) -> Anatomy:
    return anatomy_of(mobilenet_v1(width, resolution, separable=separable))


def answer_of(anatomy: Anatomy) -> dict[str, Any]:
    """The answer as a reader of ``--json`` has it, who knows no NaN."""
    answer: dict[str, Any] = json.loads(json.dumps(anatomy.as_json(), allow_nan=False))
    return answer


# Tables 6, 7 and 9. The counts that the paper's figures stand for, in multiply-adds and weights.
PAPER = {
    ("1", 224): (568_740_352, 4_209_088),
    ("0.75", 224): (325_400_448, 2_568_144),
    ("0.5", 224): (149_497_088, 1_319_648),
    ("0.25", 224): (41_030_272, 463_600),
    ("1", 192): (418_121_728, 4_209_088),
    ("1", 160): (290_675_200, 4_209_088),
    ("1", 128): (186_400_768, 4_209_088),
    ("0.5", 160): (76_524_800, 1_319_648),
}

# 290.7 and 76.5 million: here the paper cuts what it rounds elsewhere.
CUT = {("1", 160), ("0.5", 160)}


class TestPaper:
    @pytest.mark.parametrize("network", PAPER)
    def test_totals_are_the_papers_within_rounding(self, network: tuple[str, int]) -> None:
        width, resolution = network
        answer = answer_of(paper(width, resolution))
        assert (answer["macs"], answer["weights"]) == PAPER[network]
        figures = FIGURES[Fraction(width), resolution]
        millions = answer["macs"] / 1e6
        assert figures.macs == (int(millions) if network in CUT else round(millions))
        digits = len(str(figures.parameters).split(".")[1])
        assert figures.parameters == round(answer["weights"] / 1e6, digits)

    def test_the_issue_s_three(self) -> None:
        """569 and 41 and 186 million; 4.2 and 0.5 million parameters, biases counted or not."""
        for network, macs, parameters in (
            (("1", 224), 569, 4.2),
            (("0.25", 224), 41, 0.5),
            (("1", 128), 186, 4.2),
        ):
            answer = answer_of(paper(*network))
            assert round(answer["macs"] / 1e6) == macs
            assert round(answer["weights"] / 1e6, 1) == parameters
            assert round((answer["weights"] + answer["biases"]) / 1e6, 1) == parameters

    def test_table_2(self) -> None:
        """All eight shares but one: 1.19 % stands where the network has 1.91 %.

        The paper's own column shows it: it adds up to 99.29, and to 100.01 with 1.91.
        """
        for row in answer_of(paper("1", 224))["kinds"]:
            macs, parameters = TABLE_2[Kind(row["kind"])]
            assert parameters == round(100 * row["weights_share"], 2)
            assert (1.91 if row["kind"] == "standard" else macs) == round(
                100 * row["macs_share"], 2
            )
        assert round(sum(macs for macs, _ in TABLE_2.values()), 2) == 99.29

    def test_biases_do_not_belong_to_table_2(self) -> None:
        """With them the depthwise convolutions have 1.18 % of the parameters; the paper: 1.06."""
        layers = answer_of(paper("1", 224))["layers"]
        depthwise = [layer["parameters"] for layer in layers if layer["kind"] == "depthwise"]
        share = sum(depthwise) / sum(layer["parameters"] for layer in layers)
        assert round(100 * share, 2) == 1.18

    def test_table_3(self) -> None:
        """The layer with D_K = 3, M = N = 512, D_F = 14: 462 and 52.3 million, 2.36 and 0.27."""
        pair = next(p for p in paper("1", 224).pairs if p.channels == p.units == 512)
        assert round(pair.standard_macs / 1e6) == 462
        assert round(pair.macs / 1e6, 1) == 52.3
        assert round(9 * 512 * 512 / 1e6, 2) == 2.36
        assert round((pair.depthwise.weights + pair.pointwise.weights) / 1e6, 2) == 0.27

    def test_table_4(self) -> None:
        """Conv MobileNet: 29.3 million parameters; 4867 million multiply-adds, the paper has 4866.

        It costs what the separable network says that standard convolutions would.
        """
        full, thin = paper("1", 224, separable=False), paper("1", 224)
        answer, saved = answer_of(full), sum(pair.standard_macs - pair.macs for pair in thin.pairs)
        assert round(answer["weights"] / 1e6, 1) == 29.3
        assert abs(answer["macs"] / 1e6 - 4866) < 1.5
        assert answer["macs"] == answer_of(thin)["macs"] + saved

    @pytest.mark.parametrize("network", [("1", 224), ("0.25", 128)])
    def test_ratio_is_the_formula(self, network: tuple[str, int]) -> None:
        pairs = paper(*network).pairs
        assert len(pairs) == 13
        for pair in pairs:
            exact = Fraction(1, pair.units) + Fraction(1, 9)
            assert Fraction(pair.macs, pair.standard_macs) == exact
            assert pair.ratio == pytest.approx(float(exact), rel=1e-15)
            assert pair.formula == pytest.approx(float(exact), rel=1e-15)

    def test_no_figures_are_invented(self) -> None:
        assert answer_of(paper("0.75", 160))["mobilenet_v1"]["paper"] is None
        # Given, but for a network with another classifier.
        assert answer_of(paper("0.25", 128))["mobilenet_v1"]["paper"] == {
            "macs_millions": 15,
            "parameters_millions": 0.2,
            "table": "Table 12: face attributes, another classifier",
        }


class TestRecognition:
    @pytest.mark.parametrize(("width", "resolution"), [("0.5", 96), ("0.25", 32), ("1", 224)])
    def test_width_resolution_classes(self, width: str, resolution: int) -> None:
        """At 32 px the last pairs work on a single pixel and still are pairs."""
        found = anatomy_of(mobilenet_v1(width, resolution, 7)).mobilenet
        assert found is not None
        assert (found.width, found.resolution, found.classes) == (Fraction(width), resolution, 7)
        thousand = anatomy_of(mobilenet_v1(width, resolution)).as_json()
        assert (found.macs, found.weights) == (thousand["macs"], thousand["weights"])

    def test_keras_export_whose_classifier_is_a_convolution(self) -> None:
        anatomy = anatomy_of(read_model(EXAMPLE_MODEL))
        assert anatomy.mobilenet is not None
        assert anatomy.mobilenet.width == Fraction(1, 4)
        assert (anatomy.mobilenet.resolution, anatomy.mobilenet.classes) == (128, 10)
        (dense,) = (layer for layer in anatomy.layers if layer.kind is Kind.DENSE)
        assert (dense.op.kind, dense.macs) == ("CONV_2D", 2560)

    @pytest.mark.parametrize("position", [1, 14, 26])
    def test_another_stride_is_another_network(self, position: int) -> None:
        graph = mobilenet_v1("0.25", 64)
        op = graph.ops[position]
        attrs: Any = op.attrs
        changed = replace(op, attrs=replace(attrs, stride=(3, 3)))
        ops = (*graph.ops[:position], changed, *graph.ops[position + 1 :])
        assert anatomy_of(graph).mobilenet is not None
        assert anatomy_of(graph.with_ops(ops)).mobilenet is None

    def test_others_are_not(self) -> None:
        assert anatomy_of(small_mobilenet()).mobilenet is None
        assert paper("1", 224, separable=False).mobilenet is None


def chain_of(channels: int, multiplier: int, units: int, *, read_twice: bool = False) -> Graph:
    """A depthwise convolution of 5x3 and a pointwise one behind it."""
    b = Builder(np.random.default_rng(3))
    source = b.tensor(examples.variable("picture", (1, 8, 8, channels), RELU6_QUANT))
    weights = b.weights((1, 5, 3, channels * multiplier), 3)
    wide = b.op(
        "DEPTHWISE_CONV_2D",
        DepthwiseConv2D((2, 2), SAME, Activation.RELU6, multiplier),
        (source, weights),
        examples.variable("dw", (1, 4, 4, channels * multiplier), RELU6_QUANT),
    )
    last = b.conv("pw", wide, units, kernel=1, stride=1)
    if read_twice:
        b.conv("other", wide, units, kernel=1, stride=1)
    graph = b.graph("chain", source, last)
    return replace(graph, outputs=(last, len(b.tensors) - 1)) if read_twice else graph


class TestLayers:
    def test_small_network(self) -> None:
        answer = answer_of(anatomy_of(small_mobilenet()))
        assert [layer["kind"] for layer in answer["layers"]] == [
            *("standard", "depthwise", "pointwise", "other"),
            *("depthwise", "pointwise", "pool", "dense", "other"),
        ]
        first, depthwise = answer["layers"][:2]
        assert first == {
            "name": "conv_0",
            "op": "CONV_2D",
            "kind": "standard",
            "known": True,
            "input": "12x12x3",
            "output": "6x6x8",
            "kernel": [3, 3],
            "stride": [2, 2],
            "weights": 8 * 27,
            "biases": 8,
            "parameters": 8 * 28,
            "macs": 36 * 8 * 27,
            "scratch_bytes": first["scratch_bytes"],
            "live_bytes": first["live_bytes"],
        }
        assert (depthwise["weights"], depthwise["biases"], depthwise["macs"]) == (72, 8, 36 * 72)
        assert (answer["layers"][7]["kernel"], answer["layers"][7]["stride"]) == (None, None)
        assert [kind["layers"] for kind in answer["kinds"]] == [2, 2, 1, 1]

    @pytest.mark.parametrize("graph", [small_mobilenet(), read_model(EXAMPLE_MODEL)])
    def test_multiply_adds_and_memory_are_the_build_s(self, graph: Graph) -> None:
        anatomy, program = anatomy_of(graph), program_of(graph)
        steps = program.schedule.steps
        assert [layer.macs for layer in anatomy.layers] == [step.macs for step in steps]
        assert [layer.name for layer in anatomy.layers] == [step.name for step in steps]
        assert anatomy.activations.planned
        assert anatomy.activations.live == program.plan.live
        assert anatomy.activations.binding == program.plan.binding_step
        answer = answer_of(anatomy)
        assert answer["supported"]
        assert answer["activations"]["bytes"] == program.plan.lower_bound
        assert [layer["scratch_bytes"] for layer in answer["layers"]] == [
            step.call.scratch_bytes for step in steps
        ]

    def test_pair_with_multiplier_and_oblong_kernel(self) -> None:
        (pair,) = anatomy_of(chain_of(4, 3, 10)).pairs
        assert (pair.kernel, pair.channels, pair.multiplier, pair.units) == ((5, 3), 4, 3, 10)
        assert pair.macs == 16 * (15 * 12 + 12 * 10)
        assert pair.standard_macs == 16 * 15 * 4 * 10
        assert pair.ratio == pytest.approx(pair.formula)
        assert pair.formula == pytest.approx(3 * (1 / 10 + 1 / 15))

    def test_two_readers_make_no_pair(self) -> None:
        assert not anatomy_of(chain_of(4, 1, 10, read_twice=True)).pairs

    def test_depthwise_of_one_channel_is_a_standard_convolution(self) -> None:
        anatomy = anatomy_of(chain_of(1, 8, 10))
        assert [layer.kind for layer in anatomy.layers] == [Kind.STANDARD, Kind.POINTWISE]
        assert not anatomy.pairs


class TestUnsupported:
    def test_counted_all_the_same_and_the_reason_given_once(self) -> None:
        graph = small_mobilenet()
        ops = tuple(
            replace(op, attrs=replace(op.attributes(Conv2D), dilation=(2, 2)))
            if op.kind == "CONV_2D"
            else op
            for op in graph.ops
        )
        anatomy = anatomy_of(graph.with_ops(ops))
        answer = answer_of(anatomy)
        assert not answer["supported"]
        assert answer["unsupported"] == [
            {
                "reason": "dilation 2x2: only 1x1 is supported",
                "layers": [0, 2, 5],
                "text": "layer 0 `conv_0` and 2 more (CONV_2D): dilation 2x2: only 1x1 is "
                "supported",
            }
        ]
        assert answer["verdict"] is None
        assert answer["macs"] == answer_of(anatomy_of(graph))["macs"]
        assert answer["activations"]["counted_by"] == "lifetimes"

    def test_unknown_operator(self) -> None:
        graph = small_mobilenet()
        lstm = replace(graph.ops[3], kind="LSTM", attrs=Unsupported("is not supported"))
        answer = answer_of(anatomy_of(graph.with_ops((*graph.ops[:3], lstm, *graph.ops[4:]))))
        assert [one["text"] for one in answer["unsupported"]] == [
            "layer 3 `lstm` (LSTM): is not supported"
        ]
        assert answer["verdict"] == "the model keeps state between runs (LSTM)"
        assert [layer["known"] for layer in answer["layers"]].index(False) == 3
        assert (answer["layers"][3]["kind"], answer["layers"][3]["macs"]) == ("other", 0)

    def test_reason_about_the_whole_model(self) -> None:
        graph = small_mobilenet()
        answer = answer_of(
            anatomy_of(replace(graph, outputs=(*graph.outputs, graph.ops[0].outputs[0])))
        )
        (refusal,) = answer["unsupported"]
        assert refusal["reason"].startswith("the model has 2 outputs")
        assert refusal["layers"] == []

    def test_nothing_to_run(self) -> None:
        source = examples.variable("picture", (1, 4), RELU6_QUANT)
        answer = answer_of(anatomy_of(Graph("empty", (source,), (), (0,), (0,))))
        assert answer["activations"]["binding_layer"] is None
        assert (answer["layers"], answer["pairs"], answer["macs"]) == ([], [], 0)
        assert [kind["macs_share"] for kind in answer["kinds"]] == [0.0] * 4

    def test_lifetimes(self) -> None:
        """input (7 bytes, 8 with the padding) -> a (100) -> b (40) -> c (4), and b also to d."""
        sizes = {"input": 7, "a": 100, "b": 40, "c": 4, "d": 12}
        tensors = tuple(
            replace(examples.variable(name, (size,)), id=index)
            for index, (name, size) in enumerate(sizes.items())
        )
        attrs = Unsupported("no")
        edges = (((0,), 1), ((1,), 2), ((2, 0), 3), ((2, 3), 4))
        ops = tuple(
            Op(index, "X", inputs, (output,), attrs) for index, (inputs, output) in enumerate(edges)
        )
        anatomy = anatomy_of(Graph("diamond", tensors, ops, (0,), (4,)))
        assert anatomy.activations.live == (8 + 100, 8 + 100 + 40, 8 + 40 + 4, 40 + 4 + 12)
        assert (anatomy.activations.binding, anatomy.activations.planned) == (1, False)


class TestTensors:
    def test_each_that_is_left(self) -> None:
        graph = run_passes(read_model(EXAMPLE_MODEL))
        answer = answer_of(dissect(graph, load_board("stm32f7")))
        rows = {row["id"]: row for row in answer["tensors"]}
        assert set(rows) == {
            tensor_id for op in graph.ops for tensor_id in (*op.inputs, *op.outputs)
        } | set(graph.inputs)
        for tensor_id, row in rows.items():
            tensor = graph.tensor(tensor_id)
            assert row["name"] == tensor.name
            assert (tuple(row["shape"]), row["dtype"]) == (tensor.shape, tensor.dtype.value)
            assert row["bytes"] == tensor.nbytes
            quant = tensor.quant or Quant((), ())
            assert (tuple(row["scales"]), tuple(row["zero_points"])) == (
                quant.scales,
                quant.zero_points,
            )
        picture = rows[graph.inputs[0]]
        assert (picture["bytes"], picture["constant"], picture["axis"]) == (49152, False, None)

    def test_scales_that_json_cannot_hold(self) -> None:
        quant = Quant((float("nan"),), (0,))
        tensors = (
            examples.variable("input", (1, 4), quant),
            examples.variable("output", (1, 4), quant, DType.INT8),
        )
        ops = (Op(0, "LSTM", (0,), (1,), Unsupported("no")),)
        answer = answer_of(anatomy_of(examples.chain("odd", tensors, ops)))
        assert [row["scales"] for row in answer["tensors"]] == [[None], [None]]
