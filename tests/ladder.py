"""One model through every execution: reference, host, and the virtual boards of two cores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from mcugen.boards.core import FPUS
from mcugen.boards.plain import CoreOptions
from mcugen.compiler import build
from mcugen.inputs import Input, default_inputs, model_input
from mcugen.ir import Graph
from mcugen.kernels import Choice, Target
from mcugen.kernels.call import Call
from mcugen.manifest import Manifest
from mcugen.reference import make_references
from mcugen.tflite import parse_model, write_model
from mcugen.verify.executions import boot, run_host, run_reference
from mcugen.verify.left_out import whole
from mcugen.verify.own import load_own

BOARDS = ("nucleo-f746zg", "nucleo-f446re")
"""A Cortex-M7 and a Cortex-M4."""


@contextmanager
def choosing(choose: Callable[[tuple[Call, ...]], Call | None]) -> Iterator[None]:
    """Every build takes the candidate that ``choose`` names."""
    with mock.patch.object(Target, "choose", lambda _, calls: choose(calls)):
        yield


def check_candidates(
    graph: Graph,
    folder: Path,
    cache: Path,
    *,
    seed: int,
    inputs: int,
    more_inputs: Sequence[bytes] = (),
    boards: Sequence[str] = BOARDS,
) -> list[str]:
    """``check_everywhere`` with each call that runs the operator; the functions that were called.

    A graph of several operators is run as often as one of them has candidates.
    """
    functions: list[str] = []
    rounds = 1
    while len(functions) < rounds:

        def this(calls: tuple[Call, ...]) -> Call:
            nonlocal rounds
            rounds = max(rounds, len(calls))
            return calls[min(len(functions), len(calls) - 1)]

        with choosing(this):
            manifest = check_everywhere(
                graph,
                folder,
                cache,
                seed=seed,
                inputs=inputs,
                more_inputs=more_inputs,
                boards=boards,
            )
        functions.append(manifest.layers[-1].kernel)
    return functions


def check_everywhere(
    graph: Graph,
    folder: Path,
    cache: Path,
    *,
    seed: int,
    inputs: int,
    boards: Sequence[str] = BOARDS,
    kernels: Choice = "cmsis-nn",
    more_inputs: Sequence[bytes] = (),
) -> Manifest:
    """Every byte of every layer equal, no store outside a layer's own; the last board's manifest.

    The host runs the library as it was made for the first board.
    """
    model = write_model(graph)
    read = parse_model(model, graph.name)
    path = folder / "model.tflite"
    path.write_bytes(model)
    data = [
        *default_inputs(model_input(read), seed, inputs),
        *(Input(f"more {number}", one, "") for number, one in enumerate(more_inputs)),
    ]
    for number, board in enumerate(boards):
        output = folder / board
        manifest = build(
            path,
            target=board,
            core=CoreOptions("1M", "2M") if board in FPUS else CoreOptions(),
            output=output,
            object_cache=cache,
            kernels=kernels,
        ).manifest
        expected = run_reference(make_references(model, read), read, manifest, data)
        assert not expected.disagreements
        answers = [trace.outputs for trace in expected.execution.traces]
        if number == 0:
            host = run_host(output, manifest, data, cache)
            assert [trace.outputs for trace in host.traces] == answers, "host"
        virtual = (
            boot(output, manifest)
            if manifest.has_firmware
            else load_own(output, manifest, output / manifest.elf)
        )
        runs = [virtual.run(one.data) for one in data]
        found = [tuple(map(whole, manifest.layers, run.outputs)) for run in runs]
        assert found == answers, board
        assert [str(stray) for run in runs for stray in run.stray_writes] == [], board
        assert all(run.stack_bytes < run.stack_reserved for run in runs), board
    return manifest
