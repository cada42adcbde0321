"""Runs a build: one function for each way of executing it, all with the same answer."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mcugen.boards import Board, load_board, load_board_of_build
from mcugen.errors import BoardError
from mcugen.firmware import build_firmware, firmware_tree
from mcugen.image import read_image
from mcugen.inputs import Input
from mcugen.ir import Graph
from mcugen.manifest import Layer, Manifest
from mcugen.reference import Reference, aborted, agreed_trace
from mcugen.sim.host import build_host
from mcugen.sim.qemu import QemuBoard
from mcugen.sim.trace import RunTrace
from mcugen.staging import copy_libraries, write_tree
from mcugen.temporary import temporary_folder
from mcugen.verify.device import Device
from mcugen.verify.left_out import part, whole
from mcugen.verify.own import load_own
from mcugen.workers.processes import worker_processes

if TYPE_CHECKING:  # not every machine has the emulator that it needs
    from mcugen.sim.board import VirtualBoard
    from mcugen.sim.own_program import OwnProgram

Event = Callable[[str], None]

REFERENCE = "reference"
QEMU_BOARD, QEMU_MVE_BOARD = "mps2-an500", "mps3-an547"


@dataclass(frozen=True)
class LayerTrace:
    """One input through one execution; an entry a layer, and ``output``, the model's answer.

    ``outputs`` is empty where the execution only tells CRC-32 sums of the layers; ``instructions``
    and ``cycles`` are where nothing counts them.
    """

    outputs: tuple[bytes, ...]
    crcs: tuple[int, ...]
    output: bytes
    instructions: tuple[int, ...] = ()
    cycles: tuple[int, ...] = ()

    def shown(self, index: int) -> bytes | None:
        """A layer's bytes, None where only their CRC-32 is known: never for the last layer."""
        if self.outputs:
            return self.outputs[index]
        return self.output if index == len(self.crcs) - 1 else None


@dataclass(frozen=True)
class Execution:
    """All inputs through one execution. Stack and stray writes are None where not observed."""

    name: str
    traces: tuple[LayerTrace, ...]
    stack_bytes: int | None = None
    stray_writes: tuple[str, ...] | None = None


def reference_trace(tensors: Sequence[bytes], layers: Sequence[Layer]) -> LayerTrace:
    """A trace from the file's tensor of each layer; its CRC-32 is of what the arena holds of it."""
    pairs = zip(layers, tensors, strict=True)
    crcs = tuple(zlib.crc32(part(layer, tensor)) for layer, tensor in pairs)
    return LayerTrace(tuple(tensors), crcs, tensors[-1])


def trace_of(outputs: Sequence[bytes], layers: Sequence[Layer]) -> LayerTrace:
    """A trace from what each layer wrote."""
    crcs = tuple(zlib.crc32(output) for output in outputs)
    return LayerTrace(_whole(outputs, layers), crcs, outputs[-1])


def _whole(outputs: Sequence[bytes], layers: Sequence[Layer]) -> tuple[bytes, ...]:
    return tuple(whole(layer, output) for layer, output in zip(layers, outputs, strict=True))


def silent(event: str) -> None:
    """Takes progress and says nothing."""


@dataclass(frozen=True)
class ReferenceRun:
    """``disagreements`` counts the bytes on which the references differ, ``undefined`` the inputs
    for which a layer of them is mcugen's own definition."""

    execution: Execution
    disagreements: int
    undefined: int


def run_reference(
    references: tuple[Reference, ...],
    graph: Graph,
    manifest: Manifest,
    inputs: Sequence[Input],
    on_event: Event = silent,
) -> ReferenceRun:
    """The reference's trace of every layer; ``graph`` is what they were made of."""
    traces, disagreeing, undefined = [], 0, 0
    for number, one in enumerate(inputs, 1):
        on_event(f"reference kernels: input {number} of {len(inputs)}")
        tensors, disagreements = agreed_trace(references, one.data)
        of_layers = [tensors[layer.tensor] for layer in manifest.layers]
        traces.append(reference_trace(of_layers, manifest.layers))
        disagreeing += sum(disagreement.bytes_differing for disagreement in disagreements)
        undefined += aborted(graph, tensors)
    return ReferenceRun(Execution(REFERENCE, tuple(traces)), disagreeing, undefined)


def run_host(
    folder: Path, manifest: Manifest, inputs: Sequence[Input], object_cache: Path | None = None
) -> Execution:
    """The native build of the library."""
    with temporary_folder("mcugen-host-") as work:
        sizes = [layer.bytes for layer in manifest.layers]
        build = build_host(
            folder / manifest.name, work, sizes, names=manifest.models, cache=object_cache
        )
        traces = build.trace([one.data for one in inputs])
    return Execution("host", tuple(trace_of(trace, manifest.layers) for trace in traces))


def run_board(
    folder: Path, manifest: Manifest, inputs: Sequence[Input], on_event: Event
) -> Execution:
    """``firmware.bin`` on the virtual board: one on each core of this machine.

    Where the virtual board has not the peripherals to boot it, the model in it is entered directly,
    and the execution's name is "core". A core with vectors is QEMU's: no other emulator has it.

    Raises ToolchainError T007 where the processor's emulator is not installed.
    """
    from mcugen.sim.board import is_modelled

    board = load_board_of_build(folder, manifest.board)
    if board.chip.cpu.mve:
        return run_qemu(folder, manifest, inputs, on_event)
    if not is_modelled(board):
        return _run_core(folder, manifest, inputs, on_event)
    runs = _in_workers("virtual board", partial(_run_here, folder, manifest), inputs, on_event)
    return _from_runs("board", runs, manifest)


def _run_core(
    folder: Path, manifest: Manifest, inputs: Sequence[Input], on_event: Event
) -> Execution:
    run = partial(_run_own_here, folder, manifest, folder / manifest.elf)
    return _from_runs("core", _in_workers("virtual core", run, inputs, on_event), manifest)


def run_own(
    folder: Path, manifest: Manifest, elf: Path, inputs: Sequence[Input], on_event: Event
) -> Execution:
    """The library in somebody's own program, which ``own.look_into`` found whole."""
    run = partial(_run_own_here, folder, manifest, elf)
    if len(inputs) == 1:  # sooner done here than a process is started
        return _from_runs("elf", [load_own(folder, manifest, elf).run(inputs[0].data)], manifest)
    return _from_runs("elf", _in_workers(elf.name, run, inputs, on_event), manifest)


def _in_workers(
    name: str, run: Callable[[bytes], RunTrace], inputs: Sequence[Input], on_event: Event
) -> list[RunTrace]:
    """A simulator on each core of this machine."""
    workers = max(1, min(os.cpu_count() or 1, len(inputs)))
    runs: dict[int, RunTrace] = {}
    on_event(f"{name}: 0 of {len(inputs)} inputs")
    with worker_processes(workers) as pool:
        jobs = {pool.submit(run, one.data): number for number, one in enumerate(inputs)}
        for job in as_completed(jobs):
            runs[jobs[job]] = job.result()
            on_event(f"{name}: {len(runs)} of {len(inputs)} inputs")
    return [runs[number] for number in range(len(inputs))]


_BOARDS: dict[Path, VirtualBoard] = {}
"""Of this process, if it is a worker: each runs one input after the other."""


def _run_here(folder: Path, manifest: Manifest, data: bytes) -> RunTrace:
    """In a worker process, on its board."""
    if folder not in _BOARDS:
        _BOARDS[folder] = boot(folder, manifest)
    return _BOARDS[folder].run(data)


_OWN_PROGRAMS: dict[Path, OwnProgram] = {}


def _run_own_here(folder: Path, manifest: Manifest, elf: Path, data: bytes) -> RunTrace:
    if elf not in _OWN_PROGRAMS:
        _OWN_PROGRAMS[elf] = load_own(folder, manifest, elf)
    return _OWN_PROGRAMS[elf].run(data)


def boot(folder: Path, manifest: Manifest) -> VirtualBoard:
    """A virtual board that boots the build in ``folder``."""
    from mcugen.sim.board import VirtualBoard, instruction_limit
    from mcugen.sim.watch import library_of

    return VirtualBoard(
        load_board_of_build(folder, manifest.board),
        read_image(folder / "firmware.elf", folder / "firmware.bin"),
        library=library_of(manifest),
        limit=instruction_limit(manifest.macs),
    )


def run_qemu(
    folder: Path, manifest: Manifest, inputs: Sequence[Input], on_event: Event = silent
) -> Execution:
    """The same sources, built for QEMU's Cortex-M7 board and run there; with vectors for its
    Cortex-M55. Raises BoardError B003 for a core without DSP: the sources take other paths there.
    """
    board = _qemu_board(load_board_of_build(folder, manifest.board))
    with temporary_folder("mcugen-qemu-") as root:
        copy_libraries(folder, manifest.models, root)
        write_tree(root, firmware_tree(board, manifest.models))
        image = build_firmware(root, board, root / "objects", names=manifest.models)
        with QemuBoard(board, image, model=manifest.number) as emulated:
            runs = []
            for number, one in enumerate(inputs, 1):
                on_event(f"QEMU: input {number} of {len(inputs)}")
                runs.append(emulated.run(one.data))
    return _from_runs("qemu", runs, manifest)


def _qemu_board(built: Board) -> Board:
    core = built.chip.cpu
    if not core.dsp:
        raise BoardError(
            "B003",
            f"QEMU runs the library on a Cortex-M7, and the {built.name} has not its DSP extension",
            hint="`verify --sim` runs it on a virtual core",
        )
    return load_board(QEMU_MVE_BOARD if core.mve else QEMU_BOARD)


def run_port(device: Device, inputs: Sequence[Input], on_event: Event) -> Execution:
    """The firmware on a board at a serial port, which may be a virtual one."""
    traces = []
    for number, one in enumerate(inputs):
        on_event(f"board at the port: input {number + 1} of {len(inputs)}")
        result = device.run(one.data)
        traces.append(
            LayerTrace(
                outputs=(),
                crcs=tuple(layer.crc32 for layer in result.layers),
                output=result.output,
                instructions=result.instructions,
                cycles=result.cycles,
            )
        )
    return Execution("port", tuple(traces))


def _from_runs(name: str, runs: Sequence[RunTrace], manifest: Manifest) -> Execution:
    observed = bool(runs[0].outputs)
    names = [
        *(f"layer {n} `{one.name}`" for n, one in enumerate(manifest.layers)),
        "after the last",
    ]
    strays = [f"{names[stray.layer]}: {stray}" for run in runs for stray in run.stray_writes]
    return Execution(
        name,
        tuple(
            LayerTrace(
                _whole(run.outputs, manifest.layers) if run.outputs else (),
                run.crcs,
                run.output,
                instructions=run.instructions,
            )
            for run in runs
        ),
        stack_bytes=max(run.stack_bytes for run in runs) if observed else None,
        stray_writes=tuple(dict.fromkeys(strays)) if observed else None,
    )
