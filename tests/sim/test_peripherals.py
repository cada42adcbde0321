"""Registers that answer as the manual says, and only under its conditions."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from mcugen.boards import load_board
from mcugen.errors import DeviceError
from mcugen.sim.peripherals import Bus, Faults, SerialLine, Signals
from mcugen.sim.peripherals_cortex_m import add_core
from mcugen.sim.peripherals_stm32f4 import add_stm32f4
from mcugen.sim.peripherals_stm32f7 import add_stm32f7

RCC_CR, RCC_PLLCFGR, RCC_CFGR = 0x4002_3800, 0x4002_3804, 0x4002_3808
RCC_AHB1ENR, RCC_APB1ENR = 0x4002_3830, 0x4002_3840
PWR_CR1, PWR_CSR1, FLASH_ACR = 0x4000_7000, 0x4000_7004, 0x4002_3C00
USART_CR1, USART_BRR, USART_ISR, USART_RDR, USART_TDR = (
    0x4000_4800 + offset for offset in (0x00, 0x0C, 0x1C, 0x24, 0x28)
)
GPIOD_MODER, GPIOD_AFRH = 0x4002_0C00, 0x4002_0C24
CCR, DCISW, DATA_CACHE_ON = 0xE000_ED14, 0xE000_EF60, 1 << 16
DEMCR, DWT_LAR, DWT_CTRL, DWT_CYCCNT = 0xE000_EDFC, 0xE000_1FB0, 0xE000_1000, 0xE000_1004

HSI_ON, PLL_ON, PLL_READY = 1, 1 << 24, 1 << 25


@dataclass
class Chip:
    """A bus with an F746's registers, and what they signal."""

    faults: Faults = field(default_factory=Faults)
    bus: Bus = field(default_factory=Bus)
    idle: int = 0
    resets: int = 0
    instructions: int = 1000

    def __post_init__(self) -> None:
        signals = Signals(self._idle, self._reset, lambda: self.instructions)
        self.line = SerialLine(signals)
        add_core(self.bus, signals)
        add_stm32f7(self.bus, load_board("nucleo-f746zg"), self.line, self.faults)

    def __getitem__(self, address: int) -> int:
        return self.bus.read(address, 4)

    def __setitem__(self, address: int, value: int) -> None:
        self.bus.write(address, 4, value)

    def _idle(self) -> None:
        self.idle += 1

    def _reset(self) -> None:
        self.resets += 1

    def start_pll(self) -> None:
        self[RCC_APB1ENR] = 1 << 28
        self[RCC_PLLCFGR] = 0x2900_3608
        self[RCC_CR] = HSI_ON | PLL_ON

    def start_overdrive(self) -> None:
        self[PWR_CR1] = 0xC000 | 1 << 16
        self[PWR_CR1] = 0xC000 | 3 << 16

    def connect(self, divisor: int) -> None:
        """USART3 on PD8 and PD9 with the reset clock."""
        self[RCC_APB1ENR] = 1 << 18
        self[RCC_AHB1ENR] = 1 << 3
        self[GPIOD_MODER] = 0b1010 << 16
        self[GPIOD_AFRH] = 0x77
        self[USART_BRR] = divisor
        self[USART_CR1] = 0b1101


class F446(Chip):
    """USART2 on PA2 and PA3, with the older layout of registers; a Cortex-M4."""

    SR, DR, BRR, CR1 = 0x4000_4400, 0x4000_4404, 0x4000_4408, 0x4000_440C
    UE_RE_TE = 1 << 13 | 0b1100

    def __post_init__(self) -> None:
        signals = Signals(self._idle, self._reset, lambda: self.instructions)
        self.line = SerialLine(signals)
        add_core(self.bus, signals, "cortex-m4")
        add_stm32f4(self.bus, load_board("nucleo-f446re"), self.line, self.faults)

    def connect(self, divisor: int) -> None:
        self[RCC_APB1ENR] = 1 << 17
        self[RCC_AHB1ENR] = 1 << 0
        self[0x4002_0000] = 0b1010 << 4
        self[0x4002_0020] = 0x7700
        self[self.BRR] = divisor
        self[self.CR1] = self.UE_RE_TE


def test_full_speed() -> None:
    chip = Chip()
    chip.start_pll()
    assert chip[RCC_CR] & PLL_READY
    chip.start_overdrive()
    assert chip[PWR_CSR1] & 3 << 16 == 3 << 16
    chip[FLASH_ACR] = 7
    chip[RCC_CFGR] = 0x9402
    assert chip[RCC_CFGR] & 0xF == 0xA, "SWS follows SW"


def test_a_pll_that_never_locks_is_never_used() -> None:
    chip = Chip(Faults(pll_never_locks=True))
    chip.start_pll()
    chip.start_overdrive()
    chip[RCC_CFGR] = 2
    assert not chip[RCC_CR] & PLL_READY
    assert not chip[PWR_CSR1] & 3 << 16
    assert chip[RCC_CFGR] & 0xC == 0


def test_power_needs_its_clock() -> None:
    chip = Chip()
    chip[PWR_CR1] = 0xC000 | 1 << 16
    assert chip[PWR_CR1] == 0
    chip[RCC_APB1ENR] = 1 << 28
    assert chip[PWR_CR1] == 0xC000


def test_too_few_wait_states() -> None:
    chip = Chip()
    chip.start_pll()
    chip.start_overdrive()
    chip[FLASH_ACR] = 6
    with pytest.raises(DeviceError, match="6 flash wait states is too fast"):
        chip[RCC_CFGR] = 0x9402


def test_no_overdrive() -> None:
    chip = Chip()
    chip.start_pll()
    chip[FLASH_ACR] = 7
    with pytest.raises(DeviceError, match="without overdrive"):
        chip[RCC_CFGR] = 0x9402


def test_buses_too_fast() -> None:
    chip = Chip()
    chip.start_pll()
    chip.start_overdrive()
    chip[FLASH_ACR] = 7
    with pytest.raises(DeviceError, match="buses are too fast"):
        chip[RCC_CFGR] = 0x8002


def test_pll_is_not_changed_while_it_runs() -> None:
    chip = Chip()
    chip.start_pll()
    with pytest.raises(DeviceError, match="PLLCFGR"):
        chip[RCC_PLLCFGR] = 0x2900_3608


@pytest.mark.parametrize("divisor", [139, 138, 136, 142])
def test_bytes_get_through_at_the_right_baud_rate(divisor: int) -> None:
    chip = Chip()
    chip.connect(divisor)
    chip.line.incoming.extend(b"in")
    assert chip[USART_ISR] & 1 << 5
    assert bytes((chip[USART_RDR], chip[USART_RDR])) == b"in"
    chip[USART_TDR] = ord("o")
    assert chip.line.outgoing == b"o"


@pytest.mark.parametrize(
    ("address", "value"),
    [
        (USART_BRR, 469),
        (USART_BRR, 130),
        (USART_BRR, 0),
        (USART_CR1, 0b1100),
        (USART_CR1, 0),
        (GPIOD_MODER, 0b0101 << 16),
        (GPIOD_AFRH, 0x88),
        (RCC_APB1ENR, 0),
        (RCC_AHB1ENR, 0),
    ],
)
def test_one_wrong_setting_and_the_line_is_silent(address: int, value: int) -> None:
    chip = Chip()
    chip.connect(139)
    chip[address] = value
    chip.line.incoming.extend(b"in")
    assert not chip[USART_ISR] & 1 << 5
    chip[USART_TDR] = ord("o")
    assert chip.line.outgoing == b""


def test_waiting_for_a_byte_is_noticed() -> None:
    chip = Chip()
    chip.connect(139)
    for _ in range(3):
        chip[USART_ISR]
        chip[USART_TDR] = 0
    assert chip.idle == 0, "asking before each byte that is sent is not waiting"
    chip[USART_ISR]
    chip[USART_ISR]
    assert chip.idle == 1


def test_cycle_counter_is_locked_and_off_at_first() -> None:
    chip = Chip()
    chip[DEMCR] = 1 << 24
    chip[DWT_CTRL] = 1
    assert chip[DWT_CYCCNT] == 0
    chip[DWT_LAR] = 0xC5AC_CE55
    chip[DWT_CYCCNT] = 0
    chip[DWT_CTRL] = 1
    chip.instructions += 7
    assert chip[DWT_CYCCNT] == 7
    chip[DWT_CTRL] = 0
    chip.instructions += 7
    assert chip[DWT_CYCCNT] == 7
    chip[DWT_CTRL] = 1
    chip.instructions += 7
    assert chip[DWT_CYCCNT] == 14


def test_cycle_counter_needs_tracing() -> None:
    chip = Chip()
    chip[DWT_LAR] = 0xC5AC_CE55
    chip[DWT_CTRL] = 1
    chip.instructions += 7
    assert chip[DWT_CYCCNT] == 0


def test_reset_needs_its_key() -> None:
    chip = Chip()
    chip[0xE000_ED0C] = 4
    assert chip.resets == 0
    chip[0xE000_ED0C] = 0x05FA_0004
    assert chip.resets == 1


def test_identification() -> None:
    chip = Chip()
    assert chip.bus.read(0x1FF0_F442, 2) == 1024
    assert chip[0x1FF0_F420] != chip[0x1FF0_F424]


def test_narrow_accesses() -> None:
    chip = Chip()
    assert chip.bus.read(RCC_APB1ENR + 1, 1) == 0
    with pytest.raises(DeviceError, match="RCC_APB1ENR is written 1 bytes wide"):
        chip.bus.write(RCC_APB1ENR, 1, 1)


def test_registers_that_are_not_modelled() -> None:
    chip = Chip()
    with pytest.raises(DeviceError, match="0x40023810 is read"):
        chip[RCC_CR + 0x10]


def test_parity_needs_a_ninth_bit() -> None:
    """Which then is what the receiver finds above the byte: 8E1."""
    chip = Chip()
    chip.connect(139)
    chip[USART_CR1] = 0b1101 | 1 << 10
    chip.line.incoming.extend(b"\x7f\x79")
    assert not chip[USART_ISR] & 1 << 5
    chip[USART_CR1] = 0b1101 | 1 << 10 | 1 << 12
    assert chip[USART_ISR] & 1 << 5
    assert [chip[USART_RDR], chip[USART_RDR]] == [0x17F, 0x179]
    chip[USART_TDR] = 0x79
    assert chip.line.outgoing == b"\x79"


def test_f446_speaks_through_one_data_register() -> None:
    chip = F446()
    chip.connect(139)
    chip.line.incoming.extend(b"in")
    assert chip[F446.SR] & 1 << 5
    assert bytes((chip[F446.DR], chip[F446.DR])) == b"in"
    assert not chip[F446.SR] & 1 << 5
    chip[F446.DR] = ord("o")
    assert chip.line.outgoing == b"o"


@pytest.mark.parametrize(
    ("address", "value"), [(F446.CR1, 0b1101), (F446.BRR, 1000), (0x4002_0020, 0x8800)]
)
def test_f446_with_one_wrong_setting_is_silent(address: int, value: int) -> None:
    chip = F446()
    chip.connect(139)
    chip[address] = value
    chip[F446.DR] = ord("o")
    assert chip.line.outgoing == b""


def test_f446_at_full_speed() -> None:
    chip = F446()
    chip[RCC_APB1ENR] = 1 << 28
    chip[RCC_PLLCFGR] = 0x2800_0000 | 8 | 180 << 6
    chip[RCC_CR] = HSI_ON | PLL_ON
    chip[FLASH_ACR] = 0x705
    with pytest.raises(DeviceError, match="without overdrive"):
        chip[RCC_CFGR] = 0x9402
    chip[RCC_CFGR] = 0
    chip.start_overdrive()
    with pytest.raises(DeviceError, match="buses are too fast"):
        chip[RCC_CFGR] = 0x8002
    chip[RCC_CFGR] = 0x9402
    assert chip[RCC_CFGR] & 0xF == 0xA


def test_a_cortex_m4_has_no_caches_and_no_lock() -> None:
    chip = F446()
    chip[DEMCR] = 1 << 24
    chip[DWT_CTRL] = 1
    chip.instructions += 7
    assert chip[DWT_CYCCNT] == 7
    with pytest.raises(DeviceError, match="no register"):
        chip[0xE000_ED80]


def test_option_bytes_can_be_read_only() -> None:
    chip = Chip()
    assert chip[0x1FFF_0008] & 0xFFFF == chip[0x4002_3C14] >> 16
    with pytest.raises(DeviceError, match="option bytes"):
        chip[0x4002_3C14] = 0
    with pytest.raises(DeviceError, match="no register"):
        chip[0x4002_3C08] = 0x0819_2A3B


def test_data_cache_wants_every_line_invalidated_first() -> None:
    lines = [(way << 30) | (place << 5) for way in range(4) for place in range(32)]
    for missing in (None, 0, 31, 32, 127):
        chip = Chip()
        for number, line in enumerate(lines):
            if number != missing:
                chip[DCISW] = line
        if missing is None:
            chip[CCR] |= DATA_CACHE_ON
            assert chip[CCR] & DATA_CACHE_ON
            continue
        with pytest.raises(DeviceError, match="while 1 lines hold chance bits"):
            chip[CCR] |= DATA_CACHE_ON


def test_data_cache_is_not_invalidated_while_it_is_on() -> None:
    chip = Chip()
    for line in range(4 * 32):
        chip[DCISW] = (line % 4 << 30) | (line // 4 << 5)
    chip[CCR] |= DATA_CACHE_ON
    with pytest.raises(DeviceError, match="while it may hold data"):
        chip[DCISW] = 0
