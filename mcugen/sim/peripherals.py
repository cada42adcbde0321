"""Memory-mapped registers: which there are, and what reading and writing them does."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from mcugen.errors import DeviceError

PAGE = 0x1000
"""Registers are mapped in pages of this many bytes."""
_WORD = 0xFFFF_FFFF

Reader = Callable[[], int]
Writer = Callable[[int], None]


@dataclass
class Signals:
    """What peripherals tell the machine. ``idle``: the program looks for a byte again and again."""

    idle: Callable[[], None]
    reset: Callable[[], None]
    instructions: Callable[[], int]


@dataclass(frozen=True)
class Faults:
    """What is broken on purpose."""

    pll_never_locks: bool = False
    slow_erase_seconds: float = 0.0


@dataclass
class Storage:
    """A register that keeps what is written to it, as far as ``mask`` lets bits exist."""

    value: int = 0
    mask: int = _WORD

    def read(self) -> int:
        return self.value

    def write(self, value: int) -> None:
        self.value = (self.value & ~self.mask) | (value & self.mask)


def ignore(value: int) -> None:
    """Writes to a register that cannot be written."""


class SerialLine:
    """The board's end of its serial line: bytes on the way in, bytes that came out.

    A unit that asks for input twice with nothing else in between waits for it: the machine is told
    each time from then on, and may rest if it knows that the wait has no end. ``polls`` counts how
    often a unit asked.
    """

    def __init__(self, signals: Signals) -> None:
        self.polls = 0
        self.incoming: deque[int] = deque()
        self.outgoing = bytearray()
        self._signals = signals
        self._asked = False

    def has_input(self) -> bool:
        """Asked by a status register that is read."""
        self.polls += 1
        if self.incoming:
            return True
        if self._asked:
            self._signals.idle()
        self._asked = True
        return False

    def take(self) -> int:
        """The next byte; 0 when there is none."""
        self._asked = False
        return self.incoming.popleft() if self.incoming else 0

    def send(self, byte: int) -> None:
        self._asked = False
        self.outgoing.append(byte & 0xFF)


@dataclass
class Bus:
    """Registers by address. Only what a description adds exists.

    ``reads`` and ``writes`` count: what follows from registers alone holds until ``writes``
    changes.
    """

    readers: dict[int, Reader] = field(default_factory=dict)
    writers: dict[int, Writer] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    reads: int = 0
    writes: int = 0

    def add(self, name: str, address: int, read: Reader, write: Writer = ignore) -> None:
        self.readers[address] = read
        self.writers[address] = write
        self.names[address] = name

    def storage(self, name: str, address: int, value: int = 0, mask: int = _WORD) -> Storage:
        """A plain register with this reset value."""
        register = Storage(value, mask)
        self.add(name, address, register.read, register.write)
        return register

    def constant(self, name: str, address: int, value: int) -> None:
        self.add(name, address, lambda: value)

    def pages(self) -> tuple[int, ...]:
        """The bases of the 4 KB pages that hold registers."""
        return tuple(sorted({address & -PAGE for address in self.readers}))

    def read(self, address: int, size: int) -> int:
        """Any width within a word. Raises DeviceError D003 where there is no register."""
        reader = self.readers.get(address & ~3)
        if reader is None:
            raise _no_register("read", address)
        self.reads += 1
        shift = 8 * (address & 3)
        return (reader() >> shift) & ((1 << 8 * size) - 1)

    def write(self, address: int, size: int, value: int) -> None:
        """Whole words only. Raises DeviceError D003 for others, and where there is no register."""
        writer = self.writers.get(address)
        if writer is None:
            raise _no_register("written", address)
        if size != 4:
            raise DeviceError(
                "D003", f"register {self.names[address]} is written {size} bytes wide"
            )
        self.writes += 1
        writer(value)


def _no_register(verb: str, address: int) -> DeviceError:
    return DeviceError(
        "D003", f"0x{address:08x} is {verb}, where the virtual board has no register"
    )
