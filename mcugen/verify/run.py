"""``verify``: inputs through the reference and every execution asked for, then compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from mcugen.errors import UsageError
from mcugen.inputs import Input, default_inputs, load_input, model_input
from mcugen.ir import Graph
from mcugen.labels import class_names
from mcugen.manifest import Manifest, read_model_manifest
from mcugen.protocol.messages import Hello
from mcugen.reference import load_references
from mcugen.tflite import read_model
from mcugen.verify.answers import top_classes
from mcugen.verify.compare import compare, first_difference
from mcugen.verify.device import PortOpener, greet
from mcugen.verify.executions import (
    Event,
    Execution,
    ReferenceRun,
    run_board,
    run_host,
    run_own,
    run_port,
    run_qemu,
    run_reference,
    silent,
)
from mcugen.verify.own import OwnElf, look_into
from mcugen.verify.report import VerifyReport
from mcugen.verify.timing import Timing, time_of


def verify(
    folder: Path,
    *,
    model: str | None = None,
    executions: tuple[str, ...],
    open_port: PortOpener | None = None,
    elf: Path | None = None,
    inputs: tuple[Path, ...] = (),
    seed: int = 0,
    count: int = 8,
    labels: Path | None = None,
    dump_layer: int | None = None,
    on_event: Event = silent,
) -> VerifyReport:
    """Holds the build in ``folder`` against the reference; of several models that called ``model``.

    ``executions`` are of "host", "board" and "qemu"; with ``open_port`` the board at that port
    runs the inputs too, and with ``elf`` the library in that program of somebody's own. ``inputs``
    are files, or else ``count`` default inputs made from ``seed``. ``on_event`` is told what goes
    on. The report says yes or no; McugenError is raised for what keeps the question from being
    answered.
    """
    manifest = read_model_manifest(folder, model)
    graph = read_model(folder / manifest.model_file)
    output = graph.tensor(graph.outputs[0])
    names = class_names(labels, output.elements, manifest)
    data = _inputs(graph, inputs, seed, count)
    if dump_layer is not None and dump_layer >= len(manifest.layers):
        raise UsageError("U006", f"there is no layer {dump_layer}: {len(manifest.layers)} layers")
    own = None if elf is None else look_into(folder, manifest, elf)
    with ExitStack() as stack:
        device = None
        if open_port:
            port = stack.enter_context(open_port())
            on_event("asking the board who it is")
            device = greet(port, folder, manifest)
        on_event("reference kernels")
        references = load_references(folder / manifest.model_file, graph)
        expected = run_reference(references, graph, manifest, data, on_event)
        done = (
            expected.execution,
            *(_execute(name, folder, manifest, data, on_event) for name in executions),
            *((run_own(folder, manifest, elf, data, on_event),) if elf else ()),
            *((run_port(device, data, on_event),) if device else ()),
        )
        timing = Timing()
        if "board" in executions:
            on_event("estimating the time")
            timing = time_of(folder, manifest, data[0].data)
    return _report(
        manifest,
        data,
        done,
        references=tuple(reference.name for reference in references),
        reference=expected,
        hello=device.hello if device else None,
        own=own,
        timing=timing,
        answers=tuple(
            top_classes(trace.output, output, names) for trace in expected.execution.traces
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
        "qemu": lambda: run_qemu(folder, manifest, inputs, on_event),
    }[name]
    return run()


def _report(
    manifest: Manifest,
    inputs: tuple[Input, ...],
    executions: Sequence[Execution],
    *,
    references: tuple[str, ...],
    reference: ReferenceRun,
    hello: Hello | None,
    own: OwnElf | None,
    timing: Timing,
    answers: tuple[tuple[dict[str, object], ...], ...],
    dump: tuple[str, ...],
) -> VerifyReport:
    pairs = list(combinations(executions, 2))
    differences = [first_difference(a, b, manifest) for a, b in pairs]
    traces = [trace for one in executions for trace in one.traces]
    instructions = _most([trace.instructions for trace in traces])
    cycles = _most([trace.cycles for trace in traces])
    observed = [one for one in executions if one.stray_writes is not None]
    return VerifyReport(
        manifest=manifest,
        inputs=inputs,
        references=references,
        reference_disagreements=reference.disagreements,
        reference_undefined=reference.undefined,
        pairs=tuple(compare(a, b, manifest) for a, b in pairs),
        difference=min(
            (found for found in differences if found is not None),
            key=lambda found: found.layer,
            default=None,
        ),
        instructions=instructions.layers,
        instructions_total=instructions.total,
        cycles=cycles.layers,
        cycles_total=cycles.total,
        clock_hz=None if hello is None else hello.clock_hz,
        port_counts=None if hello is None else hello.counts,
        port_board=None if hello is None else hello.board,
        own=own,
        timing=timing,
        stack_bytes=max((one.stack_bytes or 0 for one in observed), default=None),
        stray_writes=(
            tuple(stray for one in observed for stray in one.stray_writes or ())
            if observed
            else None
        ),
        answers=answers,
        dump=dump,
    )


@dataclass(frozen=True)
class _Most:
    """The most that any input cost, in each layer and in all of them; () and None: not counted."""

    layers: tuple[int, ...]
    total: int | None


def _most(counts: Sequence[tuple[int, ...]]) -> _Most:
    counted = [count for count in counts if count]
    return _Most(
        tuple(max(layer) for layer in zip(*counted, strict=True)),
        max((sum(count) for count in counted), default=None),
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
    written = []
    try:
        target.mkdir(exist_ok=True)
        for execution in executions:
            for number, trace in enumerate(execution.traces):
                shown = trace.shown(index)
                if shown is not None:
                    values = np.frombuffer(shown, np.dtype(layer.dtype)).reshape(layer.shape)
                    path = target / f"layer{index}_{layer.name}_input{number}_{execution.name}.npy"
                    np.save(path, values)
                    written.append(str(path))
    except OSError as error:
        raise UsageError(
            "U005", f"`{target}` cannot be written: {error.strerror}", where=str(folder)
        ) from error
    return tuple(written)
