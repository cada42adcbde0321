"""How well the estimates of ``mcugen/kernels/*/cost.py`` meet what the virtual Cortex-M7 counts.

    python -m benchmarks.costs [--layers 40] [--fit] [FUNCTION ...]

Builds random layers of the sizes that networks have for each C function and prints how far the
estimates are off. With ``--fit``, prints tables for ``instructions.py`` too, fitted to what was
counted: least squares of relative errors over what each part of a kernel takes, none below zero.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcugen.boards import load_board
from mcugen.compiler import build
from mcugen.inputs import default_inputs, model_input
from mcugen.ir import Graph
from mcugen.kernels import Target, backends, cmsis_nn, portable, rows
from mcugen.kernels.call import Call
from mcugen.kernels.cost import Formula, Terms
from mcugen.tflite import parse_model, write_model
from mcugen.verify.executions import boot
from tests.ladder import choosing
from tests.layers import MAKERS

BOARD = "stm32f7"
FORMULAS: Mapping[str, Formula] = {
    **cmsis_nn.COSTS,
    **portable.COSTS,
    **rows.COSTS,
}
_CALL = 300
"""Instructions: what a small layer's error is held against at least."""


@dataclass(frozen=True)
class Measured:
    """A layer, the parts of its kernel, and instructions as estimated and as counted."""

    layer: str
    terms: Terms
    estimated: int
    counted: int

    @property
    def error(self) -> float:
        return self.estimated / self.counted - 1


def measure(function: str, count: int, cache: Path) -> Iterator[Measured]:
    """``count`` layers of each kind that the function may run."""
    for make in MAKERS[function]:
        found = 0
        for seed in range(100 * count):
            graph = make(np.random.default_rng([seed, 7, *function.encode()]))
            calls = _calls(function, graph)
            if calls and found < count:
                found += 1
                yield _measured(graph, calls[seed % len(calls)], cache)


def _calls(function: str, graph: Graph) -> list[Call]:
    target = Target(load_board(BOARD).chip.cpu, backends())
    return [call for call in target.candidates(graph, graph.ops[0]) if call.function == function]


def _measured(graph: Graph, call: Call, cache: Path) -> Measured:
    def same(calls: tuple[Call, ...]) -> Call:
        return next(
            one for one in calls if (one.function, one.params) == (call.function, call.params)
        )

    with tempfile.TemporaryDirectory() as folder, choosing(same):
        model = Path(folder) / "model.tflite"
        model.write_bytes(write_model(graph))
        output = Path(folder) / "build"
        built = build(model, target=BOARD, output=output, object_cache=cache).manifest
        read = parse_model(model.read_bytes(), graph.name)
        data = default_inputs(model_input(read), 0, 3)[-1].data
        counted = boot(output, built).run(data).instructions[0]
    terms = FORMULAS[call.function].terms(call.params)
    return Measured(f"{call.params}", terms, call.cost, counted)


def fit(measured: list[Measured]) -> dict[str, float]:
    """Instructions for each term, none below zero: terms that would be are left out in turn."""
    names = list(dict.fromkeys(name for one in measured for name in one.terms))
    counts = np.array([[one.terms.get(name, 0) for name in names] for one in measured], float)
    counted = np.array([one.counted for one in measured], float)
    weight = 1 / (counted + _CALL)
    kept = np.arange(len(names))
    while True:
        found: NDArray[np.float64] = np.linalg.lstsq(
            counts[:, kept] * weight[:, None], counted * weight, rcond=None
        )[0]
        if (found >= 0).all():
            break
        kept = np.delete(kept, found.argmin())
    values = dict(zip((names[index] for index in kept), found, strict=True))
    return {name: float(f"{values.get(name, 0.0):.3g}") for name in names}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("functions", nargs="*", default=sorted(MAKERS))
    parser.add_argument("--layers", type=int, default=40)
    parser.add_argument("--fit", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as cache:
        for function in options.functions:
            measured = list(measure(function, options.layers, Path(cache)))
            errors = np.array([abs(one.error) for one in measured])
            worst = max(measured, key=lambda one: abs(one.error))
            print(
                f"{function}: {len(measured)} layers, typically {np.sqrt((errors**2).mean()):.1%} "
                f"off, {(errors > 0.05).sum()} more than 5 %, at most {worst.error:+.1%} "
                f"({worst.counted:,} instructions: {worst.layer})",
                flush=True,
            )
            if options.fit:
                print(f'    "{function}": {json.dumps(fit(measured), indent=8)},')


if __name__ == "__main__":
    main()
