"""Networks that fit their boards by rows only, and networks with a way around their blocks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mcugen.compiler import build
from mcugen.ir import Graph
from mcugen.memory.rows.plan import Arena
from mcugen.tflite import write_model
from mcugen.verify import verify
from tests.paper_networks import mobilenet_v1
from tests.residual_networks import mobilenet_v2, resnet_8
from tests.sim.test_models import check_equal

Network = Callable[[], Graph]


@pytest.mark.parametrize(
    ("network", "board", "asked", "stream_input", "arena"),
    [
        # Layer by layer 301,056, 307,200, 138,240 and 49,728 bytes.
        (lambda: mobilenet_v1("0.25", 224, 100), "nucleo-f446re", None, True, 131_072),
        (lambda: mobilenet_v1("0.5", 160), "nucleo-f767zi", "least", False, 85_868),
        (mobilenet_v2, "stm32f7", "least", False, 27_848),
        (mobilenet_v2, "stm32f7", "least", True, 24_960),
        (resnet_8, "stm32f7", "least", False, 26_272),
    ],
    ids=["0.25-224-streamed", "0.5-160", "mobilenet_v2", "mobilenet_v2-streamed", "resnet_8"],
)
def test_exact_within_its_arena(
    network: Network,
    board: str,
    asked: Arena | None,
    stream_input: bool,
    arena: int,
    tmp_path: Path,
    object_cache: Path,
) -> None:
    model = tmp_path / "network.tflite"
    model.write_bytes(write_model(network()))
    result = build(
        model,
        target=board,
        output=tmp_path / "build",
        arena=asked,
        stream_input=stream_input,
        object_cache=object_cache,
    )
    assert result.manifest.arena_bytes <= arena
    said = [note for note in result.notes if "layer by layer" in note]
    assert bool(said) == (asked is None)
    check_equal(verify(result.folder, executions=("host", "board"), count=1).as_json())
