"""The pipeline: a ``.tflite`` file in, a verified-to-be firmware image out.

bytes -> Graph -> Schedule -> Plan -> SourceTree -> Image
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from mcugen import fit, manifest
from mcugen.arena import ArenaRoom, shared_room, spaces_left
from mcugen.boards import Board, as_file, board_file
from mcugen.boards.places import Places, find_places
from mcugen.boards.plain import CoreOptions
from mcugen.boards.targets import find_target
from mcugen.emit import emit_model
from mcugen.errors import UsageError
from mcugen.firmware import (
    build_firmware,
    build_loader,
    firmware_tree,
    loader_tree,
    write_full_image,
)
from mcugen.ir import Graph
from mcugen.kernels import Choice, Target, backends
from mcugen.labels import read_labels
from mcugen.manifest import Manifest
from mcugen.memory.plan import Plan, plan
from mcugen.memory.rows.mixed import plan_kernels
from mcugen.memory.rows.plan import Arena, check_rows_come
from mcugen.memory.spaces import Space, walls
from mcugen.names import DEFAULT_NAME, check_names
from mcugen.passes import refuse_unsupported, remove_constant_channels, run_passes
from mcugen.passes.untrained import untrained
from mcugen.program import Program, Source, sha256_of
from mcugen.record import record
from mcugen.schedule import schedule
from mcugen.staging import staged, write_tree
from mcugen.tflite import about, read_model

Event = Callable[[str], None]


def silent(event: str) -> None:
    """Takes progress and says nothing."""


@dataclass(frozen=True)
class BuiltModel:
    """A model's manifest; ``notes`` are what is odd about it.

    ``fast_cost`` estimates the instructions of a run if fast kernels were chosen.
    """

    manifest: Manifest
    fast_cost: int
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        told = {"notes": list(self.notes), "fast_cost": self.fast_cost}
        return {**self.manifest.as_json(), **told}


@dataclass(frozen=True)
class BuildResult:
    """A finished build folder, and what it says of each of its models."""

    folder: Path
    models: tuple[BuiltModel, ...]

    @property
    def manifest(self) -> Manifest:
        """That of the first model, which the whole firmware goes by."""
        return self.models[0].manifest

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(note for model in self.models for note in model.notes)

    def as_json(self) -> dict[str, object]:
        first, *others = (model.as_json() for model in self.models)
        told = {"others": others} if others else {}
        return {**first, "command": "build", "status": "ok", "output": str(self.folder), **told}


def build(
    models: Path | Sequence[Path],
    *,
    target: str,
    output: Path,
    names: Sequence[str] = (DEFAULT_NAME,),
    labels: Sequence[Path] = (),
    arena_apart: bool = False,
    cmsis_nn: Path | None = None,
    kernels: Choice = "cmsis-nn",
    keep_constant_channels: bool = False,
    arena: Arena | None = None,
    stream_input: bool = False,
    loader_no_read: bool = False,
    places: Mapping[str, Sequence[str]] | None = None,
    core: CoreOptions = CoreOptions(),  # noqa: B008 - frozen
    on_event: Event = silent,
    object_cache: Path | None = None,
) -> BuildResult:
    """Compiles ``models`` for the board, chip, target, core or board file ``target`` into
    ``output``. ``core`` says what memory a core has; without a board it gets no firmware.

    Each becomes a library of its name; ``labels`` are files with the names of its classes, one for
    each model or none. Several share one arena, since they do not run at once,
    unless ``arena_apart``. With fast ``kernels``, each layer gets the kernel of least cost, and
    channels that have one value whatever the input is are left out unless they are to be kept.
    ``arena`` is how many bytes an arena may have, or "least"; without it layers run one by one, and
    by rows only where they would not fit the board otherwise. With ``stream_input`` the libraries
    take their input in rows. ``loader_no_read``: the resident loader gives out nothing of the
    application (docs/loader.md). ``places`` are the names of the board's memories for "arena", one
    or several, and "weights". Raises McugenError; then ``output`` is as it was before.
    """
    paths = (models,) if isinstance(models, Path) else tuple(models)
    _check_names(paths, names)
    if labels:
        _check_labels(paths, labels)
    board, described = find_target(target, core)
    placed = find_places(board, places or {})
    _check_places(board, placed)
    loader_sources = loader_tree(board, no_read=loader_no_read)
    made_for = Target(board.chip.cpu, backends(cmsis_nn), kernels)
    on_event("reading the model")
    compile_one = partial(
        compile_graph,
        target=made_for,
        keep_constant_channels=keep_constant_channels,
        stream_input=stream_input,
    )
    programs: list[Program] = []
    for path, name in zip(paths, names, strict=True):
        before = [one.arena for one in programs] if arena_apart else []
        spaces = _spaces(placed, before)
        room = _room(board, placed, before, spaces)
        graph = read_model(path)
        with about(path):
            program = compile_one(
                graph, source_of(path), name=name, arena=_budget(arena, room), spaces=spaces
            )
        fit.check(program, board, arena, room, placed)
        programs.append(program)
    if labels:
        programs = list(map(_labelled, programs, labels))
    if len(programs) > 1 and not arena_apart:
        programs = overlaid(programs)
    libraries = [emit_model(program) for program in programs]
    with staged(output) as folder:
        for path, name, library in zip(paths, names, libraries, strict=True):
            write_tree(folder, {f"{name}/{file}": text for file, text in library.items()})
            shutil.copyfile(path, folder / f"{name}.tflite")
        write_tree(folder, {**firmware_tree(board, names, placed), **loader_sources})
        if (file := as_file(target)) is not None:
            shutil.copyfile(file, folder / board_file(board.id))
        elif described is not None:
            write_tree(folder, {board_file(board.id): described})
        on_event(f"compiling the {'firmware' if board.has_firmware else 'library'}")
        manifests = _link(folder, board, programs, placed, object_cache)
    return BuildResult(
        output,
        tuple(
            BuiltModel(
                written,
                fast_cost(program, _budget(arena, placed.arena_limit(board))),
                (
                    *untrained(program.schedule.graph),
                    *_by_rows(program, arena, placed),
                    *_costs(program),
                ),
            )
            for written, program in zip(manifests, programs, strict=True)
        ),
    )


def _link(
    folder: Path,
    board: Board,
    programs: Sequence[Program],
    places: Places,
    object_cache: Path | None,
) -> list[Manifest]:
    """The images of what ``folder`` holds, and what each model's manifest says of them."""
    objects = folder / "objects"
    names = [program.name for program in programs]
    sha256 = sha256_of([program.source for program in programs])
    image = build_firmware(folder, board, objects, object_cache, names, sha256)
    loader = None
    if board.loader is not None:
        loader = build_loader(folder, board, objects, object_cache)
        write_full_image(folder, board, loader, image)
    shutil.rmtree(objects)
    manifests = [record(one, programs, board, image, loader, folder, places) for one in programs]
    for written in manifests:
        manifest.write_manifest(folder, written)
    return manifests


def compile_graph(
    graph: Graph,
    source: Source,
    target: Target,
    *,
    name: str = DEFAULT_NAME,
    keep_constant_channels: bool = False,
    arena: Arena | None = None,
    stream_input: bool = False,
    spaces: tuple[Space, ...] = (),
) -> Program:
    """All decisions, before anything is written. ``arena`` is a budget in bytes, or "least";
    without it every layer runs in one call. With ``stream_input`` the input comes in rows.
    ``spaces`` are the memories that the arena may lie in, one behind another.

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
        whole = replace(plan(steps, walls(spaces)), takes_rows=stream_input)
        return Program(source, target, steps, whole, name, spaces=spaces)
    steps, placed = plan_kernels(steps, arena, takes_rows=stream_input, walls=walls(spaces))
    return Program(source, target, steps, placed, name, spaces=spaces)


def _room(
    board: Board, places: Places, before: Sequence[ArenaRoom], spaces: Sequence[Space]
) -> int:
    """What the arenas ``before`` leave, in the named memories or else in the board's RAM."""
    if places.arena:
        return sum(space.bytes for space in spaces)
    return board.arena_limit - sum(one.bytes for one in before)


def _spaces(places: Places, before: Sequence[ArenaRoom]) -> tuple[Space, ...]:
    """What the named memories have for an arena beside those of the libraries ``before``."""
    several = len(places.arena) > 1
    spaces = [Space(place.symbol if several else "", place.bytes) for place in places.arena]
    return spaces_left(spaces, before)


def overlaid(programs: Sequence[Program]) -> list[Program]:
    """Libraries that do not run at once, in one arena; the first one has it."""
    room = shared_room([one.arena for one in programs])
    return [replace(one, overlaid=room) for one in programs]


def _check_names(paths: Sequence[Path], names: Sequence[str]) -> None:
    """Raises UsageError U006 for names that libraries cannot have, or too few or many of them."""
    if len(paths) != len(names):
        raise UsageError(
            "U006",
            f"there are {len(paths)} models and {len(names)} names",
            hint="give each model its name: `--name wake --name gate`",
        )
    check_names(names)


def _check_labels(paths: Sequence[Path], labels: Sequence[Path]) -> None:
    """Raises UsageError U006 where not every model has its labels."""
    if len(paths) != len(labels):
        raise UsageError(
            "U006",
            f"there are {len(paths)} models and {len(labels)} files of labels",
            hint="name one for each model, in the same order, or none",
        )


def _labelled(program: Program, path: Path) -> Program:
    """Raises UsageError U001 or U002 as ``read_labels``."""
    classes = program.schedule.tensor(program.schedule.outputs[0]).elements
    return replace(program, labels=read_labels(path, classes))


def _check_places(board: Board, places: Places) -> None:
    """Raises UsageError U006 for places on a core, which has one RAM and one flash."""
    if places.arena and not board.has_firmware:
        raise UsageError(
            "U006",
            f"a {board.name} without a board has one RAM, and nothing to choose from",
            hint="leave `--arena-in` and `--place` out; the program places the library's arena",
        )


def _costs(program: Program) -> tuple[str, ...]:
    """Says that the estimates are of another core."""
    if program.target.core.dsp_at_best:
        return ()
    return (
        "instructions are estimated for cores with the DSP extension and without vectors, and this"
        " core is another: `verify` counts them",
    )


def _budget(arena: Arena | None, room: int) -> Arena:
    """What the arena may have: as it was said, and no more than there is room for."""
    if arena is None:
        return room
    return arena if arena == "least" else min(arena, room)


def _by_rows(program: Program, arena: Arena | None, places: Places) -> tuple[str, ...]:
    """Says that layers run by rows where nobody asked for it."""
    if arena is not None or isinstance(program.plan, Plan):
        return ()
    memory = " and ".join(place.name for place in places.arena)
    lacking = f"there is too little room in {memory}" if memory else "the board has too little RAM"
    return (
        f"layer by layer {lacking}: some layers run by rows, in an arena of "
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
    made, placed = plan_kernels(
        fast, arena, takes_rows=program.plan.takes_rows, walls=walls(program.spaces)
    )
    return made.cost + placed.extra_cost


def source_of(model: Path) -> Source:
    """The file's name goes into comments and strings of C, so it is kept to what both can hold."""
    name = re.sub(r"[^A-Za-z0-9._+ -]", "_", model.stem)
    return Source(name, manifest.sha256(model))
