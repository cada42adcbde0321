"""The USART of STM32F4 (RM0390) and STM32F7 (RM0385). Zero time passes on the line.

The line stays silent while pins, baud rate or enable bits are wrong, as on a board. The
transmitter always has room.
"""

from __future__ import annotations

from dataclasses import dataclass

from mcugen.boards import Board, Wiring
from mcugen.sim.peripherals import Bus, SerialLine, Storage
from mcugen.sim.peripherals_stm32 import Clocks, PinState, add_gated

_RE, _TE = 1 << 2, 1 << 3
_RXNE, _TC, _TXE = 1 << 5, 1 << 6, 1 << 7
_EVEN_PARITY = 1 << 10
_ODD = 1 << 9
_NINE_BITS = 1 << 12
_BAUD_TOLERANCE = 0.025


@dataclass(frozen=True)
class UsartLayout:
    """Offsets of the registers, and the bit of CR1 that switches the unit on. ``plain`` names
    registers that only keep what is written, ``write_only`` such that read as zero."""

    status: int
    receive: int
    transmit: int
    divisor: int
    control: int
    enable: int
    plain: tuple[tuple[str, int], ...]
    write_only: tuple[tuple[str, int], ...] = ()


LAYOUT_F4 = UsartLayout(
    status=0x00,
    receive=0x04,
    transmit=0x04,
    divisor=0x08,
    control=0x0C,
    enable=1 << 13,
    plain=(("CR2", 0x10), ("CR3", 0x14), ("GTPR", 0x18)),
)
LAYOUT_F7 = UsartLayout(
    status=0x1C,
    receive=0x24,
    transmit=0x28,
    divisor=0x0C,
    control=0x00,
    enable=1 << 0,
    plain=(("CR2", 0x04), ("CR3", 0x08)),
    write_only=(("RQR", 0x18), ("ICR", 0x20)),
)


class Usart:
    """The console's USART: 8 data bits without parity, or with parity in a ninth bit."""

    def __init__(
        self,
        bus: Bus,
        board: Board,
        wiring: Wiring,
        layout: UsartLayout,
        clocks: Clocks,
        line: SerialLine,
    ) -> None:
        self._bus = bus
        self._line = line
        self._layout = layout
        self._set_up_at = -1
        self._receives = self._sends = False
        self._baud = board.console.baud
        self._runs = clocks.gate(wiring.enable_register, wiring.enable_bit)
        self._clocks, self._enable_register = clocks, wiring.enable_register
        self._tx, self._rx = PinState(bus, wiring.tx), PinState(bus, wiring.rx)
        self._control, self._divisor = Storage(), Storage(mask=0xFFFF)
        self._add_registers(board.console.peripheral, board.console.base)

    def _add_registers(self, name: str, base: int) -> None:
        bus, layout = self._bus, self._layout
        for register, offset, storage in (
            ("CR1", layout.control, self._control),
            ("BRR", layout.divisor, self._divisor),
            *((register, offset, Storage()) for register, offset in layout.plain),
            *((register, offset, Storage(mask=0)) for register, offset in layout.write_only),
        ):
            add_gated(bus, f"{name}_{register}", base + offset, storage, self._runs)
        # SR of the F4 can be written, which clears flags that never stand here.
        bus.add(f"{name}_SR", base + layout.status, self._status)
        if layout.receive == layout.transmit:
            bus.add(f"{name}_DR", base + layout.receive, self._take, self._send)
        else:
            bus.add(f"{name}_RDR", base + layout.receive, self._take)
            bus.add(f"{name}_TDR", base + layout.transmit, lambda: 0, self._send)

    def _status(self) -> int:
        if self._set_up_at != self._bus.writes:
            self._look_at_set_up()
        received = self._receives and self._line.has_input()
        has_room = self._runs() and self._control.value & _TE
        return (_RXNE if received else 0) | (_TXE | _TC if has_room else 0)

    def _take(self) -> int:
        """The ninth bit of what was received is its parity bit."""
        self._look_at_set_up()
        if not self._receives:
            return 0
        byte = self._line.take()
        control = self._control.value
        if not control & _EVEN_PARITY:
            return byte
        is_odd = byte.bit_count() & 1
        return byte | (is_odd ^ bool(control & _ODD)) << 8

    def _send(self, value: int) -> None:
        self._look_at_set_up()
        if self._sends:
            self._line.send(value)

    def _look_at_set_up(self) -> None:
        """Whether bytes get through; every byte asks, so the answer is kept until a write."""
        if self._set_up_at == self._bus.writes:
            return
        self._set_up_at = self._bus.writes
        works = (
            self._runs()
            and bool(self._control.value & self._layout.enable)
            and bool(self._control.value & _NINE_BITS) == bool(self._control.value & _EVEN_PARITY)
            and self._baud_fits()
        )
        self._receives = works and bool(self._control.value & _RE) and self._rx.connected()
        self._sends = works and bool(self._control.value & _TE) and self._tx.connected()

    def _baud_fits(self) -> bool:
        divisor = self._divisor.value
        if divisor < 16:
            return False
        hz = self._clocks.bus_hz(self._enable_register)
        return abs(hz / divisor / self._baud - 1) <= _BAUD_TOLERANCE
