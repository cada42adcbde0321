"""What separable convolutions save on a Cortex-M7: MobileNetV1 0.25 at 128 px, with and without.

    python -m benchmarks.separable_vs_standard

The second network has a standard 3x3 convolution of the same shape in place of each separable pair,
the paper's "Conv MobileNet" (Table 4). Both are compiled for nucleo-f767zi, run once on the virtual
board on a random picture, and set side by side, as a whole and block by block. Instructions are
not cycles: the virtual board does not model time. Prints, and judges nothing.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mcugen.anatomy import inspect
from mcugen.compiler import build
from mcugen.tflite import write_model
from mcugen.verify import verify
from tests.paper_networks import BODY, mobilenet_v1

WIDTH, RESOLUTION, CLASSES = "0.25", 128, 10
BOARD = "nucleo-f767zi"
WHY_BOARD = "of 2 MB flash: the standard network's weights alone are more than 1 MB"


@dataclass(frozen=True)
class Measured:
    """The answers of ``inspect``, ``build`` and ``verify``."""

    anatomy: dict[str, Any]
    built: dict[str, Any]
    report: dict[str, Any]

    def figures(self) -> dict[str, int]:
        return {
            "multiply-adds": self.anatomy["macs"],
            "parameters": self.anatomy["weights"] + self.anatomy["biases"],
            "flash, bytes": self.built["flash_bytes"],
            "RAM, bytes": self.built["ram_bytes"],
            "  arena": self.built["arena_bytes"],
            "instructions": self.report["instructions"],
        }

    def blocks(self, layers_each: int) -> list[tuple[int, int]]:
        """(multiply-adds, instructions) of the layers between the first one and the classifier."""
        layers = self.report["layer_details"][1 : 1 + layers_each * len(BODY)]
        blocks = [layers[at : at + layers_each] for at in range(0, len(layers), layers_each)]
        return [
            (sum(layer["macs"] for layer in block), sum(layer["instructions"] for layer in block))
            for block in blocks
        ]


def measure(folder: Path, picture: Path, *, separable: bool) -> Measured:
    graph = mobilenet_v1(WIDTH, RESOLUTION, CLASSES, separable=separable)
    model, output = folder / f"{graph.name}.tflite", folder / graph.name
    model.write_bytes(write_model(graph))
    built = build(model, target=BOARD, output=output).as_json()
    report = verify(output, executions=("board",), inputs=(picture,)).as_json()
    return Measured(inspect(output).as_json(), built, report)


def show_totals(separable: Measured, standard: Measured) -> None:
    print(f"{'':<16}{'separable':>14}{'standard':>14}{'times':>8}")
    others = standard.figures()
    for what, value in separable.figures().items():
        print(f"{what:<16}{value:>14,}{others[what]:>14,}{others[what] / value:>8.2f}")
    each = [one.report["instructions"] / one.anatomy["macs"] for one in (separable, standard)]
    print(f"{'  a MAC':<16}{each[0]:>14.2f}{each[1]:>14.2f}{each[1] / each[0]:>8.2f}")
    exact = [one.report["status"] for one in (separable, standard)]
    print(f"{'exact':<16}{exact[0]:>14}{exact[1]:>14}")


def show_blocks(separable: Measured, standard: Measured) -> None:
    print(f"{'':<16}{'multiply-adds':^36}{'instructions':^36}".rstrip())
    heads = f"{'separable':>14}{'standard':>14}{'times':>8}"
    print(f"{'block':<16}{heads}{heads}")
    pairs = separable.anatomy["pairs"]
    for pair, few, many in zip(pairs, separable.blocks(2), standard.blocks(1), strict=True):
        counts = "".join(f"{a:>14,}{b:>14,}{b / a:>8.2f}" for a, b in zip(few, many, strict=True))
        print(f"{pair['channels']:>3} -> {pair['units']:<9}{counts}")


def main() -> None:
    with tempfile.TemporaryDirectory() as work:
        picture = Path(work) / "random.npy"
        shape = 1, RESOLUTION, RESOLUTION, 3
        np.save(picture, np.random.default_rng(0).integers(-128, 128, shape, np.int8))
        separable = measure(Path(work), picture, separable=True)
        standard = measure(Path(work), picture, separable=False)
    print(f"MobileNetV1 {WIDTH} at {RESOLUTION} px, {CLASSES} classes, random weights,")
    print(f"on {BOARD}, a Cortex-M7 {WHY_BOARD}")
    print()
    show_totals(separable, standard)
    print()
    show_blocks(separable, standard)


if __name__ == "__main__":
    main()
