"""What a build was, for its manifest."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, replace
from pathlib import Path

from mcugen import manifest, toolchain
from mcugen.boards import Board
from mcugen.boards.places import NOWHERE_ELSE, Places
from mcugen.emit_layers import shape_text
from mcugen.emit_rows import input_row_bytes
from mcugen.firmware import CROSS_COMPILER
from mcugen.image import Image
from mcugen.ir import Shape, Tensor
from mcugen.manifest import (
    ArenaBuffer,
    BackendRecord,
    Candidate,
    Edge,
    Layer,
    Manifest,
    Piece,
    hash_files,
)
from mcugen.memory.plan import Plan
from mcugen.memory.problem import Buffer
from mcugen.memory.rows.lives import Lives, Span, lives
from mcugen.memory.rows.network import ARRIVAL
from mcugen.memory.rows.plan import RowPlan, sections
from mcugen.memory.rows.sections import Move
from mcugen.program import Program, total_weights
from mcugen.record_image import arrays, external, footer_bytes, image_parts, ram_bytes
from mcugen.schedule import Schedule, Step
from mcugen.version import __version__


def record(
    program: Program,
    beside: Sequence[Program],
    board: Board,
    image: Image,
    loader: Image | None,
    folder: Path,
    places: Places = NOWHERE_ELSE,
) -> Manifest:
    """The manifest of the build in ``folder``; every file there must be final.

    ``beside`` are all programs of the firmware, ``program`` among them.

    ``loader`` is None on a board that mcugen has no resident loader for.
    """
    schedule, plan = program.schedule, program.plan
    found = lives(schedule, plan)
    files = hash_files(folder)
    weights = program.weights_bytes
    return Manifest(
        mcugen=__version__,
        name=program.name,
        models=tuple(one.name for one in beside),
        arena=tuple(arrays(program, board, image, places)),
        model=program.source.name,
        model_sha256=program.source.sha256,
        board=board.id,
        target=board.target,
        board_name=board.name,
        chip=board.chip.part,
        clock_hz=board.clock.hz,
        tried=board.tried,
        toolchain=toolchain.version(CROSS_COMPILER),
        input=_edge(schedule.tensor(schedule.inputs[0])),
        output=_edge(schedule.tensor(schedule.outputs[0])),
        input_row_bytes=input_row_bytes(program),
        labels=program.labels,
        layers=tuple(_layer(program, step) for step in schedule.steps),
        steps=tuple(_steps(plan, found)),
        pieces=_pieces(program),
        buffers=tuple(_buffers(program, found)),
        kernels=program.target.choice,
        macs=schedule.macs,
        cost=program.cost,
        arena_bytes=plan.arena_bytes,
        arena_lower_bound=plan.lower_bound,
        weights_bytes=weights,
        code_bytes=len(image.bin) - (0 if places.weights else total_weights(beside)),
        flash_bytes=len(image.bin),
        flash_available=board.application_flash.size,
        ram_bytes=ram_bytes(beside, board, image),
        ram_available=board.ram.size,
        stack_reserved=board.application.stack_bytes,
        product_id=board.chip.product_id,
        application_start=image.load_address,
        footer_crc32=zlib.crc32(image.bin[: len(image.bin) - footer_bytes(board)]),
        loader_bytes=None if loader is None else len(loader.bin),
        flash_base=board.flash.base,
        sectors=board.flash.sectors,
        image_parts=image_parts([] if places.weights else beside, image, footer_bytes(board)),
        external=None if places.weights is None else external(places.weights, image),
        backends=tuple(_backends(program, files)),
        files=files,
    )


def _backends(program: Program, files: Mapping[str, str]) -> Iterator[BackendRecord]:
    """Those that gave files to the build."""
    for backend in program.target.backends:
        folder = f"{program.name}/{backend.family.folder}/"
        own = {path: digest for path, digest in files.items() if path.startswith(folder)}
        if own:
            yield BackendRecord(backend.family.name, backend.version, backend.origin, own)


def _edge(tensor: Tensor) -> Edge:
    return Edge(tensor.name, tensor.dtype.value, tensor.shape, tensor.nbytes)


def _layer(program: Program, step: Step) -> Layer:
    schedule, plan = program.schedule, program.plan
    output = schedule.tensor(step.output)
    return Layer(
        name=step.name,
        op=step.op.kind,
        kernel=step.call.function,
        cost=step.call.cost,
        others=tuple(_others(step)),
        macs=step.macs,
        tensor=step.output,
        shape=_file_shape(output),
        left_out=output.left_out,
        dtype=output.dtype.value,
        offset=plan.tensor_offset(step.output),
        bytes=output.nbytes,
        scratch_bytes=step.call.scratch_bytes,
        live_bytes=plan.live[plan.step_of(step.index)],
        weights_bytes=sum(len(constant.data) for constant in step.call.constants),
        reads=tuple(_maker(schedule, tensor_id) for tensor_id in step.inputs),
        input=" + ".join(shape_text(schedule.tensor(tensor_id).shape) for tensor_id in step.inputs),
        output=shape_text(output.shape),
    )


def _maker(schedule: Schedule, tensor_id: int) -> int:
    """The layer that writes a tensor, -1 for an input of the model."""
    return next((step.index for step in schedule.steps if step.output == tensor_id), -1)


def _others(step: Step) -> Iterator[Candidate]:
    """Each function once: with another rounding it would be the same kernel, and cost more."""
    told = {step.call.function}
    for call in sorted(step.candidates, key=lambda call: call.cost):
        if call.function not in told:
            told.add(call.function)
            yield Candidate(call.function, call.cost)


def _file_shape(tensor: Tensor) -> Shape:
    """The shape with the channels that were left out."""
    if not tensor.left_out:
        return tensor.shape
    return (*tensor.shape[:-1], tensor.shape[-1] + len(tensor.left_out))


def _buffers(program: Program, found: Lives) -> Iterator[ArenaBuffer]:
    """All that the plan places, under the names of the layers that write it."""
    schedule, plan = program.schedule, program.plan
    made: list[tuple[int, Step | None]] = [(tensor_id, None) for tensor_id in schedule.inputs]
    made += [(step.output, step) for step in schedule.steps]
    for tensor_id, writer in made:
        buffer = plan.tensor(tensor_id)
        is_line = buffer.size < schedule.tensor(tensor_id).nbytes
        spans = found.spans.get(("tensor", tensor_id), ())
        yield _buffer(plan, "line" if is_line else "tensor", writer, buffer, spans)
    for step in schedule.steps:
        scratch = plan.scratch(step)
        if scratch is not None:
            spans = found.spans["scratch", step.index]
            yield _buffer(plan, "scratch", step, scratch, spans)


def _buffer(
    plan: Plan | RowPlan, kind: str, writer: Step | None, buffer: Buffer, spans: tuple[Span, ...]
) -> ArenaBuffer:
    """``writer`` is None for the model's input."""
    return ArenaBuffer(
        name="input" if writer is None else writer.name,
        kind=kind,
        layer=None if writer is None else writer.index,
        offset=plan.offset(buffer),
        bytes=buffer.size,
        start=buffer.start,
        end=buffer.end,
        spans=tuple(map(astuple, spans)),
    )


def _steps(plan: Plan | RowPlan, found: Lives) -> Iterator[manifest.Step]:
    for one, live, moments in zip(sections(plan), plan.live, found.moments, strict=True):
        yield manifest.Step(one.first, one.last, one.strip, live, moments)


def _pieces(program: Program) -> tuple[Piece, ...]:
    """What the hook is told, in order."""
    schedule, plan = program.schedule, program.plan
    first, *others = _written(program)
    if plan.takes_rows:
        # Rows that wait until all are there; those that do not are among the events.
        picture = plan.tensor(schedule.inputs[0])
        at = plan.offset(picture)
        first = replace(first, before=(*first.before, (at, at + picture.size)))
    return (first, *others)


def _written(program: Program) -> Iterator[Piece]:
    """Each piece of a layer's output with what is written on the way to it."""
    schedule, plan = program.schedule, program.plan
    if isinstance(plan, Plan):
        for step in schedule.steps:
            size, at = schedule.tensor(step.output).nbytes, plan.tensor_offset(step.output)
            yield Piece(step.index, 0, size, at)
        return
    before: dict[int, tuple[int, int]] = {}
    for event in plan.events:
        rows = event if isinstance(event, Move) else event.output
        row_bytes = plan.network.pictures[rows.tensor].row_bytes
        start, size = plan.tensor_offset(rows.tensor), rows.count * row_bytes
        at = start if isinstance(event, Move) else start + rows.slot * row_bytes
        if isinstance(event, Move) or event.layer == ARRIVAL:
            begin, end = before.get(rows.tensor, (at, at))
            before[rows.tensor] = (min(begin, at), max(end, at + size))
            continue
        spans = tuple(span for span in before.values() if span[0] < span[1])
        yield Piece(event.layer, rows.first * row_bytes, size, at, spans)
        before.clear()
