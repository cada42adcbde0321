"""The generated C, as it was reviewed. ``pytest --update-golden`` rewrites it; review the diff."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from mcugen.emit import emit_model
from mcugen.ir import Graph
from mcugen.ops.registry import OPERATORS
from tests.conftest import program_of
from tests.networks import small_mobilenet
from tests.row_networks import expanding_network

GOLDEN = Path(__file__).parent
FILES = ("model.c", "model.h", "model_weights.h", "model_weights.c", "CMakeLists.txt")
# What the small network does not have.
SINGLE = ("DEQUANTIZE", "MAX_POOL_2D", "MEAN", "PAD", "QUANTIZE")


BUILD = re.compile(r"\b(model_run|model_step|mcugen_cmsis_nn|mcugen_kernels)_[0-9a-f]{12}\b")
"""Changes with every kernel that is copied."""


WHOLE = ("small_mobilenet", "expanding_by_rows")


def graph_named(name: str) -> Graph:
    if name == "small_mobilenet":
        return small_mobilenet()
    if name == "expanding_by_rows":
        return expanding_network()
    return OPERATORS[name].example(np.random.default_rng(1))


@pytest.mark.parametrize("name", [*WHOLE, *SINGLE])
def test_generated_c(name: str, request: pytest.FixtureRequest) -> None:
    program = program_of(graph_named(name), arena="least" if name.endswith("by_rows") else None)
    tree = dict(emit_model(program))
    for file in ("model.h", "model.c"):
        tree[file], found = BUILD.subn(r"\1_BUILD", tree[file])
        assert found
    folder = GOLDEN / name.lower()
    wanted = [file for file in FILES if file in tree] if name == "small_mobilenet" else ["model.c"]
    if request.config.getoption("--update-golden"):
        folder.mkdir(exist_ok=True)
        for file in wanted:
            (folder / file).write_text(tree[file], encoding="utf-8")
    for file in wanted:
        assert tree[file] == (folder / file).read_text(encoding="utf-8"), file
