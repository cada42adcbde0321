"""Frames on the wire: type, sequence number, payload and CRC-32, stuffed with COBS, then a zero.

COBS is Consistent Overhead Byte Stuffing (Cheshire and Baker, 1999): the stuffed bytes hold no
zero, so a reader that lost its place finds it again at the next zero.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

PAYLOAD_MAX = 512
_HEADER = 2
_CRC = 4
_FRAME_MAX = _HEADER + PAYLOAD_MAX + _CRC
_STUFFED_MAX = _FRAME_MAX + _FRAME_MAX // 254 + 1
_LONGEST_CODE = 0xFF

DELIMITER = b"\0"


@dataclass(frozen=True)
class Frame:
    """One message before its type is looked at."""

    type: int
    sequence: int
    payload: bytes


@dataclass(frozen=True)
class Damaged:
    """What stood between two delimiters and is no frame: noise, or text of another program."""

    data: bytes


def encode(frame: Frame) -> bytes:
    """The frame's bytes on the wire, delimiter included. Raises ValueError when it is too long."""
    if len(frame.payload) > PAYLOAD_MAX:
        raise ValueError(f"a payload of {len(frame.payload)} bytes, at most {PAYLOAD_MAX}")
    body = bytes((frame.type, frame.sequence)) + frame.payload
    return stuff(body + struct.pack("<I", zlib.crc32(body))) + DELIMITER


def stuff(data: bytes) -> bytes:
    """COBS: no zero among the result."""
    out = bytearray()
    for run in _runs(data):
        out.append(len(run) + 1)
        out += run
    return bytes(out)


def _runs(data: bytes) -> Iterator[bytes]:
    """The pieces that a code byte each stands before; a run of 254 bytes swallows no zero."""
    while True:
        end = data.find(0, 0, _LONGEST_CODE - 1)
        run = data[: end if end >= 0 else _LONGEST_CODE - 1]
        yield run
        if len(run) == len(data):
            return
        data = data[len(run) + (len(run) < _LONGEST_CODE - 1) :]


def unstuff(stuffed: bytes) -> bytes | None:
    """The inverse of ``stuff``; None where nothing stuffs to these bytes."""
    out = bytearray()
    position = 0
    while position < len(stuffed):
        code = stuffed[position]
        run = stuffed[position + 1 : position + code]
        if code == 0 or len(run) != code - 1 or 0 in run:
            return None
        position += code
        out += run
        if code != _LONGEST_CODE and position < len(stuffed):
            out.append(0)
    return bytes(out)


@dataclass
class Decoder:
    """Takes bytes as they arrive, in pieces of any size, and never holds more than a frame."""

    _pending: bytearray = field(default_factory=bytearray)
    _too_long: bool = False

    def feed(self, data: bytes) -> list[Frame | Damaged]:
        """The frames, and what is none, that these bytes complete."""
        found: list[Frame | Damaged] = []
        for index, piece in enumerate(data.split(DELIMITER)):
            if index > 0:
                found += self._delimited()
            self._pending += piece
            while len(self._pending) > _STUFFED_MAX:
                self._too_long = True
                found.append(Damaged(bytes(self._pending[:_STUFFED_MAX])))
                del self._pending[:_STUFFED_MAX]
        return found

    def _delimited(self) -> list[Frame | Damaged]:
        """What a delimiter ends; the tail of something too long is no frame either."""
        stuffed, too_long = bytes(self._pending), self._too_long
        self._pending.clear()
        self._too_long = False
        if not stuffed:
            return []
        return [Damaged(stuffed) if too_long else _frame(stuffed)]


def _frame(stuffed: bytes) -> Frame | Damaged:
    body = unstuff(stuffed)
    if body is None or not _HEADER + _CRC <= len(body) <= _FRAME_MAX:
        return Damaged(stuffed)
    if struct.pack("<I", zlib.crc32(body[:-_CRC])) != body[-_CRC:]:
        return Damaged(stuffed)
    return Frame(body[0], body[1], body[_HEADER:-_CRC])
