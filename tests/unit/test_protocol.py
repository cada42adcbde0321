"""Frames, messages and the session against a scripted board."""

from __future__ import annotations

import re
import struct
import time
from collections.abc import Callable

import pytest

from mcugen import resources
from mcugen.errors import DeviceError, UsageError
from mcugen.flash.backends.serial_line import restart
from mcugen.flash.job import WayFailedError
from mcugen.protocol import messages
from mcugen.protocol.frames import Damaged, Decoder, Frame, encode, stuff, unstuff
from mcugen.protocol.messages import AnswerType, ErrorCode, RequestType
from mcugen.protocol.session import Patience, RefusedRequest, Session


@pytest.mark.parametrize(
    ("plain", "stuffed"),
    [
        (b"", b"\x01"),
        (b"\0", b"\x01\x01"),
        (b"\0\0", b"\x01\x01\x01"),
        (b"\x11\x22\0\x33", b"\x03\x11\x22\x02\x33"),
        (b"\x11\0\0\0", b"\x02\x11\x01\x01\x01"),
        (bytes(range(1, 255)), b"\xff" + bytes(range(1, 255))),
        (bytes(range(255)), b"\x01\xff" + bytes(range(1, 255))),
        (bytes(range(1, 256)), b"\xff" + bytes(range(1, 255)) + b"\x02\xff"),
        (bytes(range(2, 256)) + b"\0", b"\xff" + bytes(range(2, 256)) + b"\x01\x01"),
    ],
)
def test_stuffing(plain: bytes, stuffed: bytes) -> None:
    """The examples of the COBS paper and its usual test vectors."""
    assert stuff(plain) == stuffed
    assert unstuff(stuffed) == plain


@pytest.mark.parametrize("nonsense", [b"\x05abc", b"\x02", b"\x03a\0", b"\0", b"\x01\x09"])
def test_what_is_not_stuffed(nonsense: bytes) -> None:
    assert unstuff(nonsense) is None


def test_a_frame_on_the_wire() -> None:
    """Type 1, sequence 2, payload abc: CRC-32 as zlib, binascii or any other tool gives it."""
    wire = encode(Frame(1, 2, b"abc"))
    body = b"\x01\x02abc"
    assert wire == b"\x0a" + body + struct.pack("<I", 0x9B2E8EF6) + b"\0"
    assert Decoder().feed(wire) == [Frame(1, 2, b"abc")]


def test_payload_limit() -> None:
    longest = Frame(1, 2, bytes(512))
    assert Decoder().feed(encode(longest)) == [longest]
    with pytest.raises(ValueError, match="513 bytes"):
        encode(Frame(1, 2, bytes(513)))


def test_decoder_keeps_no_more_than_a_frame() -> None:
    decoder = Decoder()
    found = decoder.feed(b"x" * 100_000)
    assert all(isinstance(piece, Damaged) and len(piece.data) < 600 for piece in found)
    assert len(found) > 150
    assert decoder.feed(b"\0" + encode(Frame(9, 9, b"")))[-1] == Frame(9, 9, b"")


def test_the_tail_of_something_too_long_is_no_frame() -> None:
    frame = encode(Frame(9, 9, b""))
    found = Decoder().feed(b"x" * 521 + frame + frame)
    assert [isinstance(piece, Damaged) for piece in found] == [True, True, False]


def test_both_ends_use_the_same_numbers() -> None:
    header = (resources.firmware_dir() / "console" / "mcugen_messages.h").read_text()
    for prefix, members in (
        ("REQUEST", RequestType),
        ("ANSWER", AnswerType),
        ("ERROR", ErrorCode),
    ):
        in_c = {
            name: int(value, 0)
            for name, value in re.findall(rf"\bMCUGEN_{prefix}_(\w+) = (\w+)", header)
        }
        assert in_c == {member.name: member.value for member in members}
    assert f"PROTOCOL_VERSION {messages.PROTOCOL_VERSION}u" in header


def test_the_protocol_is_documented() -> None:
    document = (resources.firmware_dir().parent / "docs" / "console-protocol.md").read_text()
    for member in (*RequestType, *AnswerType, *ErrorCode):
        assert f"`{member.name}`" in document


@pytest.mark.parametrize(
    "frame",
    [
        Frame(0x42, 0, b""),
        Frame(AnswerType.ACK, 0, b"x"),
        Frame(AnswerType.ERROR, 0, b""),
        Frame(AnswerType.LAYER, 0, bytes(15)),
        Frame(AnswerType.DONE, 0, bytes(13)),
        Frame(AnswerType.FAULT, 0, bytes(3)),
        Frame(AnswerType.HELLO, 0, bytes(20)),
        Frame(AnswerType.HELLO, 0, bytes(21) + b"\x05abc"),
        Frame(AnswerType.HELLO, 0, bytes(21) + b"\x01\xff\0\0"),
        Frame(AnswerType.HELLO, 0, bytes(20) + b"\x03\0\0\0"),
    ],
)
def test_malformed_answers(frame: Frame) -> None:
    with pytest.raises(messages.MalformedAnswer):
        messages.parse_answer(frame)


def test_an_unknown_error_keeps_its_number() -> None:
    answer = messages.parse_answer(Frame(AnswerType.ERROR, 0, b"\xc8"))
    assert answer == messages.Error(200)
    assert messages.Error(200).name == "error 200"


def hello_payload(version: int = 3, input_bytes: int = 4, layers: int = 2) -> bytes:
    numbers = struct.pack("<IIIIIB", version, 16_000_000, input_bytes, 3, layers, 1)
    return numbers + b"".join(bytes([len(text)]) + text for text in (b"board", b"model", b"hash"))


class ScriptedBoard:
    """Answers each request as a function says; remembers the requests."""

    def __init__(self, answer: Callable[[Frame], list[Frame | bytes]]) -> None:
        self.requests: list[Frame] = []
        self._answer = answer
        self._decoder = Decoder()
        self._outgoing = b""

    def write(self, data: bytes) -> None:
        for found in self._decoder.feed(data):
            assert isinstance(found, Frame)
            self.requests.append(found)
            for piece in self._answer(found):
                self._outgoing += piece if isinstance(piece, bytes) else encode(piece)

    def read(self, deadline_seconds: float) -> bytes:
        data, self._outgoing = self._outgoing, b""
        return data


class Babbler:
    """Answers the first requests as ``model_board``, then the same frame for ever."""

    def __init__(self, asked: int, kind: int, payload: bytes, every_seconds: float = 0.0) -> None:
        self._asked = asked
        self._frame = (kind, payload)
        self._seconds = every_seconds
        self._board = ScriptedBoard(model_board)
        self._given_up_by = time.monotonic() + 20
        self.said = 0

    def write(self, data: bytes) -> None:
        self._board.write(data)

    def read(self, deadline_seconds: float) -> bytes:
        assert time.monotonic() < self._given_up_by, "the host never gives up"
        data, request = self._board.read(deadline_seconds), self._board.requests[-1]
        if request.type != self._asked:
            return data
        time.sleep(self._seconds)
        self.said += 1
        kind, payload = self._frame
        return encode(Frame(kind, request.sequence, payload))


IMPATIENT = Patience(attempts=2, hello_seconds=0.02, answer_seconds=0.02, layer_seconds=0.05)
LAYER_0 = struct.pack("<4I", 0, 10, 7, 5)


@pytest.mark.parametrize("every_seconds", [0.0, 0.005])
@pytest.mark.parametrize(
    ("asked", "kind", "payload"),
    [
        (RequestType.HELLO, AnswerType.ACK, b""),
        (RequestType.HELLO, 0x99, b""),
        (RequestType.INPUT, AnswerType.OUTPUT, b"out"),
        (RequestType.OUTPUT, AnswerType.ACK, b""),
        (RequestType.RUN, AnswerType.ACK, b""),
        (RequestType.RUN, AnswerType.LAYER, LAYER_0),
        (RequestType.RUN, AnswerType.LAYER, struct.pack("<4I", 77, 10, 7, 5)),
        (RequestType.RUN, AnswerType.DONE, struct.pack("<Qi", 21, 0)),
        (RequestType.RUN, AnswerType.HELLO, hello_payload()),
    ],
)
def test_a_board_that_says_the_same_for_ever_is_left(
    asked: int, kind: int, payload: bytes, every_seconds: float
) -> None:
    board = Babbler(asked, kind, payload, every_seconds)
    with pytest.raises(DeviceError) as caught:
        Session(board, IMPATIENT).run(b"data")
    assert caught.value.code in ("D001", "D002")


@pytest.mark.parametrize(("every_seconds", "most"), [(0.0, 16), (0.04, 7)])
def test_a_board_that_repeats_a_layer_gets_no_more_time(every_seconds: float, most: int) -> None:
    """Neither one that floods the line, nor one that speaks just before patience ends."""
    board = Babbler(RequestType.RUN, AnswerType.LAYER, LAYER_0, every_seconds)
    with pytest.raises(DeviceError):
        Session(board, IMPATIENT).run(b"data")
    assert board.said <= most


def test_a_silent_board_is_left_within_three_seconds() -> None:
    patience = Patience()
    assert patience.attempts * patience.hello_seconds <= 2.5, "and the program has to start, too"


def model_board(request: Frame) -> list[Frame | bytes]:
    """A board that does everything right: 4 bytes in, 3 out, two layers."""
    sequence = request.sequence
    if request.type == RequestType.HELLO:
        return [Frame(AnswerType.HELLO, sequence, hello_payload())]
    if request.type == RequestType.OUTPUT:
        return [Frame(AnswerType.OUTPUT, sequence, b"out")]
    answers: list[Frame | bytes] = [Frame(AnswerType.ACK, sequence, b"")]
    if request.type == RequestType.RUN:
        answers += [
            Frame(AnswerType.LAYER, sequence, struct.pack("<4I", index, 10 + index, 7, 5))
            for index in range(2)
        ]
        answers.append(Frame(AnswerType.DONE, sequence, struct.pack("<Qi", 21, 0)))
    return answers


def test_a_run() -> None:
    board = ScriptedBoard(model_board)
    result = Session(board).run(b"data")
    assert result.output == b"out"
    assert [(layer.index, layer.count) for layer in result.layers] == [(0, 10), (1, 11)]
    assert [request.type for request in board.requests] == [1, 2, 3, 4]
    assert len({request.sequence for request in board.requests}) == 4


def test_silence() -> None:
    board = ScriptedBoard(lambda request: [])
    with pytest.raises(DeviceError) as caught:
        Session(board, Patience(attempts=3)).hello()
    assert caught.value.code == "D001"
    assert len(board.requests) == 3
    assert len(set(board.requests)) == 1, "a repetition is the same frame"


@pytest.mark.parametrize("garbage", [b"\x07boot ok\r\n\0", encode(Frame(0x99, 1, b""))])
def test_another_program_answers(garbage: bytes) -> None:
    with pytest.raises(DeviceError) as caught:
        Session(ScriptedBoard(lambda request: [garbage])).hello()
    assert caught.value.code == "D002"


def test_another_protocol_version() -> None:
    def answer(request: Frame) -> list[Frame | bytes]:
        return [Frame(AnswerType.HELLO, request.sequence, hello_payload(version=1))]

    with pytest.raises(DeviceError, match="protocol 1") as caught:
        Session(ScriptedBoard(answer)).hello()
    assert caught.value.code == "D002"
    assert Session(ScriptedBoard(answer)).hello_of_any_version().protocol_version == 1


def test_input_of_another_size_is_not_sent() -> None:
    board = ScriptedBoard(model_board)
    with pytest.raises(UsageError, match="5 bytes"):
        Session(board).run(b"data!")
    assert [request.type for request in board.requests] == [RequestType.HELLO]


def test_a_lost_answer_is_asked_for_again() -> None:
    def answer(request: Frame) -> list[Frame | bytes]:
        return model_board(request) if board.requests.count(request) > 1 else []

    board = ScriptedBoard(answer)
    assert Session(board).run(b"data").output == b"out"


def test_a_lost_layer_is_asked_for_again() -> None:
    def answer(request: Frame) -> list[Frame | bytes]:
        answers = model_board(request)
        if request.type == RequestType.RUN and board.requests.count(request) == 1:
            del answers[1]
        return answers

    board = ScriptedBoard(answer)
    assert [layer.index for layer in Session(board).run(b"data").layers] == [0, 1]


def test_a_damaged_request_is_sent_again_at_once() -> None:
    def answer(request: Frame) -> list[Frame | bytes]:
        if board.requests.count(request) == 1:
            return [Frame(AnswerType.ERROR, 0, bytes([ErrorCode.BAD_FRAME]))]
        return model_board(request)

    board = ScriptedBoard(answer)
    assert Session(board).run(b"data").output == b"out"


def test_late_answers_are_not_taken_for_new_ones() -> None:
    def answer(request: Frame) -> list[Frame | bytes]:
        late = Frame(AnswerType.OUTPUT, request.sequence - 1, b"old")
        return [late, *model_board(request)]

    assert Session(ScriptedBoard(answer)).run(b"data").output == b"out"


def test_a_refusal_is_an_error() -> None:
    def answer(request: Frame) -> list[Frame | bytes]:
        if request.type == RequestType.RUN:
            code = bytes([ErrorCode.INPUT_INCOMPLETE])
            return [Frame(AnswerType.ERROR, request.sequence, code)]
        return model_board(request)

    with pytest.raises(DeviceError, match="INPUT_INCOMPLETE") as caught:
        Session(ScriptedBoard(answer)).run(b"data")
    assert caught.value.code == "D002"


def test_a_crash_is_an_error_whatever_was_asked() -> None:
    def answer(request: Frame) -> list[Frame | bytes]:
        registers = struct.pack("<7I", 6, 0x0800_8123, 0x0800_9001, 0x2000_0FE0, 0x1_0000, 0, 0)
        return [Frame(AnswerType.FAULT, 0, registers)]

    with pytest.raises(DeviceError, match="UsageFault") as caught:
        Session(ScriptedBoard(answer)).hello()
    assert caught.value.code == "D003"
    assert "0x08008123" in caught.value.where


def test_output_of_another_size() -> None:
    def answer(request: Frame) -> list[Frame | bytes]:
        if request.type == RequestType.OUTPUT:
            return [Frame(AnswerType.OUTPUT, request.sequence, b"out!")]
        return model_board(request)

    with pytest.raises(DeviceError, match="got 4"):
        Session(ScriptedBoard(answer)).run(b"data")


def test_reboot() -> None:
    board = ScriptedBoard(model_board)
    Session(board).reboot_to_loader()
    assert [request.type for request in board.requests] == [RequestType.REBOOT_TO_LOADER]


def test_a_program_without_a_loader_is_no_way_to_flash() -> None:
    def answer(request: Frame) -> list[Frame | bytes]:
        return [Frame(AnswerType.ERROR, request.sequence, bytes([ErrorCode.NO_LOADER]))]

    session = Session(ScriptedBoard(answer))
    with pytest.raises(RefusedRequest) as caught:
        session.reboot_to_loader()
    assert caught.value.answer.code == ErrorCode.NO_LOADER
    with pytest.raises(WayFailedError, match="no way into a loader"):
        restart(session)


def test_sequence_numbers_go_round() -> None:
    board = ScriptedBoard(model_board)
    session = Session(board)
    for _ in range(300):
        session.hello()
    pairs = zip(board.requests, board.requests[1:], strict=False)
    assert all(a.sequence != b.sequence for a, b in pairs)
