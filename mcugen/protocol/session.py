"""Requests and answers over any line, with repetition where the line loses or spoils bytes.

A request may be sent again at any time: the firmware knows the sequence number and the check sum
of the last one it carried out, and only answers again.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from mcugen.errors import DeviceError, UsageError
from mcugen.protocol import messages
from mcugen.protocol.frames import DELIMITER, Damaged, Decoder, Frame, encode
from mcugen.protocol.messages import (
    Ack,
    Answer,
    Counts,
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
    """How often a request is sent, how long an answer may take, how long a layer may run.

    ``hello_seconds`` is for HELLO: whether anybody is there is known sooner than whether somebody
    who was there is gone.
    """

    attempts: int = 8
    hello_seconds: float = 0.2
    answer_seconds: float = 1.0
    layer_seconds: float = 30.0


@dataclass(frozen=True)
class RunResult:
    """One inference: the output's bytes, every layer in order, and what the board counted."""

    output: bytes
    layers: tuple[LayerResult, ...]
    counts: Counts

    @property
    def cycles(self) -> tuple[int, ...]:
        """An entry a layer; () where the board counts none."""
        return self._counted(Counts.CYCLES)

    @property
    def instructions(self) -> tuple[int, ...]:
        """An entry a layer; () where the board counts none."""
        return self._counted(Counts.INSTRUCTIONS)

    def _counted(self, unit: Counts) -> tuple[int, ...]:
        return tuple(layer.count for layer in self.layers) if self.counts is unit else ()


class RefusedRequest(DeviceError):  # noqa: N818 - reads as what it is
    """The firmware understood a request and will not carry it out: ``answer`` says why."""

    def __init__(self, answer: Error) -> None:
        if answer.code == ErrorCode.NO_WEIGHTS:
            super().__init__(
                "D014",
                "the flash outside the chip does not hold the weights of the firmware",
                hint="put `weights.hex` of the build there: `mcugen flash` says how",
            )
        else:
            super().__init__("D002", f"the firmware refuses a request: {answer.name}")
        self.answer = answer


class Session:
    """One host and one firmware, about its model of the number ``model``.

    Methods raise DeviceError: D001 for silence, D002 for nonsense, D003 for a crash.
    """

    def __init__(self, port: Port, patience: Patience | None = None, model: int = 0) -> None:
        self._port = port
        self._model = model
        self._patience = patience or Patience()
        self._decoder = Decoder()
        self._sequence = 0
        self._hello: Hello | None = None
        self._heard_nonsense = False
        self._frames: deque[Frame] = deque()

    def hello(self) -> Hello:
        """Who is there."""
        answer = self.hello_of_any_version()
        if answer.protocol_version != messages.PROTOCOL_VERSION:
            raise DeviceError(
                "D002",
                f"the firmware speaks protocol {answer.protocol_version},"
                f" this mcugen {messages.PROTOCOL_VERSION}",
                hint="build and flash the model with this mcugen",
            )
        self._hello = answer
        return answer

    def hello_of_any_version(self) -> Hello:
        """Who is there, be it firmware of another mcugen; REBOOT_TO_LOADER is alike in all."""
        request = messages.hello_request(self._next(), self._model)
        return self._ask(request, Hello, self._patience.hello_seconds)

    def run(self, data: bytes) -> RunResult:
        """One inference. Raises UsageError U002 when ``data`` has another size than the input."""
        hello = self._hello or self.hello()
        if len(data) != hello.input_bytes:
            raise UsageError(
                "U002", f"the input has {len(data)} bytes, the model takes {hello.input_bytes}"
            )
        for offset in range(0, len(data), messages.INPUT_CHUNK):
            piece = data[offset : offset + messages.INPUT_CHUNK]
            self._ask(
                messages.input_request(self._next(), offset, piece, self._model),
                Ack,
                self._patience.answer_seconds,
            )
        layers = self._run_layers(hello)
        return RunResult(self._fetch_output(hello), layers, hello.counts)

    def reboot_to_loader(self) -> None:
        """Returns once the firmware has agreed; what answers next is the loader.

        Raises RefusedRequest where the program has no way there.
        """
        request = messages.reboot_request(self._next())
        self._ask(request, Ack, self._patience.answer_seconds)
        self._hello = None

    def _fetch_output(self, hello: Hello) -> bytes:
        pieces = []
        for offset in range(0, hello.output_bytes, messages.OUTPUT_CHUNK):
            length = min(messages.OUTPUT_CHUNK, hello.output_bytes - offset)
            request = messages.output_request(self._next(), offset, length, self._model)
            data = self._ask(request, Output, self._patience.answer_seconds).data
            if len(data) != length:
                raise DeviceError("D002", f"asked for {length} bytes of output, got {len(data)}")
            pieces.append(data)
        return b"".join(pieces)

    def _run_layers(self, hello: Hello) -> tuple[LayerResult, ...]:
        """A lost LAYER frame shows at the end; asking again brings all of them again."""
        request = messages.run_request(self._next(), self._model)
        run = _Run(hello.layers)
        for _ in range(self._patience.attempts):
            self._send(request)
            done = self._collect_layers(request.sequence, run)
            if done is not None and done.status != 0:
                raise DeviceError("D002", f"the model ended with status {done.status}")
            if done is not None and run.is_whole:
                return run.in_order()
        raise self._no_answer(self._patience.answer_seconds)

    def _collect_layers(self, sequence: int, run: _Run) -> Done | None:
        """None when the request must be sent again.

        Only what is new gives the board more time, and of what is not there can be no more than the
        answers to all attempts: a board that says the same for ever is left.
        """
        deadline = time.monotonic() + self._patience.answer_seconds
        for _ in range(self._patience.attempts * run.answers):
            answer = self._next_answer(sequence, deadline)
            if answer is None or isinstance(answer, Done):
                return answer
            if run.take(answer):
                deadline = time.monotonic() + self._patience.layer_seconds
        self._heard_nonsense = True
        return None

    def _ask(self, request: Frame, kind: type[AnswerT], seconds: float) -> AnswerT:
        """``seconds`` are for an attempt, whatever else comes meanwhile."""
        for _ in range(self._patience.attempts):
            self._send(request)
            deadline = time.monotonic() + seconds
            while (answer := self._next_answer(request.sequence, deadline)) is not None:
                if isinstance(answer, kind):
                    return answer
                self._heard_nonsense = True
        raise self._no_answer(seconds)

    def _send(self, request: Frame) -> None:
        """A delimiter first: it ends whatever noise or half a frame came before."""
        self._port.write(DELIMITER + encode(request))

    def _next_answer(self, sequence: int, deadline: float) -> Answer | None:
        """The next answer to this request; None when it must be sent again.

        That is after silence, and when the firmware says that it got a damaged frame. Frames with
        another sequence number are late answers to earlier requests.
        """
        while (frame := self._next_frame(deadline)) is not None:
            answer = self._parse(frame)
            if isinstance(answer, Fault):
                raise _crashed(answer)
            if isinstance(answer, Error) and answer.code == ErrorCode.BAD_FRAME:
                return None
            if frame.sequence == sequence and isinstance(answer, Error):
                raise RefusedRequest(answer)
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

    def _no_answer(self, seconds: float) -> DeviceError:
        if self._heard_nonsense:
            return DeviceError(
                "D002",
                "what comes from the board is not the console protocol",
                hint="another program may be on the board, or the baud rate differs",
            )
        return DeviceError(
            "D001",
            f"the board did not answer {self._patience.attempts} requests"
            f" in {self._patience.attempts * seconds:g} seconds",
            hint="is it powered, is this its port, is a firmware made by mcugen on it?",
        )


@dataclass
class _Run:
    """What has come of an inference, over all attempts to get it."""

    layers: int
    begun: bool = False
    found: dict[int, LayerResult] = field(default_factory=dict)

    @property
    def answers(self) -> int:
        """Frames that one RUN is answered with: ACK, LAYER for each layer, DONE."""
        return self.layers + 2

    @property
    def is_whole(self) -> bool:
        return len(self.found) == self.layers

    def take(self, answer: Answer) -> bool:
        """Whether this is something new."""
        before = (self.begun, len(self.found))
        if isinstance(answer, LayerResult) and answer.index < self.layers:
            self.found[answer.index] = answer
        self.begun = True
        return before != (self.begun, len(self.found))

    def in_order(self) -> tuple[LayerResult, ...]:
        return tuple(self.found[index] for index in range(self.layers))


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
