"""ARM MPS2 boards: one CMSDK UART."""

from __future__ import annotations

from mcugen.boards import Board
from mcugen.sim.peripherals import Bus, SerialLine, Storage

_TX_ENABLE = 1 << 0
_RX_ENABLE = 1 << 1
_RX_FULL = 1 << 1


def add_mps2(bus: Bus, board: Board, line: SerialLine) -> None:
    """The console's UART (ARM DDI 0479)."""
    base = board.console.base
    uart = _CmsdkUart(line, bus.storage("UART_CTRL", base + 0x08, mask=0x7F))
    bus.add("UART_DATA", base + 0x00, uart.read_data, uart.write_data)
    bus.add("UART_STATE", base + 0x04, uart.state)
    bus.storage("UART_BAUDDIV", base + 0x10, mask=0xF_FFFF)


class _CmsdkUart:
    def __init__(self, line: SerialLine, control: Storage) -> None:
        self._line = line
        self._control = control

    def state(self) -> int:
        receives = self._control.value & _RX_ENABLE
        return _RX_FULL if receives and self._line.has_input() else 0

    def read_data(self) -> int:
        return self._line.take()

    def write_data(self, value: int) -> None:
        if self._control.value & _TX_ENABLE:
            self._line.send(value)
