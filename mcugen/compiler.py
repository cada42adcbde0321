"""The pipeline: a ``.tflite`` file in, a verified-to-be firmware image out.

bytes -> Graph -> Schedule -> Plan -> SourceTree -> Image
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from mcugen import fit, manifest
from mcugen.boards import Board, load_board
from mcugen.cmsis_nn import find, select
from mcugen.emit import emit_model
from mcugen.firmware import (
    build_firmware,
    build_loader,
    firmware_tree,
    loader_tree,
    write_full_image,
)
from mcugen.ir import Graph
from mcugen.kernels import Release, Target
from mcugen.manifest import MODEL_FILE, Manifest
from mcugen.memory.plan import plan
from mcugen.passes import refuse_unsupported, run_passes
from mcugen.program import Program, Source
from mcugen.record import record
from mcugen.schedule import schedule
from mcugen.staging import staged, write_tree
from mcugen.tflite import read_model

Event = Callable[[str], None]


def silent(event: str) -> None:
    """Takes progress and says nothing."""


@dataclass(frozen=True)
class BuildResult:
    """A finished build folder and its manifest."""

    folder: Path
    manifest: Manifest

    def as_json(self) -> dict[str, object]:
        fields = self.manifest.as_json()
        return {**fields, "command": "build", "status": "ok", "output": str(self.folder)}


def build(
    model: Path,
    *,
    target: str,
    output: Path,
    cmsis_nn: Path | None = None,
    loader_no_read: bool = False,
    on_event: Event = silent,
    object_cache: Path | None = None,
) -> BuildResult:
    """Compiles ``model`` for the board or target ``target`` into the folder ``output``.

    ``loader_no_read``: the resident loader gives out nothing of the application (docs/loader.md).
    Raises McugenError; then ``output`` is as it was before.
    """
    board = load_board(target)
    kernels = find(cmsis_nn)
    on_event("reading the model")
    graph = read_model(model)
    program = compile_graph(graph, _source(model), board, kernels.release)
    fit.check(program, board)
    loader_sources = loader_tree(board, no_read=loader_no_read)
    library = emit_model(program, select(kernels, _entries(program)))
    with staged(output) as folder:
        write_tree(folder, {f"model/{path}": text for path, text in library.items()})
        write_tree(folder, {**firmware_tree(board), **loader_sources})
        shutil.copyfile(model, folder / MODEL_FILE)
        on_event("compiling the firmware")
        objects = folder / "objects"
        sha256 = program.source.sha256
        image = build_firmware(folder, board, objects, object_cache, sha256)
        loader = None
        if board.loader is not None:
            loader = build_loader(folder, board, objects, object_cache)
            write_full_image(folder, board, loader, image)
        shutil.rmtree(objects)
        written = record(program, board, kernels, image, loader, folder)
        manifest.write_manifest(folder, written)
    return BuildResult(output, written)


def compile_graph(graph: Graph, source: Source, board: Board, release: Release) -> Program:
    """All decisions, before anything is written."""
    graph = run_passes(graph)
    refuse_unsupported(graph)
    steps = schedule(graph, Target(dsp=board.chip.dsp, cmsis_nn=release))
    return Program(source, steps, plan(steps))


def _source(model: Path) -> Source:
    """The file's name goes into comments and strings of C, so it is kept to what both can hold."""
    name = re.sub(r"[^A-Za-z0-9._+ -]", "_", model.stem)
    return Source(name, manifest.sha256(model))


def _entries(program: Program) -> Iterable[str]:
    return sorted({entry for step in program.schedule.steps for entry in step.lowered.entries})
