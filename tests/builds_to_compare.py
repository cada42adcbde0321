"""An old and a new build, as a comparison sees them."""

from __future__ import annotations

from dataclasses import replace

from mcugen.compare import Recorded
from mcugen.manifest import Layer
from tests.manifests import layer, manifest_of


def made(name: str, op: str, cost: int, weights: int, alive: int, kernel: str = "conv") -> Layer:
    return replace(
        layer(name, "int8", (1, 10), 10, macs=100),
        **{"op": op, "cost": cost, "weights_bytes": weights, "live_bytes": alive, "kernel": kernel},
    )


CONV, FAST = made("conv_1", "CONV_2D", 9000, 400, 6000), "rows_convolve"
DENSE, SOFTMAX = made("dense", "FULLY_CONNECTED", 800, 5000, 900), made("out", "SOFTMAX", 70, 0, 20)

OLD = Recorded(
    replace(
        manifest_of((CONV, made("pool", "MAX_POOL_2D", 300, 0, 1200), DENSE, SOFTMAX)),
        **{
            "model": "keyword_net",
            "board": "nucleo-f746zg",
            "model_sha256": "aa",
            "mcugen": "0.1.0",
            "toolchain": "gcc 12",
            "ram_bytes": 12000,
            "arena_bytes": 8000,
            "flash_bytes": 30000,
            "weights_bytes": 5400,
            "code_bytes": 24600,
            "macs": 400,
            "cost": 10170,
        },
    ),
    instructions=(9100, 310, 810, 75),
    total_instructions=10_295,
    stack_bytes=480,
    accuracy=0.91,
    pictures=100,
    dataset="dd",
)
"""Verified and evaluated."""

NEW = Recorded(
    replace(
        OLD.manifest,
        layers=(
            replace(CONV, cost=3000, kernel=FAST, weights_bytes=420),
            replace(DENSE, name="dense_a"),
            made("extra", "ADD", 55, 0, 900),
            SOFTMAX,
        ),
        **{"model_sha256": "bb", "ram_bytes": 10000, "arena_bytes": 6000, "flash_bytes": 30500},
        **{"weights_bytes": 5420, "code_bytes": 25080, "cost": 3925},
    ),
    instructions=(3050, 810, 60, 75),
    total_instructions=3_995,
    stack_bytes=480,
    accuracy=0.925,
    pictures=200,
    dataset="dd",
)
"""With a fast kernel, another name, a layer less and one more."""
