"""What frames mean: requests of the host and answers of the firmware.

The firmware's end is ``firmware/console/mcugen_messages.h``.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Callable
from dataclasses import dataclass

from mcugen.protocol.frames import PAYLOAD_MAX, Frame

PROTOCOL_VERSION = 3
INPUT_CHUNK = PAYLOAD_MAX - 5
OUTPUT_CHUNK = PAYLOAD_MAX


class RequestType(enum.IntEnum):
    """Frame types from the host."""

    HELLO = 0x01
    INPUT = 0x02
    RUN = 0x03
    OUTPUT = 0x04
    REBOOT_TO_LOADER = 0x05


class AnswerType(enum.IntEnum):
    """Frame types from the firmware."""

    HELLO = 0x81
    ACK = 0x82
    LAYER = 0x83
    DONE = 0x84
    OUTPUT = 0x85
    FAULT = 0x86
    ERROR = 0x87


class ErrorCode(enum.IntEnum):
    """Why the firmware refused a request."""

    BAD_FRAME = 1
    UNKNOWN_REQUEST = 2
    BAD_LENGTH = 3
    BAD_RANGE = 4
    OUT_OF_ORDER = 5
    INPUT_INCOMPLETE = 6
    NO_OUTPUT = 7
    NO_LOADER = 8
    NO_MODEL = 9
    NO_WEIGHTS = 10


class Counts(enum.Enum):
    """What the counter of a board counts; one that counts instructions is a virtual board."""

    NOTHING = 0
    CYCLES = 1
    INSTRUCTIONS = 2


@dataclass(frozen=True)
class Hello:
    """Who answers. ``counts`` is the unit of the counts in LAYER and DONE frames."""

    protocol_version: int
    clock_hz: int
    input_bytes: int
    output_bytes: int
    layers: int
    counts: Counts
    board: str
    model: str
    model_hash: str


@dataclass(frozen=True)
class Ack:
    """Done, or for RUN: begun."""


@dataclass(frozen=True)
class LayerResult:
    """A layer as it ended: ``crc32`` is that of its ``bytes`` output bytes."""

    index: int
    count: int
    crc32: int
    bytes: int


@dataclass(frozen=True)
class Done:
    """The run ended. ``count`` is the sum over its layers, ``status`` what model_run returned."""

    count: int
    status: int


@dataclass(frozen=True)
class Output:
    """A piece of the output."""

    data: bytes


@dataclass(frozen=True)
class Fault:
    """The processor met what it cannot do; the registers as they were."""

    exception: int
    pc: int
    lr: int
    sp: int
    cfsr: int
    hfsr: int
    address: int


@dataclass(frozen=True)
class Error:
    """A refusal; the code may be one that this mcugen does not know."""

    code: int

    @property
    def name(self) -> str:
        known = {code.value: code.name for code in ErrorCode}
        return known.get(self.code, f"error {self.code}")


Answer = Hello | Ack | LayerResult | Done | Output | Fault | Error


class MalformedAnswer(ValueError):  # noqa: N818 - reads as what it is
    """A frame with a good check sum that means nothing."""


def hello_request(sequence: int, model: int = 0) -> Frame:
    """Of the first model as all versions of the protocol ask, of another one by its number."""
    return Frame(RequestType.HELLO, sequence, bytes([model]) if model else b"")


def input_request(sequence: int, offset: int, data: bytes, model: int = 0) -> Frame:
    return Frame(RequestType.INPUT, sequence, struct.pack("<BI", model, offset) + data)


def run_request(sequence: int, model: int = 0) -> Frame:
    return Frame(RequestType.RUN, sequence, bytes([model]))


def output_request(sequence: int, offset: int, length: int, model: int = 0) -> Frame:
    return Frame(RequestType.OUTPUT, sequence, struct.pack("<BII", model, offset, length))


def reboot_request(sequence: int) -> Frame:
    return Frame(RequestType.REBOOT_TO_LOADER, sequence, b"")


def parse_answer(frame: Frame) -> Answer:
    """The message in a frame from the firmware. Raises MalformedAnswer."""
    parse = _PARSERS.get(frame.type)
    if parse is None:
        raise MalformedAnswer(f"no answer has the type 0x{frame.type:02x}")
    try:
        return parse(frame.payload)
    except (struct.error, IndexError, ValueError) as error:
        raise MalformedAnswer(f"a payload of {len(frame.payload)} bytes: {error}") from error


def _parse_hello(payload: bytes) -> Hello:
    numbers = struct.unpack_from("<IIIIIB", payload)
    texts = []
    position = struct.calcsize("<IIIIIB")
    for _ in range(3):
        end = position + 1 + payload[position]
        if end > len(payload):
            raise IndexError("a text is cut short")
        texts.append(payload[position + 1 : end].decode())
        position = end
    version, clock_hz, input_bytes, output_bytes, layers, counts = numbers
    return Hello(version, clock_hz, input_bytes, output_bytes, layers, Counts(counts), *texts)


def _parse_done(payload: bytes) -> Done:
    return Done(*struct.unpack("<Qi", payload))


def _parse_ack(payload: bytes) -> Ack:
    struct.unpack("<", payload)
    return Ack()


_PARSERS: dict[int, Callable[[bytes], Answer]] = {
    AnswerType.HELLO: _parse_hello,
    AnswerType.ACK: _parse_ack,
    AnswerType.LAYER: lambda payload: LayerResult(*struct.unpack("<4I", payload)),
    AnswerType.DONE: _parse_done,
    AnswerType.OUTPUT: Output,
    AnswerType.FAULT: lambda payload: Fault(*struct.unpack("<7I", payload)),
    AnswerType.ERROR: lambda payload: Error(*struct.unpack("<B", payload)),
}
