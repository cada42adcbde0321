"""Requests and answers over any line, with repetition where the line loses or spoils bytes.

A request may be sent again at any time: the firmware knows the sequence number and the check sum
of the last one it carried out, and only answers again.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import Protocol, TypeVar

from mcugen.errors import DeviceError, UsageError
from mcugen.protocol import messages
from mcugen.protocol.frames import DELIMITER, Damaged, Decoder, Frame, encode
from mcugen.protocol.messages import (
    Ack,
    Answer,
    Done,
    Error,
    ErrorCode,
    Fault,
    Hello,
    LayerResult,
    MalformedAnswer,
    Output,
)

_EXCEPTIONS = {2: "NMI", 3: "HardFault", 4: "MemManage", 5: "BusFault", 6: "UsageFault"}

AnswerT = TypeVar("AnswerT", Hello, Ack, Output)


class Port(Protocol):
    """A serial line. ``read`` returns what there is, at the latest when the deadline is over.

    It returns nothing only when the deadline is over, or nothing can come any more.
    """

    def write(self, data: bytes) -> None: ...

    def read(self, deadline_seconds: float) -> bytes: ...


@dataclass(frozen=True)
class Patience:
    """How often a request is sent, how long an answer may take, how long a layer may run."""

    attempts: int = 8
    answer_seconds: float = 1.0
    layer_seconds: float = 30.0


@dataclass(frozen=True)
class RunResult:
    """One inference: the output's bytes, and every layer in order."""

    output: bytes
    layers: tuple[LayerResult, ...]


class Session:
    """One host and one firmware.

    Methods raise DeviceError: D001 for silence, D002 for nonsense, D003 for a crash.
    """

    def __init__(self, port: Port, patience: Patience | None = None) -> None:
        self._port = port
        self._patience = patience or Patience()
        self._decoder = Decoder()
        self._sequence = 0
        self._hello: Hello | None = None
        self._heard_nonsense = False
        self._frames: deque[Frame] = deque()

    def hello(self) -> Hello:
        """Who is there."""
        answer = self._ask(messages.hello_request(self._next()), Hello)
        if answer.protocol_version != messages.PROTOCOL_VERSION:
            raise DeviceError(
                "D002",
                f"the firmware speaks protocol {answer.protocol_version},"
                f" this mcugen {messages.PROTOCOL_VERSION}",
                hint="build and flash the model with this mcugen",
            )
        self._hello = answer
        return answer

    def run(self, data: bytes) -> RunResult:
        """One inference. Raises UsageError U002 when ``data`` has another size than the input."""
        hello = self._hello or self.hello()
        if len(data) != hello.input_bytes:
            raise UsageError(
                "U002", f"the input has {len(data)} bytes, the model takes {hello.input_bytes}"
            )
        for offset in range(0, len(data), messages.INPUT_CHUNK):
            piece = data[offset : offset + messages.INPUT_CHUNK]
            self._ask(messages.input_request(self._next(), offset, piece), Ack)
        layers = self._run_layers(hello)
        return RunResult(self._fetch_output(hello), layers)

    def reboot_to_loader(self) -> None:
        """Returns once the firmware has agreed; what answers next is the loader."""
        self._ask(messages.reboot_request(self._next()), Ack)
        self._hello = None

    def _fetch_output(self, hello: Hello) -> bytes:
        pieces = []
        for offset in range(0, hello.output_bytes, messages.OUTPUT_CHUNK):
            length = min(messages.OUTPUT_CHUNK, hello.output_bytes - offset)
            request = messages.output_request(self._next(), offset, length)
            data = self._ask(request, Output).data
            if len(data) != length:
                raise DeviceError("D002", f"asked for {length} bytes of output, got {len(data)}")
            pieces.append(data)
        return b"".join(pieces)

    def _run_layers(self, hello: Hello) -> tuple[LayerResult, ...]:
        """A lost LAYER frame shows at the end; asking again brings all of them again."""
        request = messages.run_request(self._next())
        layers: dict[int, LayerResult] = {}
        for _ in range(self._patience.attempts):
            self._send(request)
            done = self._collect_layers(request.sequence, layers)
            if done is not None and done.status != 0:
                raise DeviceError("D002", f"the model ended with status {done.status}")
            if done is not None and layers.keys() >= set(range(hello.layers)):
                return tuple(layers[index] for index in range(hello.layers))
        raise self._no_answer()

    def _collect_layers(self, sequence: int, layers: dict[int, LayerResult]) -> Done | None:
        """None when the request must be sent again."""
        seconds = self._patience.answer_seconds
        while (answer := self._next_answer(sequence, seconds)) is not None:
            if isinstance(answer, Done):
                return answer
            if isinstance(answer, LayerResult):
                layers[answer.index] = answer
            seconds = self._patience.layer_seconds
        return None

    def _ask(self, request: Frame, kind: type[AnswerT]) -> AnswerT:
        for _ in range(self._patience.attempts):
            self._send(request)
            seconds = self._patience.answer_seconds
            while (answer := self._next_answer(request.sequence, seconds)) is not None:
                if isinstance(answer, kind):
                    return answer
        raise self._no_answer()

    def _send(self, request: Frame) -> None:
        """A delimiter first: it ends whatever noise or half a frame came before."""
        self._port.write(DELIMITER + encode(request))

    def _next_answer(self, sequence: int, seconds: float) -> Answer | None:
        """The next answer to this request; None when it must be sent again.

        That is after silence, and when the firmware says that it got a damaged frame. Frames with
        another sequence number are late answers to earlier requests.
        """
        deadline = time.monotonic() + seconds
        while (frame := self._next_frame(deadline)) is not None:
            answer = self._parse(frame)
            if isinstance(answer, Fault):
                raise _crashed(answer)
            if isinstance(answer, Error) and answer.code == ErrorCode.BAD_FRAME:
                return None
            if frame.sequence == sequence and isinstance(answer, Error):
                raise DeviceError("D002", f"the firmware refuses a request: {answer.name}")
            if frame.sequence == sequence and answer is not None:
                return answer
        return None

    def _next_frame(self, deadline: float) -> Frame | None:
        while not self._frames:
            left = deadline - time.monotonic()
            data = self._port.read(left) if left > 0 else b""
            if not data:
                return None
            for found in self._decoder.feed(data):
                if isinstance(found, Damaged):
                    self._heard_nonsense = True
                else:
                    self._frames.append(found)
        return self._frames.popleft()

    def _parse(self, frame: Frame) -> Answer | None:
        try:
            return messages.parse_answer(frame)
        except MalformedAnswer:
            self._heard_nonsense = True
            return None

    def _next(self) -> int:
        self._heard_nonsense = False
        self._sequence = (self._sequence + 1) % 256
        return self._sequence

    def _no_answer(self) -> DeviceError:
        if self._heard_nonsense:
            return DeviceError(
                "D002",
                "what comes from the board is not the console protocol",
                hint="another program may be on the board, or the baud rate differs",
            )
        return DeviceError(
            "D001",
            f"the board did not answer {self._patience.attempts} requests",
            hint="is it powered, is this its port, is a firmware made by mcugen on it?",
        )


def _crashed(fault: Fault) -> DeviceError:
    kind = _EXCEPTIONS.get(fault.exception, f"exception {fault.exception}")
    return DeviceError(
        "D003",
        f"the firmware crashed: {kind}",
        where=f"pc 0x{fault.pc:08x}, called from 0x{fault.lr:08x}",
        details=(
            f"CFSR 0x{fault.cfsr:08x}, HFSR 0x{fault.hfsr:08x}, address 0x{fault.address:08x},"
            f" SP 0x{fault.sp:08x}",
        ),
        hint="reset the board; `arm-none-eabi-addr2line -f -e firmware.elf` names the function",
    )
