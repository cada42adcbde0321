"""The fake ROM bootloader: AN3155, byte by byte, and the sectors that its numbers mean."""

from __future__ import annotations

from functools import reduce
from operator import xor

import pytest

from mcugen.errors import BoardError
from mcugen.sim.rom import RomBootloader, RomFaults
from mcugen.sim.rom_chips import rom_chip

ACK, NACK, BUSY = b"\x79", b"\x1f", b"\x76"
F746, F767, F446, L4R5, H743, F103 = 0x449, 0x451, 0x421, 0x470, 0x450, 0x410
BASE = 0x0800_0000


def summed(data: bytes) -> bytes:
    return data + bytes([reduce(xor, data)])


def word(address: int) -> bytes:
    return summed(address.to_bytes(4, "big"))


class Host:
    """Says bytes to a chip and hears what it answers."""

    def __init__(self, product_id: int, faults: RomFaults | None = None, banks: int = 0) -> None:
        self.rom = RomBootloader(rom_chip(product_id, banks), faults=faults)

    def say(self, data: bytes) -> bytes:
        self.rom.write(data)
        return self.rom.read(5.0)

    def synced(self) -> Host:
        assert self.say(b"\x7f") == ACK
        return self

    def command(self, code: int) -> bytes:
        return self.say(bytes([code, 0xFF ^ code]))

    def write(self, address: int, data: bytes) -> bytes:
        assert self.command(0x31) == ACK
        answer = self.say(word(address))
        if answer != ACK:
            return answer
        return self.say(summed(bytes([len(data) - 1]) + data))

    def read(self, address: int, size: int) -> bytes:
        assert self.command(0x11) == ACK
        answer = self.say(word(address))
        return self.say(bytes([size - 1, 0xFF ^ (size - 1)])) if answer == ACK else answer

    def erase(self, *pages: int) -> bytes:
        assert self.command(0x44) == ACK
        numbers = (len(pages) - 1, *pages)
        return self.say(summed(b"".join(number.to_bytes(2, "big") for number in numbers)))


def test_nothing_is_heard_before_the_baud_rate_is_known() -> None:
    host = Host(F746)
    assert host.say(b"\x00\xff\x00\xff") == b""
    assert host.say(b"\x7f") == ACK
    assert host.command(0x01) == ACK + b"\x31\0\0" + ACK


def test_a_second_sync() -> None:
    assert Host(F746).synced().say(b"\x7f") == NACK
    waits = Host(F746, RomFaults(nacks_second_sync=False)).synced()
    assert waits.say(b"\x7f") == b""
    assert waits.say(b"\x7f") == NACK
    assert waits.command(0x02) == ACK + b"\x01\x04\x49" + ACK


@pytest.mark.parametrize("product_id", [F746, F767, F446, L4R5, H743])
def test_get(product_id: int) -> None:
    host = Host(product_id).synced()
    answer = host.command(0x00)
    assert answer == bytes.fromhex("79 0b 31 00 01 02 11 21 31 44 63 73 82 92 79")
    assert host.command(0x02) == ACK + b"\x01" + product_id.to_bytes(2, "big") + ACK
    assert host.command(0x43) == NACK, "the two erase commands exclude each other"


def test_the_older_erase_command() -> None:
    host = Host(F103).synced()
    assert host.command(0x00)[3:10] == bytes.fromhex("00 01 02 11 21 31 43")
    assert host.command(0x44) == NACK
    host.rom.flash.put(BASE, bytes(128 * 1024))
    assert host.command(0x43) == ACK
    assert host.say(summed(b"\x01\x03\x05")) == ACK
    assert host.rom.record.erased == [3, 5]
    assert host.rom.flash.read(BASE + 5 * 1024 - 1, 1026) == b"\0" + b"\xff" * 1024 + b"\0"
    host.command(0x43)
    assert host.say(summed(b"\x00\x80")) == NACK, "there is no page 128"
    host.command(0x43)
    assert host.say(b"\xff\x00") == ACK
    assert host.rom.record.mass_erases == 1


@pytest.mark.parametrize("message", [b"\x00\x00", b"\xff\x00", b"\x55\xaa", b"\x7e\x81"])
def test_what_is_no_command(message: bytes) -> None:
    host = Host(F746).synced()
    assert host.say(message) == NACK
    assert host.command(0x01)[:1] == ACK


def test_write_and_read_back() -> None:
    host = Host(F746).synced()
    data = bytes(range(256))
    assert host.write(BASE + 0x8000, data) == ACK
    assert host.read(BASE + 0x8000, 256) == ACK + data
    assert host.read(BASE + 0x8001, 1) == ACK + data[1:2]
    assert host.rom.record.written == [(BASE + 0x8000, 256)]
    assert host.rom.record.offences == []


def test_programming_only_clears_bits() -> None:
    host = Host(F746).synced()
    assert host.write(BASE, b"\x0f" * 4) == ACK
    assert host.write(BASE, b"\x55" * 4) == ACK
    assert host.read(BASE, 4) == ACK + b"\x05" * 4


@pytest.mark.parametrize("flaw", ["address sum", "address", "data sum", "length", "end"])
def test_writes_that_are_refused(flaw: str) -> None:
    host = Host(F746).synced()
    data = b"\x55" * (6 if flaw == "length" else 8)
    host.command(0x31)
    address = {"address": BASE + 2, "end": BASE + 0x10_0000 - 4}.get(flaw, BASE)
    message = word(address)
    if flaw == "address sum":
        message = message[:4] + bytes([message[4] ^ 1])
    if flaw.startswith("address"):
        assert host.say(message) == NACK
    else:
        assert host.say(message) == ACK
        message = summed(bytes([len(data) - 1]) + data)
        if flaw == "data sum":
            message = message[:-1] + bytes([message[-1] ^ 1])
        assert host.say(message) == NACK
    assert host.rom.flash.operations == 0
    assert host.command(0x01)[:1] == ACK, "and then sense again"


@pytest.mark.parametrize("address", [0x2000_0000, 0x1FFF_0000, 0x4002_3C14])
def test_writes_outside_flash_are_offences(address: int) -> None:
    host = Host(F746).synced()
    assert host.write(address, bytes(4)) == NACK
    assert host.rom.record.offences == [f"a write to 0x{address:08x}"]


def test_reads_outside_memory() -> None:
    host = Host(F746).synced()
    assert host.read(0x4002_3C00, 4) == NACK
    assert host.read(BASE + 0x10_0000 - 4, 8) == NACK
    assert host.read(BASE + 0x10_0000 - 4, 4) == ACK + b"\xff" * 4
    host.command(0x11)
    assert host.say(word(BASE)) == ACK
    assert host.say(b"\x03\x03") == NACK


@pytest.mark.parametrize(
    ("product_id", "banks", "sector", "start", "size"),
    [
        (F746, 0, 1, 0x0800_8000, 0x8000),
        (F746, 0, 4, 0x0802_0000, 0x2_0000),
        (F746, 0, 7, 0x080C_0000, 0x4_0000),
        (F446, 0, 3, 0x0800_C000, 0x4000),
        (F446, 0, 4, 0x0801_0000, 0x1_0000),
        (F446, 0, 7, 0x0806_0000, 0x2_0000),
        (F767, 1, 4, 0x0802_0000, 0x2_0000),
        (F767, 1, 11, 0x081C_0000, 0x4_0000),
        (F767, 2, 4, 0x0801_0000, 0x1_0000),
        (F767, 2, 11, 0x080E_0000, 0x2_0000),
        (F767, 2, 12, 0x0810_0000, 0x4000),
        (F767, 2, 16, 0x0811_0000, 0x1_0000),
        (F767, 2, 23, 0x081E_0000, 0x2_0000),
        (L4R5, 2, 256, 0x0810_0000, 0x1000),
        (L4R5, 2, 511, 0x081F_F000, 0x1000),
        (L4R5, 1, 1, 0x0800_2000, 0x2000),
        (L4R5, 1, 255, 0x081F_E000, 0x2000),
        (H743, 0, 8, 0x0810_0000, 0x2_0000),
        (H743, 0, 15, 0x081E_0000, 0x2_0000),
    ],
)
def test_the_sector_that_a_number_means(
    product_id: int, banks: int, sector: int, start: int, size: int
) -> None:
    host = Host(product_id, banks=banks).synced()
    flash = host.rom.flash
    flash.put(BASE, bytes(flash.region.size))
    assert host.erase(sector) == ACK
    content = flash.contents()
    assert content.count(b"\xff") == size
    assert content[start - BASE : start - BASE + size] == b"\xff" * size
    assert host.rom.record.erased == [sector]
    assert host.erase(len(flash.sector_sizes)) == NACK


def test_erases_of_everything_are_told_apart() -> None:
    for special, first, last in ((0xFFFF, 0, 24), (0xFFFE, 0, 12), (0xFFFD, 12, 24)):
        host = Host(F767, banks=2).synced()
        host.command(0x44)
        assert host.say(summed(special.to_bytes(2, "big"))) == ACK
        assert host.rom.record.erased == list(range(first, last))
        assert host.rom.record.mass_erases == 1
    host = Host(F746).synced()
    host.command(0x44)
    assert host.say(summed(b"\xff\xfe")) == NACK, "a chip with one bank"


def test_an_erase_with_a_wrong_sum() -> None:
    host = Host(F746).synced()
    host.command(0x44)
    assert host.say(b"\0\0\0\1\0") == NACK
    assert host.rom.record.erased == []


@pytest.mark.parametrize(("product_id", "unit"), [(L4R5, 8), (H743, 32)])
def test_flash_with_error_correction(product_id: int, unit: int) -> None:
    host = Host(product_id).synced()
    assert host.write(BASE + unit, b"\x11" * unit) == ACK
    assert host.write(BASE + unit, b"\x10" * unit) == NACK
    assert host.read(BASE + unit, unit) == ACK + b"\x11" * unit
    assert host.write(BASE + unit // 2, b"\x11" * unit) == NACK
    assert host.write(BASE, b"\x11" * (unit - 4)) == NACK
    assert len(host.rom.record.offences) == 3


def test_readout_protection() -> None:
    host = Host(F746, RomFaults(readout_protected=True)).synced()
    for code in (0x11, 0x21, 0x31, 0x44):
        assert host.command(code) == NACK
    assert host.command(0x02)[:1] == ACK
    assert host.command(0x00)[:1] == ACK


@pytest.mark.parametrize("code", [0x63, 0x73, 0x82, 0x92])
def test_commands_on_protection_are_offences(code: int) -> None:
    host = Host(F746).synced()
    assert host.command(code) == NACK
    assert host.rom.record.offences == [f"command 0x{code:02x}"]


def test_a_protected_sector_is_passed_over_in_silence() -> None:
    host = Host(F746).synced()
    host.rom.flash.put(BASE, bytes(0x10_0000))
    host.rom.flash.write_protected = frozenset({1})
    assert host.erase(1, 2) == ACK
    assert host.read(0x0800_8000, 1) == ACK + b"\0"
    assert host.read(0x0801_0000, 1) == ACK + b"\xff"
    assert host.write(0x0800_8000, b"\xff" * 4) == ACK


def test_go() -> None:
    host = Host(F746).synced()
    assert host.command(0x21) == ACK
    assert host.say(word(0x2000_0000)) == NACK
    assert host.command(0x21) == ACK
    assert host.say(word(BASE)) == ACK
    assert host.rom.started_at == BASE
    assert host.command(0x01) == b""
    host.rom.reset()
    assert host.command(0x01) == b"", "the baud rate is unknown again"
    host.synced()


def test_go_of_a_chip_that_stays() -> None:
    rom = RomBootloader(rom_chip(F746), stays=True)
    rom.write(b"\x7f\x21\xde" + word(BASE))
    assert rom.read(0) == ACK * 3
    rom.write(b"\x7f")
    assert rom.read(0) == ACK


def test_busy_and_slow() -> None:
    host = Host(F746, RomFaults(busy=2, slow_erase_seconds=0.1)).synced()
    host.command(0x44)
    host.rom.write(summed(b"\0\0\0\1"))
    assert host.rom.read(0.01) == b""
    assert host.rom.read(5.0) == BUSY * 2 + ACK


def test_a_power_cut() -> None:
    host = Host(F746).synced()
    host.rom.flash.cut_power_at(3)
    assert host.write(BASE, bytes(16)) == b""
    assert not host.rom.powered
    assert host.say(b"\x7f") == b""
    host.rom.power_on()
    host.synced()
    assert host.read(BASE, 8) == ACK + bytes(8)


def test_another_product() -> None:
    host = Host(F746, RomFaults(product_id=0x413)).synced()
    assert host.command(0x02) == ACK + b"\x01\x04\x13" + ACK


def test_identification() -> None:
    assert Host(F746).synced().read(0x1FF0_F442, 2) == ACK + (1024).to_bytes(2, "little")
    assert Host(F446).synced().read(0x1FFF_7A22, 2) == ACK + (512).to_bytes(2, "little")
    assert Host(L4R5).synced().read(0x1FFF_75E0, 2) == ACK + (2048).to_bytes(2, "little")
    assert Host(H743).synced().read(0x1FF1_E880, 2) == ACK + (2048).to_bytes(2, "little")
    for banks, bit in ((1, 1), (2, 0)):
        option = Host(F767, banks=banks).synced().read(0x1FFF_0008, 4)[1:]
        assert int.from_bytes(option, "little") >> 13 & 1 == bit, "nDBANK"
    for banks in (1, 2):
        option = Host(L4R5, banks=banks).synced().read(0x1FF0_0000, 4)[1:]
        assert int.from_bytes(option, "little") >> 22 & 1 == banks - 1, "DBANK"


@pytest.mark.parametrize(("product_id", "banks"), [(0x999, 0), (F746, 2), (H743, 1)])
def test_chips_that_are_not_there(product_id: int, banks: int) -> None:
    with pytest.raises(BoardError) as caught:
        rom_chip(product_id, banks)
    assert caught.value.code == "B003"
