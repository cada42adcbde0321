"""STM32F7 (RM0385, RM0410): the registers that the firmware may meet."""

from __future__ import annotations

from collections.abc import Sequence

from mcugen.boards import Board
from mcugen.errors import DeviceError
from mcugen.sim.external_memory import ExternalMemory
from mcugen.sim.peripherals import Bus, Faults, SerialLine
from mcugen.sim.peripherals_stm32 import Family, add_stm32
from mcugen.sim.peripherals_stm32_quadspi import Quadspi
from mcugen.sim.peripherals_stm32_usart import LAYOUT_F7, Usart

_F7 = Family(
    ports=11,
    acr_mask=0xB0F,
    ahb1_enabled=0x0010_0000,
    hz_without_overdrive=180_000_000,
    apb1_hz_max=54_000_000,
    apb2_hz_max=108_000_000,
    option_bytes=0x1FFF_0000,
    optcr=0xFFFF_AAFD,  # no protection, on the F767 a single bank
)


def add_stm32f7(
    bus: Bus,
    board: Board,
    line: SerialLine,
    faults: Faults,
    externals: Sequence[ExternalMemory] = (),
) -> None:
    """Clocks, power, flash timing, ports, console USART, identification, flash outside."""
    if board.clock.pll is None or board.console.wiring is None:
        raise DeviceError("D003", f"{board.id} lacks `clock.pll` or `console.wiring`")
    clocks = add_stm32(bus, board, _F7, faults)
    for memory in externals:
        Quadspi(bus, memory, clocks.core_hz)
    Usart(bus, board, board.console.wiring, LAYOUT_F7, clocks, line)
