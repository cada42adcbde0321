"""What fast kernels save on a Cortex-M7: stock CMSIS-NN and ``--kernels fast`` side by side.

    python -m benchmarks.kernels [MODEL.tflite ...]

Without models, the example network's. Builds each twice for the default STM32F7 board, runs it on
the virtual board on one picture, and prints instructions as counted, by kind of layer and in all,
and flash and arena. Instructions are not cycles: the virtual board does not model time.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mcugen.compiler import build
from mcugen.kernels import Choice
from mcugen.manifest import Layer, Manifest
from mcugen.verify import verify

BOARD = "stm32f7"
EXAMPLE = Path("examples/fashion/fashion_mobilenet_v1_025_128.tflite")
KINDS = {
    "CONV_2D": "convolution",
    "DEPTHWISE_CONV_2D": "depthwise",
    "FULLY_CONNECTED": "connected",
}


@dataclass(frozen=True)
class Measured:
    """A build, and the instructions of each of its layers."""

    manifest: Manifest
    instructions: tuple[int, ...]

    def by_kind(self) -> Counter[str]:
        counts: Counter[str] = Counter()
        for layer, count in zip(self.manifest.layers, self.instructions, strict=True):
            counts[kind_of(layer)] += count
        return counts


def kind_of(layer: Layer) -> str:
    """Convolutions by how far their windows reach: what makes one slow differs."""
    if layer.op == "CONV_2D" and layer.input.startswith("1x1x"):
        return "lone pixel"
    if layer.op == "CONV_2D" and layer.macs == macs_of_1x1(layer):
        return "pointwise"
    return KINDS.get(layer.op, "other")


def macs_of_1x1(layer: Layer) -> int:
    """Multiply-adds if each output pixel were made of one input pixel."""
    depth = int(layer.input.split("x")[-1])
    outputs = 1
    for size in layer.output.split("x"):
        outputs *= int(size)
    return outputs * depth


def measure(model: Path, kernels: Choice) -> Measured:
    with tempfile.TemporaryDirectory() as folder:
        built = build(model, target=BOARD, output=Path(folder), kernels=kernels).manifest
        report = verify(Path(folder), executions=("board",), count=1).as_json()
    if report["status"] != "ok":
        raise SystemExit(f"{model}: not exact with {kernels} kernels")
    return Measured(built, tuple(layer["instructions"] for layer in report["layer_details"]))


def rows(stock: Measured, fast: Measured) -> Iterator[tuple[str, int, int]]:
    before, after = stock.by_kind(), fast.by_kind()
    for kind in before | after:
        yield kind, before[kind], after[kind]
    yield "instructions", before.total(), after.total()
    yield "flash, bytes", stock.manifest.flash_bytes, fast.manifest.flash_bytes
    yield "arena, bytes", stock.manifest.arena_bytes, fast.manifest.arena_bytes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", type=Path, default=[EXAMPLE])
    for model in parser.parse_args().models:
        print(f"{model.name}\n{'':<16}{'CMSIS-NN':>14}{'fast':>14}")
        for name, before, after in rows(measure(model, "cmsis-nn"), measure(model, "fast")):
            share = f"{after / before:.0%}" if before else ""
            print(f"{name:<16}{before:>14,}{after:>14,}{share:>8}")
        print()


if __name__ == "__main__":
    main()
