"""The virtual board: boots the bytes of ``firmware.bin`` and talks over its serial line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from mcugen.boards import Board, Region
from mcugen.errors import BoardError, DeviceError
from mcugen.image import ERASED, Image
from mcugen.protocol.session import Session
from mcugen.sim.call_chain import call_chain
from mcugen.sim.cpu import Cpu, Stopped
from mcugen.sim.external_memory import ExternalMemory
from mcugen.sim.flash_memory import FlashMemory, PowerCut
from mcugen.sim.peripherals import PAGE, Bus, Faults, SerialLine, Signals
from mcugen.sim.peripherals_cortex_m import add_core
from mcugen.sim.peripherals_mps2 import add_mps2
from mcugen.sim.peripherals_stm32_flash import FlashController, FlashPort
from mcugen.sim.peripherals_stm32f4 import add_stm32f4
from mcugen.sim.peripherals_stm32f7 import add_stm32f7
from mcugen.sim.trace import RunTrace
from mcugen.sim.waiting import PATIENCE_SECONDS, Waiting
from mcugen.sim.watch import Library, ModelWatch, PieceCallback

UNWRITTEN = 0xA5
"""What RAM holds at power-up, so that nothing can rely on zeros and the stack's depth shows."""

_LEAST_LIMIT = 1_000_000_000
_INSTRUCTIONS_A_MAC = 50
"""Pointwise convolutions take 2 to 3, depthwise ones 6 to 20."""

_SLICE = 50_000_000
"""A board without a limit looks after so many instructions whether its reader was interrupted."""

_FAMILIES: Mapping[
    str, Callable[[Bus, Board, SerialLine, Faults, Sequence[ExternalMemory]], None]
] = {
    "mps2": lambda bus, board, line, _faults, _externals: add_mps2(bus, board, line),
    "stm32f4": add_stm32f4,
    "stm32f7": add_stm32f7,
}


def instruction_limit(macs: int) -> int:
    """How long firmware with a model of so much work may compute before it waits for a byte again:
    generous, so that what reaches it computes without end."""
    return _LEAST_LIMIT + _INSTRUCTIONS_A_MAC * macs


def is_modelled(board: Board) -> bool:
    """Whether the virtual board has the board's peripherals, and can boot its firmware."""
    return board.chip.family in _FAMILIES


def check_modelled(board: Board) -> None:
    """Raises BoardError B003 for a board whose peripherals the virtual board does not have."""
    if not is_modelled(board):
        raise BoardError(
            "B003",
            f"the virtual board has no peripherals of the family {board.chip.family}",
            hint=f"it has {', '.join(sorted(_FAMILIES))}",
        )


class VirtualBoard:
    """A board from its description and an image. It is a port for ``protocol.Session``.

    ``flash`` is what the chip holds and may change; the processor then starts at its first
    address, as every chip does. Without it the flash holds nothing but the image, whose
    application is started directly. ``boot_address`` overrides both. ``image`` names what runs;
    without one there is no watching the model. ``on_piece`` is told every layer's output,
    ``library`` is what is watched and run. A
    ``read`` lets the firmware wait at least ``least_wait_seconds`` of its own time and compute for
    ``limit`` instructions, None: for ever, as a chip does. Raises BoardError B003 when the virtual
    board does not have the chip's peripherals, or the image does not lie in the flash.
    """

    def __init__(
        self,
        board: Board,
        image: Image | None,
        *,
        flash: FlashMemory | None = None,
        on_piece: PieceCallback | None = None,
        library: Library = Library(),  # noqa: B008 - frozen
        boot_address: int | None = None,
        faults: Faults | None = None,
        least_wait_seconds: float = PATIENCE_SECONDS,
        limit: int | None = _LEAST_LIMIT,
    ) -> None:
        check_modelled(board)
        self.board = board
        self.resets = 0
        self.powered = True
        self._image = image
        self._faults = faults or Faults()
        self._limit = limit
        self._slice = _SLICE if limit is None else limit
        start = board.application.start if flash is None else board.flash.base
        self._boot_address = start if boot_address is None else boot_address
        self.flash = _flash_with(board, image) if flash is None else flash
        self._reset_wanted = self._pause = self._idle = self._interrupted = False
        region = self.flash.region
        self.cpu = Cpu(board.chip.core, region, self.flash.buffer, lambda: self._bus)
        self.cpu.on_flash_store(lambda *store: self._controller.store(*store))
        self._signals = Signals(self._on_poll, self._on_reset, lambda: self.cpu.instructions)
        self._waiting = Waiting(self._state, lambda: self.cpu.instructions, least_wait_seconds)
        self._deadline_seconds = 0.0
        self.externals = tuple(map(ExternalMemory, board.externals))
        self._bus, self._line, self._controller = self._peripherals()
        for memory in board.memory:
            self.cpu.map_ram(memory, UNWRITTEN)
        for external in self.externals:
            for segment in () if image is None else image.external:
                external.put(segment.load_address, segment.data)
            self.cpu.map_flash(external.region, external.buffer)
        self.cpu.map_registers(self._bus.pages())
        registers = tuple(Region("registers", page, PAGE) for page in self._bus.pages())
        self._watch = None
        if image is not None:
            writable = (*board.memory, *registers)
            stack = self._stack()
            self._watch = ModelWatch(self.cpu, image, writable, library, stack, on_piece)
            self._watch.follow_marks()
        self._session = Session(self, model=library.number)
        self._start()

    @property
    def idle(self) -> bool:
        """Whether nothing will happen until a byte comes in, however long that takes."""
        return self._idle

    def write(self, data: bytes) -> None:
        """Bytes from the host, which the firmware finds when it next looks."""
        if self.powered and self._startable:
            self._line.incoming.extend(data)
            self._idle = False

    def read(self, deadline_seconds: float) -> bytes:
        """What the firmware sends until it waits for a byte: nothing means that nothing will come.

        The clock on the wall has no say: the deadline counts as instructions, and only while the
        firmware waits for a byte but not without end. Raises DeviceError D003 for a crash and D001
        for a program that computes without end.
        """
        self._deadline_seconds = deadline_seconds
        if self.powered and self._startable:
            self._run_until_waiting()
        data = bytes(self._line.outgoing)
        self._line.outgoing.clear()
        return data

    def interrupt(self) -> None:
        """Ends a ``read`` that is under way in a signal handler's back."""
        self._interrupted = True
        self.cpu.stop()

    def power_off(self) -> None:
        """Pulls the plug: the processor stops, RAM is lost, the flash keeps what it has."""
        self.powered = False
        self._line.incoming.clear()

    def power_on(self) -> None:
        """As on the first day, with the flash as it is."""
        self.power_off()
        self.powered = True
        self.flash.power_on()
        for memory in self.board.memory:
            self.cpu.write(memory.base, bytes([UNWRITTEN]) * memory.size)
        self.cpu.flash_changed()
        self._reset()

    def register(self, address: int) -> int:
        """What the program would read from a register. Raises DeviceError D003 without one."""
        return self._bus.read(address, 4)

    def run(self, data: bytes) -> RunTrace:
        """One inference over the console protocol. Raises DeviceError and UsageError."""
        if self._watch is None:
            raise RuntimeError("a board without an image cannot watch a model")
        self._watch.begin()
        result = self._session.run(data)
        bottom, top = self._stack()
        return RunTrace(
            outputs=self._watch.outputs,
            crcs=tuple(layer.crc32 for layer in result.layers),
            instructions=result.instructions,
            output=result.output,
            stack_bytes=self._stack_used(),
            stack_reserved=top - bottom,
            stray_writes=tuple(self._watch.strays),
        )

    def _peripherals(self) -> tuple[Bus, SerialLine, FlashController]:
        bus, line = Bus(), SerialLine(self._signals)
        family = self.board.chip.family
        add_core(bus, self._signals, self.board.chip.core)
        _FAMILIES[family](bus, self.board, line, self._faults, self.externals)
        port = FlashPort(self.cpu.unlock_flash, self.cpu.flash_changed)
        controller = FlashController(self.flash, port, self._faults.slow_erase_seconds)
        if family != "mps2":
            controller.add_to(bus)
        return bus, line, controller

    def _run_until_waiting(self) -> None:
        self._pause = self._interrupted = False
        self._waiting.begin()
        while not (self._pause or self._idle or self._interrupted):
            try:
                finished = self.cpu.run(self._slice)
            except PowerCut:
                self.power_off()
                return
            except Stopped as stopped:
                raise self._crash(stopped) from None
            if not finished and self._limit is not None:
                raise DeviceError(
                    "D001",
                    f"the firmware computed for {self._limit:,} instructions and did not answer",
                    where=self._describe(self.cpu.pc),
                    hint="the virtual board's limit for this model's work: it seems to have no end",
                )
            if self._reset_wanted:
                self._reset()

    def _start(self) -> None:
        """A chip whose first sector is empty finds no first instruction and locks up."""
        vectors = self.flash.read(self._boot_address, 8)
        self._startable = vectors != ERASED * len(vectors)
        self._idle = not self._startable
        if self._startable:
            self.cpu.reset(self._boot_address)

    def _reset(self) -> None:
        """RAM keeps its contents; every register has its reset value."""
        self._reset_wanted = False
        self.resets += 1
        before = self._line
        self._bus, self._line, self._controller = self._peripherals()
        self._line.outgoing.extend(before.outgoing)
        self._line.incoming.extend(before.incoming)
        self._start()

    def _on_poll(self) -> None:
        """The firmware looks for a byte again, and there is none."""
        self.cpu.allow(self._slice)
        if self._waiting.is_endless():
            self._idle = True
        elif not self._line.outgoing and not self._waiting.is_over(self._deadline_seconds):
            return
        self._pause = True
        self.cpu.stop()

    def _state(self) -> object:
        """What differs between two polls that are not alike."""
        others = self._bus.reads - self._line.polls
        return (*self.cpu.state(), others, self._bus.writes)

    def _on_reset(self) -> None:
        self._reset_wanted = True
        self.cpu.stop()

    def _crash(self, stopped: Stopped) -> DeviceError:
        return DeviceError(
            "D003",
            stopped.what,
            where=f"{self._describe(stopped.pc)} (pc 0x{stopped.pc:08x})",
            details=() if self._image is None else self._callers(self._image),
            hint="a store or jump into nowhere in a layer is a bug in mcugen: please report it",
        )

    def _describe(self, address: int) -> str:
        return f"0x{address:08x}" if self._image is None else self._image.describe(address)

    def _callers(self, image: Image) -> tuple[str, ...]:
        details = [f"called from {name}" for name in call_chain(self.cpu, image)]
        bottom, _ = self._stack()
        if self.cpu.sp < bottom:
            details.append(
                f"the stack is {bottom - self.cpu.sp} bytes deeper than what is reserved"
            )
        return tuple(details)

    def _stack(self) -> tuple[int, int]:
        assert self._image is not None
        return self._image.address_of("_stack_bottom"), self._image.address_of("_stack_top")

    def _stack_used(self) -> int:
        bottom, top = self._stack()
        untouched = self.cpu.read(bottom, top - bottom)
        return len(untouched.lstrip(bytes([UNWRITTEN])))


def _flash_with(board: Board, image: Image | None) -> FlashMemory:
    """The flash of a board that holds an image and nothing else."""
    flash = FlashMemory(board.flash)
    if image is None:
        return flash
    end = image.load_address + len(image.bin)
    if image.load_address not in flash.region or end > flash.region.end:
        raise BoardError(
            "B003",
            f"the image does not lie in the flash of {board.id}",
            where=str(image.elf),
        )
    flash.put(image.load_address, image.bin)
    return flash
