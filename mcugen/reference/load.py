"""The references that are installed and take the model."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

from mcugen import files
from mcugen.errors import ToolchainError, UsageError
from mcugen.ir import Graph
from mcugen.reference.base import Reference


def load_references(model_path: Path, graph: Graph) -> tuple[Reference, ...]:
    """``make_references`` for a file. Raises UsageError U001 when it cannot be read."""
    try:
        model = files.read_bytes(model_path, files.MODEL_BYTES)
    except OSError as error:
        raise UsageError(
            "U001", f"the model cannot be read: {error.strerror}", where=str(model_path)
        ) from error
    return make_references(model, graph)


def make_references(model: bytes, graph: Graph) -> tuple[Reference, ...]:
    """tflite-runtime where it can be installed (CPython up to 3.11), then TFLite Micro.

    ``graph`` is what was read from ``model``, before any pass, and is supported after the passes. A
    reference that refuses the model is left out while another accepts it. Raises ToolchainError
    T005 when none is installed, T006 when all refuse.
    """
    references, refusals = [], []
    for make in _installed(model, graph):
        try:
            references.append(make())
        except ToolchainError as error:
            refusals.append(error)
    if references:
        return tuple(references)
    if refusals:
        raise refusals[-1]
    raise ToolchainError("T005", "no reference interpreter is installed", hint=_how_to_get_one())


def _how_to_get_one(system: str = sys.platform, machine: str = platform.machine().lower()) -> str:
    if (system, machine) == ("linux", "x86_64"):
        return "pip install tflite-micro"
    return (
        "tflite-micro, which decides, has packages for Linux on x86-64 only: verify the build there"
        " (a container or, on Windows, WSL will do: `docker run --platform linux/amd64 ...`);"
        " build, flash and run work here"
    )


def _installed(model: bytes, graph: Graph) -> Iterator[Callable[[], Reference]]:
    if find_spec("tflite_runtime") is not None:
        from mcugen.reference.tflite_runtime_ref import TfliteRuntime

        yield lambda: TfliteRuntime(graph)
    if find_spec("tflite_micro") is not None:
        from mcugen.reference.tflite_micro_ref import TfliteMicro

        yield lambda: TfliteMicro(model, graph)
