"""``verify``: inputs through the reference and every execution asked for, then compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np

from mcugen.errors import UsageError
from mcugen.inputs import Input, default_inputs, load_input, model_input
from mcugen.ir import Graph
from mcugen.manifest import MODEL_FILE, Manifest, read_manifest
from mcugen.reference import load_references
from mcugen.tflite import read_model
from mcugen.verify.answers import read_labels, top_classes
from mcugen.verify.compare import compare, first_difference
from mcugen.verify.executions import (
    Event,
    Execution,
    run_board,
    run_host,
    run_qemu,
    run_reference,
)
from mcugen.verify.report import VerifyReport


def verify(
    folder: Path,
    *,
    executions: tuple[str, ...],
    inputs: tuple[Path, ...] = (),
    seed: int = 0,
    count: int = 8,
    labels: Path | None = None,
    dump_layer: int | None = None,
    on_event: Event = lambda event: None,
) -> VerifyReport:
    """Holds the build in ``folder`` against the reference.

    ``executions`` are of "host", "board" and "qemu"; ``inputs`` are files, or else ``count``
    default inputs made from ``seed``. The report says yes or no; McugenError is raised for what
    keeps the question from being answered.
    """
    manifest = read_manifest(folder)
    graph = read_model(folder / MODEL_FILE)
    names = read_labels(labels, graph.tensor(graph.outputs[0]).elements) if labels else ()
    data = _inputs(graph, inputs, seed, count)
    if dump_layer is not None and dump_layer >= len(manifest.layers):
        raise UsageError("U006", f"there is no layer {dump_layer}: {len(manifest.layers)} layers")
    on_event("reference kernels")
    references = load_references(folder / MODEL_FILE, graph)
    expected, disagreements = run_reference(references, manifest, data)
    done = (expected, *(_execute(name, folder, manifest, data, on_event) for name in executions))
    return _report(
        manifest,
        data,
        done,
        references=tuple(reference.name for reference in references),
        reference_disagreements=disagreements,
        answers=tuple(
            top_classes(trace.outputs[-1], graph.tensor(graph.outputs[0]), names)
            for trace in expected.traces
        ),
        dump=() if dump_layer is None else _dump(folder, manifest, dump_layer, data, done),
    )


def _inputs(graph: Graph, paths: tuple[Path, ...], seed: int, count: int) -> tuple[Input, ...]:
    tensor = model_input(graph)
    if paths:
        return tuple(load_input(path, tensor) for path in paths)
    return default_inputs(tensor, seed, count)


def _execute(
    name: str, folder: Path, manifest: Manifest, inputs: Sequence[Input], on_event: Event
) -> Execution:
    on_event({"host": "host build", "board": "virtual board", "qemu": "QEMU"}[name])
    run: Callable[[], Execution] = {
        "host": lambda: run_host(folder, manifest, inputs),
        "board": lambda: run_board(folder, manifest, inputs, on_event),
        "qemu": lambda: run_qemu(folder, inputs),
    }[name]
    return run()


def _report(
    manifest: Manifest,
    inputs: tuple[Input, ...],
    executions: Sequence[Execution],
    *,
    references: tuple[str, ...],
    reference_disagreements: int,
    answers: tuple[tuple[dict[str, object], ...], ...],
    dump: tuple[str, ...],
) -> VerifyReport:
    pairs = list(combinations(executions, 2))
    differences = [first_difference(a, b, manifest) for a, b in pairs]
    counted = [
        trace.instructions for one in executions for trace in one.traces if trace.instructions
    ]
    observed = [one for one in executions if one.stray_writes is not None]
    return VerifyReport(
        manifest=manifest,
        inputs=inputs,
        references=references,
        reference_disagreements=reference_disagreements,
        pairs=tuple(compare(a, b, manifest) for a, b in pairs),
        difference=min(
            (found for found in differences if found is not None),
            key=lambda found: found.layer,
            default=None,
        ),
        instructions=tuple(max(layer) for layer in zip(*counted, strict=True)),
        instructions_total=max((sum(trace) for trace in counted), default=None),
        stack_bytes=max((one.stack_bytes or 0 for one in observed), default=None),
        stray_writes=(
            tuple(stray for one in observed for stray in one.stray_writes or ())
            if observed
            else None
        ),
        answers=answers,
        dump=dump,
    )


def _dump(
    folder: Path,
    manifest: Manifest,
    index: int,
    inputs: Sequence[Input],
    executions: Sequence[Execution],
) -> tuple[str, ...]:
    """Writes what each execution computed at a layer as ``.npy``, below ``dump/`` of the build."""
    layer = manifest.layers[index]
    target = folder / "dump"
    target.mkdir(exist_ok=True)
    written = []
    for execution in executions:
        for number, trace in enumerate(execution.traces):
            if not trace.outputs:
                continue
            values = np.frombuffer(trace.outputs[index], np.dtype(layer.dtype))
            path = target / f"layer{index}_{layer.name}_input{number}_{execution.name}.npy"
            np.save(path, values.reshape(layer.shape))
            written.append(str(path))
    return tuple(written)
