"""What makes a graph inconsistent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcugen.errors import ModelError
from mcugen.ir import Graph
from tests.networks import small_mobilenet


def rewired(graph: Graph, index: int, output: int) -> Graph:
    """The graph with operator ``index`` writing another tensor."""
    ops = list(graph.ops)
    ops[index] = replace(ops[index], outputs=(output,))
    return graph.with_ops(tuple(ops))


@pytest.mark.parametrize("what", ["another operator's", "a constant", "the input"])
def test_a_tensor_has_one_value(what: str) -> None:
    graph = small_mobilenet()
    output = {
        "another operator's": graph.ops[2].outputs[0],
        "a constant": graph.ops[0].inputs[1],
        "the input": graph.inputs[0],
    }[what]
    with pytest.raises(ModelError) as caught:
        rewired(graph, 3, output)
    assert caught.value.code == "M004"
    assert f"writes tensor {output}, which already has a value" in caught.value.what


def test_what_is_read_must_have_been_written() -> None:
    graph = small_mobilenet()
    with pytest.raises(ModelError, match=r"operator 2 CONV_2D reads tensor 6 before anything"):
        graph.with_ops((graph.ops[0], *graph.ops[2:0:-1]))
