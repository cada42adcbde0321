"""The pipeline: a ``.tflite`` file in, a verified-to-be firmware image out.

bytes -> Graph -> Schedule -> Plan -> SourceTree -> Image
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from mcugen import fit, manifest
from mcugen.boards import Board, as_file, board_file, load_board
from mcugen.emit import emit_model
from mcugen.firmware import (
    build_firmware,
    build_loader,
    firmware_tree,
    loader_tree,
    write_full_image,
)
from mcugen.ir import Graph
from mcugen.kernels import Choice, Target, backends
from mcugen.manifest import MODEL_FILE, Manifest
from mcugen.memory.plan import Plan, plan
from mcugen.memory.rows.mixed import plan_kernels
from mcugen.memory.rows.plan import Arena, check_rows_come
from mcugen.passes import refuse_unsupported, remove_constant_channels, run_passes
from mcugen.passes.untrained import untrained
from mcugen.program import Program, Source
from mcugen.record import record
from mcugen.schedule import schedule
from mcugen.staging import staged, write_tree
from mcugen.tflite import about, read_model

Event = Callable[[str], None]


def silent(event: str) -> None:
    """Takes progress and says nothing."""


@dataclass(frozen=True)
class BuildResult:
    """A finished build folder and its manifest; ``notes`` are what is odd about the model.

    ``fast_cost`` estimates the instructions of a run if fast kernels were chosen.
    """

    folder: Path
    manifest: Manifest
    fast_cost: int
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        fields = self.manifest.as_json()
        told = {
            "output": str(self.folder),
            "notes": list(self.notes),
            "fast_cost": self.fast_cost,
        }
        return {**fields, "command": "build", "status": "ok", **told}


def build(
    model: Path,
    *,
    target: str,
    output: Path,
    cmsis_nn: Path | None = None,
    kernels: Choice = "cmsis-nn",
    keep_constant_channels: bool = False,
    arena: Arena | None = None,
    stream_input: bool = False,
    loader_no_read: bool = False,
    on_event: Event = silent,
    object_cache: Path | None = None,
) -> BuildResult:
    """Compiles ``model`` for the board, chip, target or board file ``target`` into ``output``.

    With fast ``kernels``, each layer gets the kernel of least cost, and channels that have one
    value whatever the input is are left out unless they are to be kept. ``arena`` is how many bytes
    the arena may have, or "least"; without it layers run one by one, and by rows only where they
    would not fit the board otherwise. With ``stream_input`` the library takes the input in rows.
    ``loader_no_read``: the resident loader gives out nothing of the application (docs/loader.md).
    Raises McugenError; then ``output`` is as it was before.
    """
    board = load_board(target)
    made_for = Target(board.chip.cpu, backends(cmsis_nn), kernels)
    budget = _budget(arena, board)
    on_event("reading the model")
    graph = read_model(model)
    with about(model):
        program = compile_graph(
            graph,
            source_of(model),
            made_for,
            keep_constant_channels=keep_constant_channels,
            arena=budget,
            stream_input=stream_input,
        )
    fit.check(program, board, arena)
    loader_sources = loader_tree(board, no_read=loader_no_read)
    library = emit_model(program)
    with staged(output) as folder:
        write_tree(folder, {f"model/{path}": text for path, text in library.items()})
        write_tree(folder, {**firmware_tree(board), **loader_sources})
        shutil.copyfile(model, folder / MODEL_FILE)
        if (described := as_file(target)) is not None:
            shutil.copyfile(described, folder / board_file(board.id))
        on_event("compiling the firmware")
        objects = folder / "objects"
        sha256 = program.source.sha256
        image = build_firmware(folder, board, objects, object_cache, sha256)
        loader = None
        if board.loader is not None:
            loader = build_loader(folder, board, objects, object_cache)
            write_full_image(folder, board, loader, image)
        shutil.rmtree(objects)
        written = record(program, board, image, loader, folder)
        manifest.write_manifest(folder, written)
    notes = (*untrained(program.schedule.graph), *_by_rows(program, arena))
    return BuildResult(output, written, fast_cost(program, budget), notes)


def compile_graph(
    graph: Graph,
    source: Source,
    target: Target,
    *,
    keep_constant_channels: bool = False,
    arena: Arena | None = None,
    stream_input: bool = False,
) -> Program:
    """All decisions, before anything is written. ``arena`` is a budget in bytes, or "least";
    without it every layer runs in one call. With ``stream_input`` the input comes in rows.

    Raises ModelError M005 where the input has no rows.
    """
    graph = run_passes(graph)
    refuse_unsupported(graph)
    if target.choice == "fast" and not keep_constant_channels:
        graph = run_passes(graph, (remove_constant_channels,))
    steps = schedule(graph, target)
    if stream_input:
        check_rows_come(steps)
    if arena is None:
        return Program(source, target, steps, replace(plan(steps), takes_rows=stream_input))
    steps, placed = plan_kernels(steps, arena, takes_rows=stream_input)
    return Program(source, target, steps, placed)


def _budget(arena: Arena | None, board: Board) -> Arena:
    """What the arena may have: as it was said, and no more than the board has."""
    if arena is None:
        return board.arena_limit
    return arena if arena == "least" else min(arena, board.arena_limit)


def _by_rows(program: Program, arena: Arena | None) -> tuple[str, ...]:
    """Says that layers run by rows where nobody asked for it."""
    if arena is not None or isinstance(program.plan, Plan):
        return ()
    return (
        f"layer by layer the board has too little RAM: some layers run by rows, in an arena of "
        f"{program.plan.arena_bytes:,} bytes",
    )


def fast_cost(program: Program, arena: Arena | None = None) -> int:
    """Instructions of a run if fast kernels had been chosen, within ``arena``, as estimated."""
    target = replace(program.target, choice="fast")
    if program.target == target:
        return program.cost
    graph = run_passes(program.schedule.graph, (remove_constant_channels,))
    fast = schedule(graph, target)
    if arena is None:
        return fast.cost
    made, placed = plan_kernels(fast, arena, takes_rows=program.plan.takes_rows)
    return made.cost + placed.extra_cost


def source_of(model: Path) -> Source:
    """The file's name goes into comments and strings of C, so it is kept to what both can hold."""
    name = re.sub(r"[^A-Za-z0-9._+ -]", "_", model.stem)
    return Source(name, manifest.sha256(model))
