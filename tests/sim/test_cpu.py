"""The processor model: counting, hooks, memory that is not there."""

from __future__ import annotations

import struct

import pytest

from mcugen.boards import Region
from mcugen.errors import DeviceError
from mcugen.sim.cpu import Access, Cpu, Stopped
from mcugen.sim.peripherals import Bus

FLASH = Region("flash", 0x0800_0000, 0x1000)
RAM = Region("ram", 0x2000_0000, 0x1000)
REGISTERS = 0x4000_0000
START = FLASH.base + 8

MOVS_R0_10 = 0x200A
SUBS_R0_1 = 0x3801
BNE_BACK_2 = 0xD1FD  # to the instruction before
NOP = 0xBF00
NOP_W = (0xF3AF, 0x8000)
STR_R1_R1 = 0x6009  # str r1, [r1]
LDR_R1_R1 = 0x6809
UDF = 0xDE00
SVC = 0xDF00
B_SELF = 0xE7FE


def program(*halfwords: int, r1: int = 0) -> tuple[Cpu, Bus]:
    """A processor that is about to run these halfwords, with a value in r1."""
    bus = Bus()
    bus.storage("A", REGISTERS)
    load_r1 = (
        0xF240 | (r1 >> 12 & 0xF) | (r1 >> 1 & 0x400),
        (r1 << 4 & 0x7000) | 0x100 | (r1 & 0xFF),
    )
    high = r1 >> 16
    load_r1_high = (
        0xF2C0 | (high >> 12 & 0xF) | (high >> 1 & 0x400),
        (high << 4 & 0x7000) | 0x100 | (high & 0xFF),
    )
    code = struct.pack(f"<{4 + len(halfwords)}H", *load_r1, *load_r1_high, *halfwords)
    vectors = struct.pack("<II", RAM.end, START | 1)
    contents = (vectors + code).ljust(FLASH.size, b"\xff")
    cpu = Cpu("cortex-m7", FLASH, contents, lambda: bus)
    cpu.map_ram(RAM, 0xA5)
    cpu.map_registers(bus.pages())
    cpu.reset(FLASH.base)
    return cpu, bus


def test_instructions_of_both_sizes_are_counted_one_each() -> None:
    cpu, _ = program(MOVS_R0_10, SUBS_R0_1, BNE_BACK_2, NOP, *NOP_W, *NOP_W, UDF)
    with pytest.raises(Stopped, match="undefined"):
        cpu.run(1000)
    assert cpu.instructions == 2 + 1 + 10 * 2 + 3 + 1


def test_reset_takes_stack_and_start_from_the_vector_table() -> None:
    cpu, _ = program(UDF)
    assert (cpu.sp, cpu.pc) == (RAM.end, START)


def test_limit() -> None:
    cpu, _ = program(B_SELF)
    assert cpu.run(500) is False
    assert 500 < cpu.instructions < 510


@pytest.mark.parametrize(
    ("instruction", "r1", "access"),
    [
        (STR_R1_R1, 0x2000_1000, Access("stores to", 0x2000_1000)),
        (STR_R1_R1, 0x1FFF_FFFC, Access("stores to", 0x1FFF_FFFC)),
        (STR_R1_R1, FLASH.base, Access("stores to", FLASH.base)),
        (LDR_R1_R1, 0x3000_0000, Access("reads", 0x3000_0000)),
    ],
)
def test_memory_that_is_not_there(instruction: int, r1: int, access: Access) -> None:
    cpu, _ = program(NOP, instruction, UDF, r1=r1)
    with pytest.raises(Stopped) as caught:
        cpu.run(1000)
    assert caught.value.access == access
    assert caught.value.pc == START + 10


def test_an_exception_ends_the_run() -> None:
    cpu, _ = program(SVC)
    with pytest.raises(Stopped, match="SVC"):
        cpu.run(1000)


def test_registers_are_on_the_bus() -> None:
    cpu, bus = program(STR_R1_R1, UDF, r1=REGISTERS)
    with pytest.raises(Stopped, match="undefined"):
        cpu.run(1000)
    assert bus.read(REGISTERS, 4) == REGISTERS


def test_a_register_that_is_not_there() -> None:
    cpu, _ = program(STR_R1_R1, UDF, r1=REGISTERS + 8)
    with pytest.raises(Stopped, match="0x40000008 is written, where"):
        cpu.run(1000)


def test_hooks_on_code_and_stores() -> None:
    cpu, _ = program(STR_R1_R1, NOP, UDF, r1=RAM.base + 8)
    seen: list[tuple[str, int]] = []
    cpu.on_execution(START + 10, lambda: seen.append(("at", cpu.pc)))
    cpu.on_store(RAM.base + 8, RAM.base + 12, lambda address, size: seen.append(("to", address)))
    cpu.on_store(RAM.base + 12, RAM.end, lambda address, size: seen.append(("no", address)))
    with pytest.raises(Stopped):
        cpu.run(1000)
    assert seen == [("to", RAM.base + 8), ("at", START + 10)]


def test_what_a_hook_raises_comes_out() -> None:
    def fail() -> None:
        raise DeviceError("D002", "enough")

    cpu, _ = program(NOP, NOP, UDF)
    cpu.on_execution(START + 8, fail)
    with pytest.raises(DeviceError, match="enough"):
        cpu.run(1000)


CMP_R1_R1 = 0x4289
IT_EQ = 0xBF08
MOVS_R0_1 = 0x2001
B_NEXT = 0xE7FF  # ends a translation block


def test_watching_a_conditional_store_skips_nothing_after_it() -> None:
    """Unicorn 2.1.4 keeps the condition that a store's hook saw, for the next block as well."""
    body = (CMP_R1_R1, IT_EQ, STR_R1_R1, MOVS_R0_1, B_NEXT, MOVS_R0_10, UDF)
    cpu, _ = program(*body, r1=RAM.base)
    seen: list[int] = []
    cpu.on_store(RAM.base, RAM.end, lambda address, size: seen.append(address))
    with pytest.raises(Stopped, match="undefined"):
        cpu.run(100)
    assert seen == [RAM.base]
    assert cpu.argument(0) == 10
