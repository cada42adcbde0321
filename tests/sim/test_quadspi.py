"""The QUADSPI of the virtual board: the flash can be read when all is as it must be."""

from __future__ import annotations

import pytest

from mcugen.boards import load_board
from mcugen.errors import DeviceError
from mcugen.sim.external_memory import ExternalMemory
from mcugen.sim.peripherals import Bus, Faults, SerialLine, Signals
from mcugen.sim.peripherals_stm32_quadspi import Quadspi
from mcugen.sim.peripherals_stm32f7 import add_stm32f7

RCC_AHB1ENR, RCC_AHB3RSTR, RCC_AHB3ENR = 0x4002_3830, 0x4002_3818, 0x4002_3838
CR, DCR, SR, FCR, CCR = (0xA000_1000 + offset for offset in (0x00, 0x04, 0x08, 0x0C, 0x14))
ONE_LINE, FOUR_LINES = 0x0D00_2503, 0x0F20_256B
"""Memory-mapped: 03h without dummy cycles, 6Bh with eight."""
RESET_ENABLE, DONE = 0x166, 1 << 1
SIZE = 23 << 16
CLOCK = 1 << 1
DISCO = load_board("stm32f746g-disco")
CONTENTS = b"\x12\x34\x56\x78"


class Chip:
    """A 32F746GDISCOVERY's registers after a reset, with the core at another clock if need be."""

    def __init__(self, core_hz: int = 16_000_000) -> None:
        self.bus = Bus()
        self.memory = ExternalMemory(DISCO.externals[0])
        self.memory.put(DISCO.externals[0].base, CONTENTS)
        line = SerialLine(Signals(lambda: None, lambda: None, lambda: 0))
        add_stm32f7(self.bus, DISCO, line, Faults(), [])
        Quadspi(self.bus, self.memory, lambda: core_hz)

    def __getitem__(self, address: int) -> int:
        return self.bus.read(address, 4)

    def __setitem__(self, address: int, value: int) -> None:
        self.bus.write(address, 4, value)

    @property
    def seen(self) -> bytes:
        """What the core reads at the flash's start."""
        return bytes(self.memory.buffer[: len(CONTENTS)])

    def connect_pins(self, *, but: str = "") -> None:
        self[RCC_AHB1ENR] = 0x7FF
        for pin in DISCO.externals[0].pins:
            if pin.name == but:
                continue
            base = 0x4002_0000 + 0x400 * pin.port_index
            self[base] |= 2 << 2 * pin.pin
            self[base + 0x20 + 4 * (pin.pin // 8)] |= pin.function << 4 * (pin.pin % 8)

    def start(self, *, but: str = "", prescaler: int = 0, size: int = SIZE) -> None:
        """All but the read itself."""
        self.connect_pins(but=but)
        self[RCC_AHB3ENR] = CLOCK
        self[DCR] = size
        self[CR] = prescaler << 24 | 1


@pytest.fixture
def chip() -> Chip:
    return Chip()


@pytest.mark.parametrize("read", [ONE_LINE, FOUR_LINES])
def test_the_flash_appears(chip: Chip, read: int) -> None:
    chip.start()
    assert chip.seen != CONTENTS
    chip[CCR] = read
    assert chip.seen == CONTENTS


def test_a_unit_without_clock_ignores_writes(chip: Chip) -> None:
    chip.connect_pins()
    chip[DCR], chip[CR] = SIZE, 1
    chip[CCR] = FOUR_LINES
    assert chip[CR] == chip[DCR] == chip[CCR] == 0
    assert chip.seen != CONTENTS


def test_a_unit_that_is_off_reads_nothing(chip: Chip) -> None:
    chip.start()
    chip[CR] = 0
    chip[CCR] = FOUR_LINES
    assert chip.seen != CONTENTS


def test_a_reset_takes_the_flash_away(chip: Chip) -> None:
    chip.start()
    chip[CCR] = FOUR_LINES
    chip[RCC_AHB3RSTR] = CLOCK
    assert chip.seen != CONTENTS
    chip[CR] = 1
    assert chip[CR] == 0  # held in reset
    chip[RCC_AHB3RSTR] = 0
    assert chip[CR] == chip[DCR] == chip[CCR] == 0


def test_commands_end(chip: Chip) -> None:
    chip.start()
    assert chip[SR] == 0
    chip[CCR] = RESET_ENABLE
    assert chip[SR] == DONE
    chip[FCR] = DONE
    assert chip[SR] == 0


@pytest.mark.parametrize("command", [0x19F, 0x0300_0166, 0x0F24_256B, 0x0D00_250B, 0x0F20_356B])
def test_what_the_flash_would_not_answer(chip: Chip, command: int) -> None:
    """Another instruction, data with a reset, other dummy cycles, 03h's lines, 32-bit addresses."""
    chip.start()
    with pytest.raises(DeviceError, match="does not know"):
        chip[CCR] = command


@pytest.mark.parametrize("pin", [pin.name for pin in DISCO.externals[0].pins])
def test_every_pin_is_needed(pin: str) -> None:
    chip = Chip()
    chip.start(but=pin)
    with pytest.raises(DeviceError, match=f"{pin} is not connected"):
        chip[CCR] = FOUR_LINES


def test_the_size_must_be_the_flashs(chip: Chip) -> None:
    chip.start(size=22 << 16)
    with pytest.raises(DeviceError, match="another size"):
        chip[CCR] = FOUR_LINES


@pytest.mark.parametrize(
    ("divider", "read", "answers"),
    [(4, ONE_LINE, True), (3, ONE_LINE, False), (2, FOUR_LINES, True), (1, FOUR_LINES, False)],
)
def test_the_highest_clock(divider: int, read: int, answers: bool) -> None:
    chip = Chip(core_hz=216_000_000)
    chip.start(prescaler=divider - 1)
    if answers:
        chip[CCR] = read
        assert chip.seen == CONTENTS
    else:
        with pytest.raises(DeviceError, match="too fast"):
            chip[CCR] = read
