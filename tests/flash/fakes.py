"""A chip, its bootloader and the line to it, in this process and on a clock of their own.

The bootloader follows AN3155 by the letter, byte by byte; it shares no code with the client.
"""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Generator
from dataclasses import dataclass, field

ACK, NACK = 0x79, 0x1F
INFO_MAGIC = 0x4C47434D
INFO_ADDRESS = 0x200

ROM_COMMANDS = (0x00, 0x01, 0x02, 0x11, 0x21, 0x31, 0x44)
ROM_COMMANDS_WITH_43 = (0x00, 0x01, 0x02, 0x11, 0x21, 0x31, 0x43)
RESIDENT_COMMANDS = (*ROM_COMMANDS, 0xA1)

# Spelt out so that no test can confuse them with commands that exist.
FORBIDDEN = frozenset({0x63, 0x73, 0x82, 0x92})


class Clock:
    """Seconds that pass only when somebody waits or bytes travel."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class PowerCutError(Exception):
    """The chip is without power."""


@dataclass
class Chip:
    """Flash and what can be read beside it. ``log`` has every erase and program in order.

    ``programs_once``: flash with error correction refuses a second program without an erase.
    ``cut_at``: the power goes away in the middle of the operation with this number.
    """

    base: int
    sectors: tuple[int, ...]
    product_id: int = 0x449
    size_address: int = 0x1FF0_F442
    size_kb: int | None = None
    words: dict[int, int] = field(default_factory=dict)
    readout_protected: bool = False
    write_protected: frozenset[int] = frozenset()
    programs_once: bool = False
    log: list[tuple[str, int]] = field(default_factory=list)
    cut_at: int | None = None
    started: int | None = None

    def __post_init__(self) -> None:
        self.memory = bytearray(b"\xff" * sum(self.sectors))

    @property
    def erased(self) -> list[int]:
        return [number for what, number in self.log if what == "erase"]

    @property
    def programmed(self) -> list[int]:
        return [address for what, address in self.log if what == "program"]

    def sector_range(self, number: int) -> range:
        start = sum(self.sectors[:number])
        return range(start, start + self.sectors[number])

    def place(self, address: int, data: bytes) -> None:
        self.memory[address - self.base : address - self.base + len(data)] = data

    def holds(self, address: int, data: bytes) -> bool:
        start = address - self.base
        return bytes(self.memory[start : start + len(data)]) == data

    def place_loader(self, board_id: str) -> None:
        """The vector table and info block of a resident loader."""
        self.place(self.base + 0x1C, struct.pack("<I", self.base + INFO_ADDRESS))
        info = struct.pack("<II32s", INFO_MAGIC, 1, board_id.encode())
        self.place(self.base + INFO_ADDRESS, info)

    def read(self, address: int, size: int) -> bytes | None:
        offset = address - self.base
        if offset >= 0 and offset + size <= len(self.memory):
            return bytes(self.memory[offset : offset + size])
        if size > 256:
            return None
        found = b"".join(self._word(address + i & ~3)[address + i & 3 :][:1] for i in range(size))
        return found if len(found) == size else None

    def _word(self, address: int) -> bytes:
        if address == self.size_address & ~3:
            size_kb = len(self.memory) // 1024 if self.size_kb is None else self.size_kb
            return struct.pack("<I", size_kb << 8 * (self.size_address & 3))
        return struct.pack("<I", self.words[address]) if address in self.words else b""

    def erase(self, number: int) -> bool:
        if not 0 <= number < len(self.sectors):
            return False
        self.log.append(("erase", number))
        if number not in self.write_protected:
            place = self.sector_range(number)
            erased = len(place) // 2 if self._is_cut() else len(place)
            self.memory[place.start : place.start + erased] = b"\xff" * erased
        self._live()
        return True

    def program(self, address: int, data: bytes) -> bool:
        offset = address - self.base
        if offset < 0 or offset + len(data) > len(self.memory):
            return False
        self.log.append(("program", address))
        before = self.memory[offset : offset + len(data)]
        if self.programs_once and any(byte != 0xFF for byte in before):
            return False
        if self._is_cut():
            data = data[: len(data) // 2]
            before = before[: len(data)]
        self.memory[offset : offset + len(data)] = bytes(
            old & new for old, new in zip(before, data, strict=True)
        )
        self._live()
        return True

    def _is_cut(self) -> bool:
        return len(self.log) == self.cut_at

    def _live(self) -> None:
        if self._is_cut():
            raise PowerCutError


class Bootloader:
    """ST's ROM, or the resident loader where ``commands`` have 0xA1.

    ``application``: the only address that the resident loader starts.
    """

    def __init__(
        self,
        chip: Chip,
        clock: Clock,
        commands: tuple[int, ...] = ROM_COMMANDS,
        *,
        erase_seconds: float = 0.4,
        crc_seconds_per_byte: float = 0.0,
        synchronised: bool = False,
    ) -> None:
        self.chip = chip
        self.commands = commands
        self.seen: list[int] = []
        self._clock = clock
        self._erase_seconds = erase_seconds
        self._crc_seconds_per_byte = crc_seconds_per_byte
        self._dead = False
        self._out = bytearray()
        self._state = self._serve(synchronised)
        next(self._state)

    @property
    def resident(self) -> bool:
        return 0xA1 in self.commands

    def feed(self, byte: int) -> bytes:
        """What is answered to a byte, at once."""
        if self.chip.started is not None or self._dead:
            return b""
        try:
            self._state.send(byte)
        except PowerCutError:
            self._dead = True
        answer = bytes(self._out)
        self._out.clear()
        return answer

    def _serve(self, synchronised: bool) -> Generator[None, int, None]:
        while not synchronised:
            synchronised = (yield) == 0x7F
            if synchronised:
                self._say(ACK)
        while True:
            code = yield
            if code == 0x7F:
                self._say(NACK)
                continue
            complement = yield
            self.seen.append(code)
            if complement != code ^ 0xFF or code not in self.commands:
                self._say(NACK)
                continue
            if self.chip.readout_protected and code in (0x11, 0x21, 0x31, 0x43, 0x44):
                self._say(NACK)
                continue
            self._say(ACK)
            yield from self._carry_out(code)

    def _carry_out(self, code: int) -> Generator[None, int, None]:
        if code == 0x00:
            self._say(len(self.commands), 0x31, *self.commands, ACK)
        elif code == 0x01:
            self._say(0x31, 0, 0, ACK)
        elif code == 0x02:
            self._say(1, *struct.pack(">H", self.chip.product_id), ACK)
        elif code == 0x43:
            yield from self._erase()
        elif code == 0x44:
            yield from self._extended_erase()
        else:
            address = yield from self._word()
            if address is not None:
                yield from self._at(code, address)

    def _at(self, code: int, address: int) -> Generator[None, int, None]:
        if code == 0x11:
            yield from self._read(address)
        elif code == 0x31:
            yield from self._write(address)
        elif code == 0x21:
            self._go(address)
        else:
            yield from self._crc(address)

    def _read(self, address: int) -> Generator[None, int, None]:
        if self.chip.read(address, 1) is None:
            return self._say(NACK)
        self._say(ACK)
        count = yield
        if (yield) != count ^ 0xFF:
            return self._say(NACK)
        data = self.chip.read(address, count + 1)
        self._say(*((NACK,) if data is None else (ACK, *data)))

    def _write(self, address: int) -> Generator[None, int, None]:
        if address % 4 or self.chip.read(address, 1) is None:
            return self._say(NACK)
        self._say(ACK)
        count = yield
        data = yield from self._take(count + 1)
        check = count
        for byte in data:
            check ^= byte
        good = (yield) == check and (count + 1) % 4 == 0
        protected = self.resident and address - self.chip.base < self.chip.sectors[0]
        good = good and not protected and self.chip.program(address, data)
        self._say(ACK if good else NACK)

    def _go(self, address: int) -> None:
        if self.chip.read(address, 8) is None or self.chip.holds(address, b"\xff" * 256):
            return self._say(NACK)
        self._say(ACK)
        self.chip.started = address

    def _crc(self, address: int) -> Generator[None, int, None]:
        self._say(ACK)
        size = yield from self._word()
        if size is None:
            return
        data = self.chip.read(address, size)
        if data is None:
            return self._say(NACK)
        self._clock.sleep(size * self._crc_seconds_per_byte)
        self._say(ACK, ACK, *struct.pack(">I", zlib.crc32(data)))

    def _erase(self) -> Generator[None, int, None]:
        count = yield
        assert count != 0xFF, "a mass erase"
        pages = yield from self._take(count + 1)
        check = count
        for page in pages:
            check ^= page
        self._erase_all(list(pages), (yield) == check)

    def _extended_erase(self) -> Generator[None, int, None]:
        head = yield from self._take(2)
        (count,) = struct.unpack(">H", head)
        if count >= 0xFFFD:
            self._say(NACK)
            return
        if count >= len(self.chip.sectors):
            return self._say(NACK)
        body = yield from self._take(2 * (count + 1))
        check = 0
        for byte in head + body:
            check ^= byte
        self._erase_all(list(struct.unpack(f">{count + 1}H", body)), (yield) == check)

    def _erase_all(self, numbers: list[int], good: bool) -> None:
        if not good or (self.resident and 0 in numbers):
            return self._say(NACK)
        for number in numbers:
            self._clock.sleep(self._erase_seconds)
            good = good and self.chip.erase(number)
        self._say(ACK if good else NACK)

    def _take(self, count: int) -> Generator[None, int, bytes]:
        taken = bytearray()
        while len(taken) < count:
            taken.append((yield))
        return bytes(taken)

    def _word(self) -> Generator[None, int, int | None]:
        data = yield from self._take(5)
        if data[0] ^ data[1] ^ data[2] ^ data[3] ^ data[4]:
            self._say(NACK)
            return None
        value: int = struct.unpack(">I", data[:4])[0]
        return value

    def _say(self, *data: int) -> None:
        self._out += bytes(data)


@dataclass
class Faults:
    """Spoils bytes in both directions, by chance and by a seed; ``rate`` is that of each kind."""

    rate: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def spoil(self, byte: int) -> bytes:
        chance = self._random.random()
        if chance >= 3 * self.rate:
            return bytes([byte])
        if chance < self.rate:
            return b""
        if chance < 2 * self.rate:
            return bytes([byte, byte])
        return bytes([byte ^ 1 << self._random.randrange(8)])


class FakeLine:
    """A ``Line`` to a bootloader: counts bytes and turnarounds, and lets time pass for them.

    ``cut_after``: how many bytes of the host arrive before the cable is pulled.
    """

    def __init__(
        self,
        bootloader: Bootloader,
        clock: Clock,
        *,
        baud: int = 115_200,
        turnaround: float = 0.0,
        faults: Faults | None = None,
        cut_after: int | None = None,
    ) -> None:
        self.bootloader = bootloader
        self.bytes_on_wire = 0
        self.turnarounds = 0
        self.parities: list[bool] = []
        self.closed = False
        self._clock = clock
        self._byte_seconds = 11 / baud
        self._turnaround = turnaround
        self._faults = faults or Faults()
        self._cut_after = cut_after
        self._incoming = bytearray()

    def write(self, data: bytes) -> None:
        assert data, "a write of nothing"
        answer = bytearray()
        for sent in data:
            self._pass(1)
            if self._cut_after is not None:
                self._cut_after -= 1
                if self._cut_after < 0:
                    continue
            for byte in self._faults.spoil(sent):
                answer += self.bootloader.feed(byte)
        for byte in answer:
            self._incoming += self._faults.spoil(byte)
        if answer:
            self._pass(len(answer))
            self.turnarounds += 1
            self._clock.sleep(self._turnaround)

    def read(self, deadline_seconds: float) -> bytes:
        data = bytes(self._incoming)
        self._incoming.clear()
        if not data:
            self._clock.sleep(max(0.0, deadline_seconds))
        return data

    def use_even_parity(self, even: bool) -> None:
        self.parities.append(even)

    def close(self) -> None:
        self.closed = True

    def _pass(self, count: int) -> None:
        self.bytes_on_wire += count
        self._clock.sleep(count * self._byte_seconds)
