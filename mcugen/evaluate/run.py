"""``eval``: a data set through a build, in chunks that are kept as they are done."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path

from mcugen import files
from mcugen.boards import load_board_of_build
from mcugen.datasets import DataSet, load_dataset
from mcugen.errors import BoardError
from mcugen.evaluate.answer import BoardSample, Evaluation
from mcugen.evaluate.journal import Journal, covered
from mcugen.evaluate.work import CHUNK_PICTURES, Chunk, Outcome, Task, evaluate_chunk
from mcugen.inputs import AS_IT_COMES, Input, Preparation, model_input
from mcugen.ir import Graph
from mcugen.labels import class_names
from mcugen.manifest import Manifest, read_model_manifest, sha256_of_json
from mcugen.reference import Reference, load_references
from mcugen.sim.board import check_modelled
from mcugen.tflite import read_model
from mcugen.verify.compare import compare, first_difference
from mcugen.verify.executions import run_board, run_reference
from mcugen.version import __version__
from mcugen.workers import Runner

Progress = Callable[[str, int, int], None]
"""Told what is counted, how many of it are done, and how many there are."""


@dataclass(frozen=True)
class _Build:
    """A build folder as it was read."""

    folder: Path
    manifest: Manifest
    graph: Graph
    references: tuple[Reference, ...]


def evaluate(
    folder: Path,
    *,
    model: str | None = None,
    dataset: Path,
    runner: Runner,
    labels: Path | None = None,
    limit: int | None = None,
    board: int = 0,
    fresh: bool = False,
    prepare: Preparation = AS_IT_COMES,
    pixels: tuple[float, float] | None = None,
    on_progress: Progress = lambda what, done, total: None,
) -> Evaluation:
    """Runs the build in ``folder`` on the first ``limit`` pictures of the data set, or on all; of
    several models that called ``model``.

    Every picture goes through the generated C on the host and through the references; ``board`` of
    them, evenly spread, also through the firmware on the virtual board. ``prepare`` says how they
    become inputs, ``pixels`` what black and white are where they are floats. Chunks that an earlier
    call finished are not run again, unless ``fresh``. The answer says yes or no; McugenError is
    raised for what keeps the question from being answered.
    """
    build = _read_build(folder, model, board)
    classes = build.graph.tensor(build.graph.outputs[0]).elements
    names = class_names(labels, classes, build.manifest)
    data = load_dataset(dataset, classes, names, pixels)
    pictures = min(limit or len(data.classes), len(data.classes))
    tensor = model_input(build.graph)

    def picture(number: int) -> Input:
        return data.input(number, tensor, prepare)

    first = picture(0)
    task = _task(build, data, prepare)
    journal = Journal(folder, task.key)
    if fresh:
        journal.forget()
    outcomes = _outcomes(task, journal, pictures, runner, picture, on_progress)
    sample = _board_sample(build, pictures, board, picture, on_progress) if board else None
    return Evaluation(
        manifest=build.manifest,
        dataset=data,
        labels=names,
        classes=classes,
        references=task.references,
        input_note=first.note,
        outcomes=outcomes,
        sample=sample,
    )


def _read_build(folder: Path, model: str | None, board: int) -> _Build:
    manifest = read_model_manifest(folder, model)
    if board:
        _check_board(folder, manifest.board)
    graph = read_model(folder / manifest.model_file)
    return _Build(folder, manifest, graph, load_references(folder / manifest.model_file, graph))


def _check_board(folder: Path, name: str) -> None:
    """Before the long work. Raises BoardError B003 for what the virtual board cannot be."""
    try:
        check_modelled(load_board_of_build(folder, name))
    except BoardError as error:
        error.hint = "leave the virtual board out, with `--board 0`"
        raise


def _task(build: _Build, data: DataSet, prepare: Preparation) -> Task:
    manifest = build.manifest
    folders = tuple(f"{name}/" for name in manifest.models)
    sources = sorted(name for name in manifest.files if name.startswith(folders))
    references = tuple(reference.name for reference in build.references)
    depends = {
        "mcugen": __version__,
        "files": {name: manifest.files[name] for name in (*sources, manifest.model_file)},
        "references": references,
        "pillow": version("pillow"),
        "dataset": data.sha256,
        "prepare": dataclasses.asdict(prepare),
    }
    return Task(
        key=sha256_of_json(depends),
        library=tuple((name, _built(build, name)) for name in sources),
        model=_built(build, manifest.model_file),
        manifest=manifest,
        references=references,
    )


def _built(build: _Build, name: str) -> bytes:
    """A file of the build, which ``read_manifest`` found as it was built."""
    return files.read_bytes(build.folder / name, files.BUILT_BYTES)


def _outcomes(
    task: Task,
    journal: Journal,
    pictures: int,
    runner: Runner,
    picture: Callable[[int], Input],
    on_progress: Progress,
) -> tuple[Outcome, ...]:
    """Those of the journal, and of the chunks that it lacks, in order."""
    starts = range(0, pictures, CHUNK_PICTURES)
    parts = [range(start, min(start + CHUNK_PICTURES, pictures)) for start in starts]
    known = journal.read()
    outcomes = {part: known[part] for part in parts if part in known}
    missing = [part for part in parts if part not in known]
    done = sum(len(part) for part in outcomes)
    on_progress("pictures", done, pictures)
    if missing:
        make = partial(_chunk, picture)
        with closing(runner(evaluate_chunk, task, missing, make)) as running:
            for outcome in running:
                journal.append(outcome)
                outcomes[covered(outcome)] = outcome
                done += len(outcome.classes)
                on_progress("pictures", done, pictures)
    return tuple(outcomes[part] for part in parts)


def _chunk(picture: Callable[[int], Input], part: range) -> Chunk:
    return Chunk(part.start, tuple(picture(number) for number in part))


def _board_sample(
    build: _Build,
    pictures: int,
    count: int,
    picture: Callable[[int], Input],
    on_progress: Progress,
) -> BoardSample:
    """Evenly spread pictures through ``firmware.bin``, held against the reference."""
    count = min(count, pictures)
    numbers = tuple(index * pictures // count for index in range(count))
    inputs = [picture(number) for number in numbers]
    on_progress("virtual board", 0, count)
    expected = run_reference(build.references, build.graph, build.manifest, inputs).execution
    found = run_board(build.folder, build.manifest, inputs, lambda event: None)
    on_progress("virtual board", count, count)
    difference = first_difference(expected, found, build.manifest)
    return BoardSample(
        pictures=numbers,
        pair=compare(expected, found, build.manifest),
        difference=difference and replace(difference, input=numbers[difference.input]),
        stack_bytes=found.stack_bytes,
        stray_writes=found.stray_writes,
    )
