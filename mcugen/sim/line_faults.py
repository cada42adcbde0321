"""A line that loses, doubles and flips bytes, and answers that are not those of the chip.

A port around a port, for tests in one process and for ``mcugen board`` alike. Everything follows
from the seed.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from mcugen.sim.serial_server import Device

_ACK, _NACK = 0x79, 0x1F
_GET_ID = 0x02
_GET_ID_BYTES = 5
_PRODUCT = slice(2, 4)


@dataclass(frozen=True)
class LineFaults:
    """``drop``, ``dup`` and ``flip`` are probabilities of a byte, either way. ``nack`` is the
    number of the AN3155 command that is refused instead of carried out, ``product_id`` what Get ID
    says."""

    drop: float = 0.0
    dup: float = 0.0
    flip: float = 0.0
    nack: int = 0
    product_id: int | None = None
    seed: int = 0


class FaultyLine:
    """A device behind a bad line. ``injected`` counts the faults so far.

    A command is known by its two bytes, a code and its complement, written at once.
    """

    def __init__(self, device: Device, faults: LineFaults) -> None:
        self._device = device
        self._faults = faults
        self._chance = random.Random(faults.seed)
        self._commands = 0
        self._answer: bytearray | None = None
        self._outgoing = bytearray()
        self.injected = 0

    @property
    def idle(self) -> bool:
        return self._device.idle and not self._outgoing

    @property
    def powered(self) -> bool:
        return self._device.powered

    def power_on(self) -> None:
        self._device.power_on()

    def interrupt(self) -> None:
        self._device.interrupt()

    def write(self, data: bytes) -> None:
        if len(data) == 2 and data[0] ^ data[1] == 0xFF:
            self._commands += 1
            if self._commands == self._faults.nack:
                self.injected += 1
                self._outgoing.append(_NACK)
                return
            if data[0] == _GET_ID and self._faults.product_id is not None:
                self._answer = bytearray()
        self._device.write(self._spoil(data))

    def read(self, deadline_seconds: float) -> bytes:
        """Bytes that the line lost whole are no silence: the device is asked again."""
        if self._outgoing:
            data = bytes(self._outgoing)
            self._outgoing.clear()
            return data
        while data := self._device.read(deadline_seconds):
            spoilt = self._spoil(self._with_other_product(data))
            if spoilt:
                return spoilt
        return b""

    def _with_other_product(self, data: bytes) -> bytes:
        """Get ID's answer is held back until it is whole."""
        if self._answer is None:
            return data
        self._answer += data
        if self._answer[0] == _ACK and len(self._answer) < _GET_ID_BYTES:
            return b""
        answer, self._answer = self._answer, None
        product = self._faults.product_id
        if len(answer) >= _GET_ID_BYTES and product is not None:
            answer[_PRODUCT] = product.to_bytes(2, "big")
            self.injected += 1
        return bytes(answer)

    def _spoil(self, data: bytes) -> bytes:
        faults = self._faults
        if not faults.drop + faults.dup + faults.flip:
            return data
        out = bytearray()
        for byte in data:
            fate = self._chance.random()
            if fate < faults.drop:
                self.injected += 1
                continue
            if fate < faults.drop + faults.flip:
                self.injected += 1
                byte ^= 1 << self._chance.randrange(8)
            out.append(byte)
            if fate >= 1 - faults.dup:
                self.injected += 1
                out.append(byte)
        return bytes(out)
