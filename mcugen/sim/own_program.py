"""Somebody's own program on a board: its library is entered with a stack, and nothing else is run.

Memories are the board's and hold what the program's ELF file places there. No peripheral answers,
since none is needed.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from mcugen.boards import Board, Region
from mcugen.errors import DeviceError, UsageError
from mcugen.image import ERASED, Image, Symbol
from mcugen.linked import Part, Program
from mcugen.manifest import ArenaArray, Manifest
from mcugen.sim.cpu import Cpu, Stopped
from mcugen.sim.own_library import OwnLibrary
from mcugen.sim.peripherals import Bus
from mcugen.sim.trace import RunTrace
from mcugen.sim.watch import ModelWatch, library_of
from mcugen.timing.trace import BlockTrace

UNWRITTEN = 0xA5
"""What RAM holds that start-up does not set, and the stack's depth shows by."""

_LEAST_STACK = 1024
_ALIGNMENT = 32
_HOOK, _RETURN = bytes.fromhex("7047"), bytes.fromhex("fee7")
"""``bx lr``, which answers the context, 0: go on; and an instruction that jumps to itself."""


@dataclass(frozen=True)
class Room:
    """Addresses that the program leaves free: two instructions in flash, and in RAM the arrays of
    an arena that is the caller's, the rows that come in and above them the stack."""

    hook: int
    returns: int
    arena: tuple[Region, ...]
    rows: int
    stack: Region


class OwnProgram:
    """A program whose library is run as often as wanted.

    Raises UsageError U009 where the program does not lie in the board's memories, or fills them.
    """

    def __init__(
        self, board: Board, program: Program, library: OwnLibrary, manifest: Manifest, limit: int
    ) -> None:
        self.program = program
        self._library, self._manifest = library, manifest
        self._limit = limit
        self._accelerator = board.flash.accelerator
        flash = Region("FLASH", board.flash.base, board.flash.size)
        outside = tuple(external.region for external in board.externals)
        memories = joined(board.memory)
        check_memories(program, (flash, *memories, *outside))
        arrays = manifest.arena if library.set_arena is not None else ()
        self._room = find_room(program, flash, memories, manifest, arrays)
        self._names = _with_arena(library.names, arrays, self._room)
        self._cpu = Cpu(
            board.chip.core,
            flash,
            _contents(flash, program.parts, self._room),
            Bus,
            code_anywhere=any(part.is_code and part.address not in flash for part in program.parts),
        )
        for memory in board.memory:
            self._cpu.map_ram(memory, UNWRITTEN)
        for region in outside:
            self._cpu.map_flash(region, _flash_outside(region))
        for part in program.parts:
            if part.address not in flash:
                self._cpu.write(part.address, bytes(part.size) if part.data is None else part.data)
        stack = self._room.stack
        self._watch = ModelWatch(
            self._cpu,
            self._names,
            board.memory,
            library_of(manifest),
            (stack.base, stack.end),
        )
        self._instructions = [0] * len(manifest.layers)
        self._began = 0
        self._cpu.on_execution(self._room.hook, self._on_piece)
        self._cpu.on_execution(self._room.returns, self._cpu.stop)

    def run(self, data: bytes) -> RunTrace:
        """One inference. Raises DeviceError D001 without an end, D002 where it refuses, D003 for a
        crash."""
        self._watch.begin()
        self._instructions = [0] * len(self._manifest.layers)
        self._cpu.write(self._room.stack.base, bytes([UNWRITTEN]) * self._room.stack.size)
        try:
            output = self._infer(data)
        except Stopped as stopped:
            raise self._crash(stopped) from None
        untouched = self._cpu.read(self._room.stack.base, self._room.stack.size)
        return RunTrace(
            outputs=self._watch.outputs,
            crcs=self._watch.crcs,
            instructions=tuple(self._instructions),
            output=output,
            stack_bytes=len(untouched.lstrip(bytes([UNWRITTEN]))),
            stack_reserved=self._room.stack.size,
            stray_writes=tuple(self._watch.strays),
        )

    def trace(self, data: bytes) -> BlockTrace:
        """One inference, with all code that runs for it, on a program that is not run again.

        Raises as ``run``, and ToolchainError where there is no C compiler for tracing.
        """
        tracer = self._cpu.trace(self._accelerator)
        self.run(data)
        return tracer.result()

    def _infer(self, data: bytes) -> bytes:
        """The output, as the program would read it."""
        if self._library.set_arena is not None:
            places = (array.base for array in self._room.arena)
            self._check_status(self._call(self._library.set_arena, *places))
        if self._library.begin is not None:
            status = self._run_by_rows(self._library.begin, data)
        else:
            self._cpu.write(self._place_of_input(), data)
            status = self._model(self._library.run, self._room.hook | 1, 0)
        self._check_status(status)
        told = [len(output) for output in self._watch.outputs]
        if told != [layer.bytes for layer in self._manifest.layers]:
            raise DeviceError(
                "D002",
                f"the model told of {sum(told):,} bytes of {len(told)} layers, which are not those"
                " of the build",
                where=self._where,
            )
        if self._library.output is None:
            return self._watch.outputs[-1]
        return self._cpu.read(self._call(self._library.output), told[-1])

    def _check_status(self, status: int) -> None:
        if status != 0:
            raise DeviceError("D002", f"the model ended with status {status}", where=self._where)

    def _place_of_input(self) -> int:
        """As the library says; as the plan does where optimisation left no such function."""
        if self._library.input is not None:
            return self._call(self._library.input)
        offset = next(one.offset for one in self._manifest.buffers if one.layer is None)
        array = max(
            (one for one in self._manifest.arena if one.offset <= offset),
            key=lambda one: one.offset,
        )
        return self._names.address_of(array.symbol) + offset - array.offset

    def _crash(self, stopped: Stopped) -> DeviceError:
        return DeviceError(
            "D003",
            stopped.what.replace("the firmware", "the program"),
            where=f"{self._names.describe(stopped.pc)} (pc 0x{stopped.pc:08x})",
            hint="`mcugen verify --sim` runs the same library in mcugen's firmware: where that is"
            " right, look at how the program is compiled and placed",
        )

    @property
    def _where(self) -> str:
        return str(self.program.path)

    def _run_by_rows(self, begin: int, data: bytes) -> int:
        assert self._manifest.input_row_bytes is not None
        size = self._manifest.input_row_bytes
        status = self._model(begin, self._room.hook | 1, 0)
        for start in range(0, len(data), size):
            if status == 0:
                self._cpu.write(self._room.rows, data[start : start + size])
                status = self._model(self._library.run, self._room.rows, 1)
        return status

    def _model(self, function: int, *arguments: int) -> int:
        """A call of the model's own code: watched, and counted for the layer that is under way."""
        self._watch.runs()
        self._began = self._cpu.instructions
        status = self._call(function, *arguments)
        self._watch.stops()
        if self._watch.layer < len(self._instructions):
            self._instructions[self._watch.layer] += self._cpu.instructions - self._began - 1
        return status

    def _on_piece(self) -> None:
        """The hook's own instruction is counted as it begins, and is not the model's."""
        layer = self._cpu.argument(1)
        if layer < len(self._instructions):
            self._instructions[layer] += self._cpu.instructions - self._began - 1
        self._watch.piece_ends()
        self._watch.runs()
        self._began = self._cpu.instructions

    def _call(self, function: int, *arguments: int) -> int:
        top, back = self._room.stack.end, self._room.returns
        answer = self._cpu.call(function, arguments, top, back, self._limit)
        if answer is None:
            raise DeviceError(
                "D001",
                f"the model computed for {self._limit:,} instructions and did not end",
                where=self._names.describe(self._cpu.pc),
            )
        return answer


def joined(memories: Sequence[Region]) -> tuple[Region, ...]:
    """Memories that lie side by side as one: a program's parts may reach from one into another."""
    found: list[Region] = []
    for memory in sorted(memories, key=lambda one: one.base):
        if found and found[-1].end == memory.base:
            before = found.pop()
            memory = Region(f"{before.name}+{memory.name}", before.base, before.size + memory.size)
        found.append(memory)
    return tuple(found)


def check_memories(program: Program, memories: Sequence[Region]) -> None:
    """Raises UsageError U009 for what no memory of the board holds whole."""
    outside = [
        part
        for part in program.parts
        if not any(memory.base <= part.address and part.end <= memory.end for memory in memories)
    ]
    if outside:
        first = outside[0]
        raise UsageError(
            "U009",
            f"the program needs memory that the board has not: `{first.name}`,"
            f" 0x{first.address:08x} to 0x{first.end:08x}",
            where=str(program.path),
            details=tuple(
                f"{memory.name:<8} 0x{memory.base:08x} to 0x{memory.end:08x}" for memory in memories
            ),
            hint="is the build for this board? `mcugen build --target` takes board files, too",
        )


def find_room(
    program: Program,
    flash: Region,
    memories: Sequence[Region],
    manifest: Manifest,
    arrays: Sequence[ArenaArray],
) -> Room:
    """``arrays`` are those of an arena that the library has not. Raises UsageError U009 where the
    program leaves no room."""
    parts = program.parts
    sizes = [_rounded(array.bytes) for array in arrays]
    taken = sum(sizes) + _rounded(manifest.input_row_bytes or 0)
    needed = _LEAST_STACK + taken
    free = max(
        (gap for memory in memories for gap in _gaps(memory, parts)), key=lambda gap: gap.size
    )
    code = [gap for gap in _gaps(flash, parts) if gap.size >= _ALIGNMENT]
    if free.size < needed or not code:
        raise UsageError(
            "U009",
            f"the program leaves no {needed:,} bytes of RAM in a piece"
            if free.size < needed
            else f"the program leaves no {_ALIGNMENT} bytes of flash",
            where=str(program.path),
            hint="the model is run with a stack outside of what the program has; make its own stack"
            " or heap smaller for this",
        )
    starts = accumulate(sizes, initial=free.base)
    arena = tuple(
        Region(array.symbol, start, array.bytes)
        for array, start in zip(arrays, starts, strict=False)
    )
    size = min(free.size - taken, manifest.stack_reserved)
    stack = Region("stack", free.end - size, size)
    hook = code[-1].base
    return Room(hook, hook + len(_HOOK), arena, free.base + sum(sizes), stack)


def _with_arena(names: Image, arrays: Sequence[ArenaArray], room: Room) -> Image:
    """The library's pointers to an arena have the names that its own arrays would have."""
    given = {
        array.symbol: Symbol(array.symbol, place.base, place.size, False)
        for array, place in zip(arrays, room.arena, strict=True)
    }
    return replace(names, symbols={**names.symbols, **given})


def _flash_outside(region: Region) -> ctypes.Array[ctypes.c_ubyte]:
    return (ctypes.c_ubyte * region.size).from_buffer_copy(ERASED * region.size)


def _rounded(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT


def _gaps(memory: Region, parts: Sequence[Part]) -> list[Region]:
    """What no part takes of a memory, from an aligned address to an aligned address."""
    gaps, low = [], memory.base
    ends = [*(part for part in parts if part.address in memory), None]
    for part in ends:
        high = memory.end if part is None else part.address
        begin, end = _rounded(low), high // _ALIGNMENT * _ALIGNMENT
        gaps.append(Region(memory.name, begin, max(end - begin, 0)))
        low = max(low, high if part is None else part.end)
    return gaps


def _contents(flash: Region, parts: Sequence[Part], room: Room) -> bytes:
    contents = bytearray(ERASED * flash.size)
    placed = [(part.address, part.data) for part in parts if part.address in flash]
    for address, data in (*placed, (room.hook, _HOOK), (room.returns, _RETURN)):
        if data is not None:
            contents[address - flash.base : address - flash.base + len(data)] = data
    return bytes(contents)
