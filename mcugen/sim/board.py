"""The virtual board: boots the bytes of ``firmware.bin`` and talks over its serial line."""

from __future__ import annotations

from mcugen.boards import Board, Region
from mcugen.errors import BoardError, DeviceError
from mcugen.image import ERASED, Image
from mcugen.protocol.session import Session
from mcugen.sim.call_chain import call_chain
from mcugen.sim.cpu import Cpu, Stopped
from mcugen.sim.peripherals import PAGE, Bus, Faults, SerialLine, Signals
from mcugen.sim.peripherals_cortex_m import add_core
from mcugen.sim.peripherals_mps2 import add_mps2
from mcugen.sim.peripherals_stm32f7 import add_stm32f7
from mcugen.sim.trace import RunTrace
from mcugen.sim.watch import LayerCallback, ModelWatch

UNWRITTEN = 0xA5
"""What RAM holds at power-up, so that nothing can rely on zeros and the stack's depth shows."""

INSTRUCTION_LIMIT = 1_000_000_000
"""How long the firmware may compute before it waits for a byte again: the 128-pixel MobileNetV1
of width 0.25 takes a twentieth of it for an inference."""


class VirtualBoard:
    """A board from its description and an image. It is a port for ``protocol.Session``.

    ``on_layer`` is told every layer's output. ``boot_address`` is where the processor finds its
    vector table after a reset; the application's, unless a loader comes first. Raises BoardError
    B003 when the virtual board does not have the chip's peripherals.
    """

    def __init__(
        self,
        board: Board,
        image: Image,
        *,
        on_layer: LayerCallback | None = None,
        boot_address: int | None = None,
        faults: Faults | None = None,
        instruction_limit: int = INSTRUCTION_LIMIT,
    ) -> None:
        self.board = board
        self.resets = 0
        self._image = image
        self._faults = faults or Faults()
        self._limit = instruction_limit
        self._boot_address = board.application.start if boot_address is None else boot_address
        self._reset_wanted = False
        self._idle = False
        flash = Region("flash", board.flash.base, board.flash.size)
        self.cpu = Cpu(board.chip.core, flash, self._flash_contents(flash), lambda: self._bus)
        self._signals = Signals(self._on_idle, self._on_reset, lambda: self.cpu.instructions)
        self._bus, self._line = self._peripherals()
        self._map_memory()
        self.cpu.reset(self._boot_address)
        registers = tuple(Region("registers", page, PAGE) for page in self._bus.pages())
        self._watch = ModelWatch(self.cpu, image, (*board.memory, *registers), on_layer)
        self._session = Session(self)

    def write(self, data: bytes) -> None:
        """Bytes from the host, which the firmware finds when it next looks."""
        self._line.incoming.extend(data)

    def read(self, deadline_seconds: float) -> bytes:
        """What the firmware sends until it waits for a byte: nothing means that nothing will come.

        Time is not modelled, so the deadline is not needed. Raises DeviceError D003 for a crash
        and D001 for a program that computes without end.
        """
        del deadline_seconds
        self._run_until_idle()
        data = bytes(self._line.outgoing)
        self._line.outgoing.clear()
        return data

    def register(self, address: int) -> int:
        """What the program would read from a register. Raises DeviceError D003 without one."""
        return self._bus.read(address, 4)

    def run(self, data: bytes) -> RunTrace:
        """One inference over the console protocol. Raises DeviceError and UsageError."""
        self._watch.begin()
        result = self._session.run(data)
        bottom, top = self._stack()
        return RunTrace(
            outputs=tuple(self._watch.outputs),
            crcs=tuple(layer.crc32 for layer in result.layers),
            instructions=tuple(layer.cycles for layer in result.layers),
            output=result.output,
            stack_bytes=self._stack_used(),
            stack_reserved=top - bottom,
            stray_writes=tuple(self._watch.strays),
        )

    def _peripherals(self) -> tuple[Bus, SerialLine]:
        bus, line = Bus(), SerialLine(self._signals)
        add_core(bus, self._signals)
        family = self.board.chip.family
        if family == "stm32f7":
            add_stm32f7(bus, self.board, line, self._faults)
        elif family == "mps2":
            add_mps2(bus, self.board, line)
        else:
            raise BoardError("B003", f"the virtual board has no peripherals of the family {family}")
        return bus, line

    def _flash_contents(self, flash: Region) -> bytes:
        image = self._image
        if image.load_address not in flash or image.load_address + len(image.bin) > flash.end:
            raise BoardError(
                "B003",
                f"the image does not lie in the flash of {self.board.id}",
                where=str(image.elf),
            )
        before = ERASED * (image.load_address - flash.base)
        return (before + image.bin).ljust(flash.size, ERASED)

    def _map_memory(self) -> None:
        for region in self.board.memory:
            self.cpu.map_ram(region, UNWRITTEN)
        self.cpu.map_registers(self._bus.pages())

    def _run_until_idle(self) -> None:
        self._idle = False
        while not self._idle:
            try:
                finished = self.cpu.run(self._limit)
            except Stopped as stopped:
                raise self._crash(stopped) from None
            if not finished:
                raise DeviceError(
                    "D001",
                    f"the firmware computes for {self._limit:,} instructions and does not answer",
                    where=self._image.describe(self.cpu.pc),
                )
            if self._reset_wanted:
                self._reset()

    def _reset(self) -> None:
        """RAM keeps its contents; every register has its reset value."""
        self._reset_wanted = False
        self.resets += 1
        sent = self._line.outgoing
        self._bus, self._line = self._peripherals()
        self._line.outgoing.extend(sent)
        self.cpu.reset(self._boot_address)

    def _on_idle(self) -> None:
        self._idle = True
        self.cpu.stop()

    def _on_reset(self) -> None:
        self._reset_wanted = True
        self.cpu.stop()

    def _crash(self, stopped: Stopped) -> DeviceError:
        describe = self._image.describe
        details = [f"called from {name}" for name in call_chain(self.cpu, self._image)]
        bottom, _ = self._stack()
        if self.cpu.sp < bottom:
            details.append(
                f"the stack is {bottom - self.cpu.sp} bytes deeper than what is reserved"
            )
        return DeviceError(
            "D003",
            stopped.what,
            where=f"{describe(stopped.pc)} (pc 0x{stopped.pc:08x})",
            details=tuple(details),
            hint="a store or jump into nowhere in a layer is a bug in mcugen: please report it",
        )

    def _stack(self) -> tuple[int, int]:
        return self._image.address_of("_stack_bottom"), self._image.address_of("_stack_top")

    def _stack_used(self) -> int:
        bottom, top = self._stack()
        untouched = self.cpu.read(bottom, top - bottom)
        return len(untouched.lstrip(bytes([UNWRITTEN])))
