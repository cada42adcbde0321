"""Channels of one value: ranges hold for every input, and what is left out changes no byte."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mcugen.inputs import default_inputs, model_input
from mcugen.ir import DType, Graph, Quant, Tensor
from mcugen.ops import examples
from mcugen.ops.activation import Activation
from mcugen.ops.average_pool_2d import AveragePool2D
from mcugen.ops.conv_2d import Conv2D
from mcugen.ops.depthwise_conv_2d import DepthwiseConv2D
from mcugen.ops.fully_connected import FullyConnected
from mcugen.ops.padding import Padding
from mcugen.ops.registry import OPERATORS
from mcugen.passes import remove_constant_channels, run_passes
from mcugen.passes.channel_ranges import channel_ranges
from mcugen.reference import agreed_trace, make_references
from mcugen.tflite import parse_model, write_model
from tests.ladder import check_everywhere
from tests.networks import Builder, padded_convolution

KINDS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "AVERAGE_POOL_2D", "MAX_POOL_2D", "PAD")


def check_ranges(graph: Graph, seed: int) -> int:
    """No value that the reference computes lies outside; the constant channels that there are."""
    model = write_model(graph)
    read = parse_model(model, graph.name)
    references = make_references(model, read)
    constant = 0
    ranges = channel_ranges(run_passes(read))
    for one in default_inputs(model_input(read), seed, 12):
        tensors, _ = agreed_trace(references, one.data)
        for key, found in ranges.items():
            values = np.frombuffer(tensors[key], np.int8).reshape(-1, len(found.low))
            assert (values >= found.low).all()
            assert (values <= found.high).all()
            constant += int(found.constant.sum())
    return constant


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("kind", KINDS)
def test_no_value_is_outside_its_range(kind: str, seed: int) -> None:
    rng = np.random.default_rng([seed, 40, *kind.encode()])
    check_ranges(OPERATORS[kind].example(rng), seed)


@pytest.mark.parametrize("seed", range(20))
def test_windows_in_the_margins_count(seed: int) -> None:
    rng = np.random.default_rng([seed, 41])
    kind = "CONV_2D" if seed % 2 else "DEPTHWISE_CONV_2D"
    check_ranges(padded_convolution(rng, kind), seed)


@pytest.mark.parametrize(("padding", "constant"), [("VALID", True), ("SAME", False)])
def test_a_constant_channel_is_cut_off_in_the_margins(padding: str, constant: bool) -> None:
    """On each side alone, so that every side is looked at."""
    sides = [(1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)]
    for side in sides if padding == "SAME" else [(0, 0, 0, 0)]:
        b = Network(np.random.default_rng(9))
        source = b.tensor(examples.variable("picture", (1, 5, 5, 3), Quant((0.1,), (4,))))
        first = b.layer("CONV_2D", source, 4, 1, "VALID", {0: 60})
        last = b.layer("DEPTHWISE_CONV_2D", first, 4, 3, "VALID", {})
        graph = b.graph("margins", source, last)
        op = graph.ops[1]
        explicit = replace(op.attributes(DepthwiseConv2D), padding=Padding("EXPLICIT", *side))
        tensors = list(graph.tensors)
        shape = (1, 3 + side[0] + side[2], 3 + side[1] + side[3], 4)
        tensors[last] = replace(tensors[last], shape=shape)
        graph = replace(graph, tensors=tuple(tensors)).with_ops(
            (graph.ops[0], replace(op, attrs=explicit))
        )
        assert channel_ranges(graph)[last].constant.tolist() == [constant, False, False, False]


class Network(Builder):
    """A builder of networks some of whose channels are constant."""

    quant = Quant((0.05,), (-10,))

    def constant_bias(self, source: int, taps: Tensor, values: dict[int, int]) -> int:
        """Of the size of the sums; a channel of ``values`` has that output whatever the taps."""
        scales = [self.tensors[source].qparams.scale * scale for scale in taps.qparams.scales]
        bias = self.rng.integers(-3000, 3000, len(scales))
        for channel, value in values.items():
            real = (value - self.quant.zero_point) * self.quant.scale
            bias[channel] = round(real / scales[channel])
        quant = Quant(tuple(float(np.float32(s)) for s in scales), (0,) * len(scales))
        return self.tensor(examples.constant("bias", bias, DType.INT32, quant))

    def layer(
        self, kind: str, source: int, units: int, window: int, padding: str, values: dict[int, int]
    ) -> int:
        """A convolution whose channels in ``values`` have no weights, and so these outputs."""
        _, height, width, channels = self.shape(source)
        shape, axis = (units, window, window, channels), 0
        attrs: Conv2D | DepthwiseConv2D = Conv2D((1, 1), Padding(padding), Activation.NONE)  # type: ignore[arg-type]
        if kind == "DEPTHWISE_CONV_2D":
            shape, axis = (1, window, window, units), 3
            attrs = DepthwiseConv2D((1, 1), Padding(padding), Activation.NONE, 1)  # type: ignore[arg-type]
        weights = self.weights(shape, axis)
        data = self.tensors[weights].array().copy()
        np.moveaxis(data, axis, 0)[list(values)] = 0
        self.tensors[weights] = replace(self.tensors[weights], data=data.tobytes())
        bias = self.constant_bias(source, self.tensors[weights], values)
        size = attrs.padding.output_hw((height, width), (window, window), (1, 1))
        result = examples.variable("layer", (1, *size, units), self.quant)
        return self.op(kind, attrs, (source, weights, bias), result)


def network(*, padded: bool) -> tuple[Graph, dict[int, dict[int, int]]]:
    """convolution, depthwise, pointwise, pool, classifier; and by tensor what may be left out.

    A channel that has the zero point may go before a padded convolution, another value only where
    no window lies in the margins.
    """
    b = Network(np.random.default_rng(5))
    zero_point = b.quant.zero_point
    source = b.tensor(examples.variable("picture", (1, 7, 6, 3), Quant((0.1,), (4,))))
    first_values = {1: zero_point, 2: 25, 5: zero_point, 6: -90, 7: 11, 11: zero_point}
    first = b.layer("CONV_2D", source, 12, 3, "SAME", first_values)
    scheme = "SAME" if padded else "VALID"
    deep_values = {1: 30, 5: zero_point, 6: zero_point, 7: 40, 11: 5}
    deep = b.layer("DEPTHWISE_CONV_2D", first, 12, 3, scheme, deep_values)
    second_values = {0: 17, 3: 99, 4: zero_point, 5: 3}
    second = b.layer("CONV_2D", deep, 8, 1, "VALID", second_values)
    _, height, width, _ = b.shape(second)
    pooled = b.op(
        "AVERAGE_POOL_2D",
        AveragePool2D((height, width), (1, 1), Padding("VALID"), Activation.NONE),
        (second,),
        examples.variable("pool", (1, 1, 1, 8), b.quant),
    )
    weights = b.weights((5, 8), 0)
    result = b.op(
        "FULLY_CONNECTED",
        FullyConnected(Activation.NONE),
        (pooled, weights, b.bias(pooled, weights, 5)),
        examples.variable("scores", (1, 5), Quant((0.9,), (3,))),
    )
    left = {c: v for c, v in first_values.items() if c in deep_values}
    gone_deep = {c: deep_values[c] for c in left}
    return b.graph("constant", source, result), {
        first: left,
        deep: gone_deep,
        second: second_values,
        pooled: second_values,
    }


def expected_left_out(may_go: dict[int, int], channels: int) -> tuple[tuple[int, int], ...]:
    """The first ones stay, as many as make the rest a multiple of four."""
    back = -(channels - len(may_go)) % 4
    return tuple(sorted(may_go.items())[back:])


@pytest.mark.parametrize("padded", [False, True])
def test_what_is_left_out_changes_no_byte(padded: bool, tmp_path: Path, object_cache: Path) -> None:
    graph, may_go = network(padded=padded)
    assert check_ranges(graph, 3) > 0
    manifest = check_everywhere(graph, tmp_path, object_cache, seed=2, inputs=12, kernels="fast")
    by_tensor = {layer.tensor: layer for layer in manifest.layers}
    for tensor, values in may_go.items():
        channels = by_tensor[tensor].shape[-1]
        assert by_tensor[tensor].left_out == expected_left_out(values, channels)
        assert by_tensor[tensor].bytes < np.prod(by_tensor[tensor].shape)


def test_a_value_that_a_padded_convolution_would_miss_stays() -> None:
    """In the margins such a channel adds nothing, elsewhere it does: no bias is right for both."""
    b = Network(np.random.default_rng(6))
    source = b.tensor(examples.variable("picture", (1, 7, 6, 3), Quant((0.1,), (4,))))
    values = {0: 25, 1: b.quant.zero_point, 2: 25, 3: b.quant.zero_point, 4: b.quant.zero_point}
    first = b.layer("CONV_2D", source, 8, 1, "VALID", {**values, 5: b.quant.zero_point})
    result = b.layer("CONV_2D", first, 4, 3, "SAME", {})
    smaller = remove_constant_channels(run_passes(b.graph("padded", source, result)))
    gone = dict(smaller.tensor(first).left_out)
    assert gone == dict.fromkeys((1, 3, 4, 5), b.quant.zero_point)


def test_one_channel_always_stays() -> None:
    b = Network(np.random.default_rng(7))
    source = b.tensor(examples.variable("picture", (1, 4, 4, 3), Quant((0.1,), (4,))))
    first = b.layer("CONV_2D", source, 8, 1, "VALID", dict.fromkeys(range(8), 9))
    result = b.layer("CONV_2D", first, 4, 1, "VALID", {})
    smaller = remove_constant_channels(run_passes(b.graph("dead", source, result)))
    assert smaller.tensor(first).shape == (1, 4, 4, 4)


def test_a_graph_without_constant_channels_stays_as_it_is() -> None:
    b = Network(np.random.default_rng(8))
    source = b.tensor(examples.variable("picture", (1, 4, 4, 3), Quant((0.1,), (4,))))
    graph = run_passes(b.graph("live", source, b.layer("CONV_2D", source, 8, 1, "VALID", {})))
    assert remove_constant_channels(graph) is graph
