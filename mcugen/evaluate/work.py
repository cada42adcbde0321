"""The unit of work: some pictures through the generated C and the references, all layers compared.

Everything that it needs travels with it, so that a process of this machine and a Dask worker on
another one run the same function and give the same outcome.
"""

from __future__ import annotations

import tempfile
import threading
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mcugen.errors import ToolchainError
from mcugen.inputs import Input
from mcugen.ir import Graph
from mcugen.manifest import Manifest
from mcugen.reference import Reference, make_references
from mcugen.sim.host import HostBuild, build_host
from mcugen.temporary import writing_temporary_files
from mcugen.tflite.read import parse_model
from mcugen.verify.compare import Difference, compare, first_difference
from mcugen.verify.executions import Execution, run_reference, trace_of

CHUNK_PICTURES = 20
"""Under a second of work: what an interruption loses, and how often progress is seen."""


@dataclass(frozen=True)
class Task:
    """What all chunks share. ``key`` is a digest of what an outcome depends on, the compiler that
    makes the host build left out.

    ``library`` holds the generated sources by their paths in the build, ``references`` the names
    of the references that the outcomes are to come from.
    """

    key: str
    library: tuple[tuple[str, bytes], ...]
    model: bytes
    manifest: Manifest
    references: tuple[str, ...]


@dataclass(frozen=True)
class Chunk:
    """Pictures ``first``, ``first`` + 1, ... of the data set, as the model takes them."""

    first: int
    inputs: tuple[Input, ...]


@dataclass(frozen=True)
class Outcome:
    """What became of a chunk.

    ``classes`` are those of the generated C, ``reference_classes`` the reference's. ``mismatches``
    counts the values of all layers in which the two differ, ``difference`` is the first of them,
    with the picture's number in the data set; ``disagreements`` counts the bytes in which the
    references differ from each other, ``undefined`` the pictures for which mcugen's definition
    stands in for them.
    """

    first: int
    classes: tuple[int, ...]
    reference_classes: tuple[int, ...]
    mismatches: int
    disagreements: int
    difference: Difference | None
    undefined: int = 0


def evaluate_chunk(task: Task, chunk: Chunk) -> Outcome:
    """Runs in a worker. Raises ToolchainError and DeviceError as ``verify`` does."""
    with _ONE_AT_A_TIME:
        tools = _tools(task)
        answered = run_reference(tools.references, tools.graph, task.manifest, chunk.inputs)
        traces = tools.host.trace([one.data for one in chunk.inputs])
    expected = answered.execution
    found = Execution("host", tuple(trace_of(trace, task.manifest.layers) for trace in traces))
    difference = first_difference(expected, found, task.manifest)
    return Outcome(
        first=chunk.first,
        classes=_classes(found, task.manifest),
        reference_classes=_classes(expected, task.manifest),
        mismatches=compare(expected, found, task.manifest).mismatches,
        disagreements=answered.disagreements,
        undefined=answered.undefined,
        difference=difference and replace(difference, input=chunk.first + difference.input),
    )


def _classes(execution: Execution, manifest: Manifest) -> tuple[int, ...]:
    """The place of the highest output, the first one where several are equal."""
    dtype = np.dtype(manifest.output.dtype).newbyteorder("<")
    return tuple(int(np.argmax(np.frombuffer(t.output, dtype))) for t in execution.traces)


@dataclass(frozen=True)
class _Tools:
    """What a process makes once for a task; ``folder`` lives as long as they do."""

    key: str
    folder: tempfile.TemporaryDirectory[str]
    host: HostBuild
    graph: Graph
    references: tuple[Reference, ...]


_ONE_AT_A_TIME = threading.Lock()
"""A Dask worker may have several threads, and interpreters are for one."""

_made: list[_Tools] = []
"""The tools of the task that this process worked on last."""


def _tools(task: Task) -> _Tools:
    while _made and _made[0].key != task.key:
        _made.pop().folder.cleanup()
    if not _made:
        _made.append(_make_tools(task))
    return _made[0]


def _make_tools(task: Task) -> _Tools:
    graph = parse_model(task.model, task.manifest.model)
    references = make_references(task.model, graph)
    names = tuple(reference.name for reference in references)
    if names != task.references:
        raise ToolchainError(
            "T008",
            "a worker has other references than this machine",
            details=(f"here: {', '.join(task.references)}", f"there: {', '.join(names)}"),
            hint="install the same releases on both",
        )
    sizes = [layer.bytes for layer in task.manifest.layers]
    with writing_temporary_files():
        folder = tempfile.TemporaryDirectory(prefix="mcugen-eval-", ignore_cleanup_errors=True)
        root = Path(folder.name)
        for name, data in task.library:
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        names = task.manifest.models
        host = build_host(root / task.manifest.name, root, sizes, names=names)
    return _Tools(task.key, folder, host, graph, references)
