"""AN3155 below its commands: a stage is sent and answered, and a lost place is found again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from mcugen.errors import DeviceError
from mcugen.protocol.session import Port

ACK, NACK, BUSY = 0x79, 0x1F, 0x76
SYNC = 0x7F

BITS_PER_BYTE = 11
"""On an 8E1 line: start, 8 data bits, parity, stop."""

_IDLE = b"\xff"
_LONGER_THAN_ANY_STAGE = 300


class LineError(Exception):
    """No answer in time, or one that is none: bytes were lost, doubled or spoilt."""


class RefusedError(Exception):
    """A NACK. ``stage`` is 1 for the command itself, 2 for its first argument, and so on."""

    def __init__(self, command: int, stage: int) -> None:
        super().__init__(f"command 0x{command:02x} is refused at stage {stage}")
        self.command = command
        self.stage = stage


@dataclass(frozen=True)
class Patience:
    """Seconds to wait for an answer, how long silence must last, and how often to try.

    ``notice_seconds`` is how long a bootloader may take to say anything at all to a host that looks
    for it: a loaded machine needs more than a tenth of a second, and nobody waits long for nobody.
    """

    answer_seconds: float = 2.0
    erase_seconds: float = 10.0
    notice_seconds: float = 0.3
    quiet_seconds: float = 0.1
    crc_bytes_per_second: int = 50_000
    attempts: int = 4
    recoveries: int = 24
    reset_seconds: float = 15.0
    reset_knock_seconds: float = 0.004


class Stages:
    """One line to one bootloader, on the given clock."""

    def __init__(
        self,
        port: Port,
        *,
        baud: int = 115_200,
        patience: Patience | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.patience = patience or Patience()
        self._port = port
        self._byte_seconds = BITS_PER_BYTE / baud
        self._clock = clock
        self._received = bytearray()
        self._recoveries = 0

    @property
    def disturbed(self) -> bool:
        """Whether the line was seen to spoil anything."""
        return self._recoveries > 0

    @property
    def has_surplus(self) -> bool:
        """Whether more came than was taken."""
        return bool(self._received)

    def knock(self) -> bool:
        """Whether a bootloader answers 0x7F; the ROM measures the baud rate on this byte."""
        self._drain()
        self._port.write(bytes([SYNC]))
        answer = self._drain(self.patience.notice_seconds)
        if answer[-1:] == bytes([NACK]):
            self.find_place()  # it was synchronised before, and may take 0x7F for half a command
        return answer[-1:] in (bytes([ACK]), bytes([NACK]))

    def knock_until_reset(self) -> bool:
        """Whether somebody resets the board while this knocks: the resident loader listens for 10
        ms before it starts the application."""
        deadline = self._clock() + self.patience.reset_seconds
        while self._clock() < deadline:
            self._port.write(bytes([SYNC]))
            if ACK in self._port.read(self.patience.reset_knock_seconds):
                return True
        return False

    def send(self, command: int, stage: int, data: bytes, seconds: float | None = None) -> None:
        """Sends a stage of a command and waits for its ACK. Raises LineError, RefusedError."""
        if self._received or self._port.read(0.0):
            self._received.clear()
            raise LineError("bytes that nobody asked for")
        self._port.write(data)
        patience = self.patience.answer_seconds if seconds is None else seconds
        self.acknowledged(command, stage, patience + len(data) * self._byte_seconds)

    def acknowledged(self, command: int, stage: int, seconds: float | None = None) -> None:
        """Waits for an ACK; BUSY asks to wait on. Raises LineError, RefusedError."""
        patience = self.patience.answer_seconds if seconds is None else seconds
        deadline = self._clock() + patience
        while (answer := self.take(1, deadline)[0]) == BUSY:
            pass
        if answer == NACK:
            raise RefusedError(command, stage)
        if answer != ACK:
            raise LineError(f"0x{answer:02x} instead of an answer")

    def take(self, count: int, deadline: float | None = None) -> bytes:
        """So many bytes. Raises LineError when they do not come in time."""
        if deadline is None:
            seconds = self.patience.answer_seconds + count * self._byte_seconds
            deadline = self._clock() + seconds
        while len(self._received) < count:
            left = deadline - self._clock()
            data = self._port.read(left) if left > 0 else b""
            if not data:
                raise LineError("no answer in time")
            self._received += data
        taken = bytes(self._received[:count])
        del self._received[:count]
        return taken

    def recover(self) -> None:
        """After a fault of the line: brings the bootloader back to where it waits for a command.

        Raises LineError where nobody answers, and DeviceError D002 after too many faults.
        """
        self._recoveries += 1
        if self._recoveries > self.patience.recoveries:
            raise DeviceError(
                "D002",
                "the line to the bootloader loses or spoils too many bytes",
                hint="try another cable or USB port, or a lower rate with `--baud`",
            )
        self.find_place()

    def find_place(self) -> None:
        """Brings a bootloader to where it waits for a command. Raises LineError.

        It may wait for anything: the second half of a command, an address, 257 bytes of data.
        Three times FF first: whoever waits for the sectors to erase must not be told FF FF 00,
        which means all of them. Then FF and 00 one by one: FF 00 is no command, and the NACK after
        the last byte sent says that nothing is pending. Who says nothing to more bytes than anybody
        waits for is not there.
        """
        heard = bool(self._drain())
        for size in (3, _LONGER_THAN_ANY_STAGE, _LONGER_THAN_ANY_STAGE):
            self._port.write(_IDLE * size)
            if self._drain(self.patience.notice_seconds + size * self._byte_seconds):
                heard = True
                if self._has_nothing_pending():
                    return
            if not heard and size > 3:
                break
        raise LineError("no bootloader answers")

    def _has_nothing_pending(self) -> bool:
        for byte in (_IDLE, b"\0", _IDLE, b"\0"):
            self._port.write(byte)
            if self._drain(self.patience.notice_seconds)[-1:] == bytes([NACK]):
                return True
        return False

    def _drain(self, first_seconds: float = 0.0) -> bytes:
        """Everything that still comes until the line is quiet.

        ``first_seconds`` is for the first byte, if it may take longer than others. Raises LineError
        when the line is not quiet for as long as any answer takes.
        """
        drained = bytes(self._received)
        self._received.clear()
        deadline = self._clock() + self.patience.answer_seconds + first_seconds
        seconds = max(first_seconds, self.patience.quiet_seconds)
        while data := self._port.read(seconds):
            drained += data
            seconds = self.patience.quiet_seconds
            if self._clock() >= deadline:
                raise LineError("the line is never quiet")
        return drained
