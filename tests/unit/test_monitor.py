"""``monitor``: frames in words, raw text as it is, noise without harm, keys to the board."""

from __future__ import annotations

import os
import random
import signal
import struct
import termios
from collections.abc import Iterator
from io import StringIO, TextIOWrapper

import pytest

from mcugen.errors import DeviceError
from mcugen.keyboard import LEAVE, NoKeys, keyboard
from mcugen.monitor import GREETING, Screen, describe, monitor
from mcugen.protocol.frames import Decoder, Frame, encode
from mcugen.protocol.messages import AnswerType, Counts, ErrorCode, RequestType

LAYER = Frame(AnswerType.LAYER, 7, struct.pack("<4I", 3, 12345, 0xDEADBEEF, 1024))
LAYER_WORDS = "< LAYER  #7  layer 3: 12,345 counted, CRC-32 deadbeef of 1,024 bytes\n"


def screen() -> tuple[Screen, list[str]]:
    written: list[str] = []
    return Screen(written.append), written


def shown(*pieces: bytes) -> str:
    """What is on the screen when these bytes have come and no more do."""
    one, written = screen()
    for piece in pieces:
        one.show(piece)
    one.flush()
    return "".join(written)


def hello_payload(model: bytes = b"sneaker", counts: Counts = Counts.CYCLES) -> bytes:
    numbers = struct.pack("<IIIIIB", 2, 216_000_000, 49152, 10, 30, counts.value)
    return numbers + b"".join(
        bytes([len(text)]) + text for text in (b"nucleo-f746zg", model, b"0123456789abcdef")
    )


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (Frame(AnswerType.ACK, 9, b""), "< ACK    #9"),
        (LAYER, LAYER_WORDS.rstrip()),
        (
            Frame(AnswerType.DONE, 7, struct.pack("<Qi", 42_125_163, -1)),
            "< DONE   #7  42,125,163 counted, status -1",
        ),
        (Frame(AnswerType.OUTPUT, 8, b"\x01\xff"), "< OUTPUT #8  2 bytes: 01 ff"),
        (
            Frame(AnswerType.OUTPUT, 8, bytes(512)),
            "< OUTPUT #8  512 bytes: " + "00 " * 16 + "...",
        ),
        (Frame(AnswerType.ERROR, 0, bytes([ErrorCode.BAD_FRAME])), "< ERROR  #0  BAD_FRAME"),
        (Frame(AnswerType.ERROR, 0, b"\xc8"), "< ERROR  #0  error 200"),
        (
            Frame(AnswerType.HELLO, 1, hello_payload()),
            "< HELLO  #1  nucleo-f746zg at 216 MHz, model `sneaker` (SHA-256 0123456789ab),"
            " 49,152 bytes in, 10 out, 30 layers, counts cycles, protocol 2",
        ),
        (
            Frame(AnswerType.FAULT, 0, struct.pack("<7I", 6, 0x8008123, 0x8009001, 4, 5, 6, 7)),
            "< FAULT  #0  exception 6 at pc 0x08008123, called from 0x08009001, sp 0x00000004,"
            " CFSR 0x00000005, HFSR 0x00000006, address 0x00000007",
        ),
        (Frame(RequestType.RUN, 3, b""), "> RUN    #3"),
        (Frame(RequestType.INPUT, 3, bytes(4) + b"a"), "> INPUT  #3  5 bytes: 00 00 00 00 61"),
        (Frame(0x42, 3, b""), "? 0x42   #3  no answer has the type 0x42"),
    ],
)
def test_frames_in_words(frame: Frame, words: str) -> None:
    assert describe(frame) == words


@pytest.mark.parametrize(
    ("counts", "said", "unit"),
    [
        (Counts.NOTHING, "counts nothing", "counted"),
        (Counts.CYCLES, "counts cycles", "cycles"),
        (Counts.INSTRUCTIONS, "is virtual and counts instructions", "instructions"),
    ],
)
def test_counts_have_the_unit_that_the_board_named(counts: Counts, said: str, unit: str) -> None:
    hello = Frame(AnswerType.HELLO, 1, hello_payload(counts=counts))
    first, second = shown(encode(hello) + encode(LAYER)).splitlines()
    assert f", {said}, protocol 2" in first
    assert f"12,345 {unit}, CRC-32" in second


def test_a_frame_that_means_nothing_is_shown() -> None:
    words = describe(Frame(AnswerType.LAYER, 3, b"abc"))
    assert words.startswith("? 0x83   #3  a payload of 3 bytes: ")
    assert words.endswith("  3 bytes: 61 62 63")


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_pieces_of_any_size(size: int) -> None:
    line = b"boot ok\r\n\0" + encode(LAYER) + "Grüße\n".encode() + encode(LAYER)
    pieces = [line[start : start + size] for start in range(0, len(line), size)]
    assert shown(*pieces) == f"boot ok\r\n{LAYER_WORDS}Grüße\n{LAYER_WORDS}"


def test_text_is_shown_before_its_line_ends() -> None:
    one, written = screen()
    one.show(b"login: ")
    assert "".join(written) == "login: "


def test_a_frame_after_half_a_line_begins_a_line() -> None:
    assert shown(b"50 %", b"\0" + encode(LAYER), b"x") == f"50 %\n{LAYER_WORDS}x"


def test_half_a_frame_is_shown_when_no_more_comes() -> None:
    one, written = screen()
    one.show(encode(LAYER)[:6])
    assert written == []
    one.flush()
    assert "".join(written) == r"\x04\x83\x07\x03\x01\x01"
    one.show(encode(LAYER))
    assert "".join(written).endswith(f"\n{LAYER_WORDS}")


def test_a_damaged_frame_is_noise() -> None:
    damaged = bytearray(encode(LAYER))
    damaged[8] ^= 0x40
    text = shown(bytes(damaged) + encode(LAYER))
    assert text.endswith(f"\n{LAYER_WORDS}")
    assert text.count("LAYER") == 1


def test_control_characters_are_spelt_out_and_colours_kept() -> None:
    assert shown(b"a\x07b\x1b[2Jc\td") == "a\\x07b\\x1b[2Jc\td"
    assert shown(b"\x1b[1;31mred\x1b[0m\r\n") == "\x1b[1;31mred\x1b[0m\r\n"
    assert shown(b"log \x1b[3", b"1mred") == "log \x1b[31mred"
    assert shown(b"log \x1b[31") == "log \\x1b[31"


def test_a_name_from_the_board_cannot_control_the_terminal() -> None:
    text = shown(encode(Frame(AnswerType.HELLO, 1, hello_payload(b"\x1b[2Jx"))))
    assert "model `\\x1b[2Jx`" in text


def test_what_is_no_utf_8_is_spelt_out() -> None:
    assert shown(b"caf\xe9 \xff\xfe") == "caf\\xe9 \\xff\\xfe"
    assert shown(b"caf\xc3") == "caf\\xc3"
    assert shown(b"caf\xc3", b"\xa9") == "café"


def test_what_looks_like_an_endless_frame_is_shown() -> None:
    one, written = screen()
    one.show(b"\xff\x81" + b"x" * 700)
    assert "".join(written).endswith("x" * 600)


@pytest.mark.parametrize("seed", range(20))
def test_noise_never_hurts(seed: int) -> None:
    """Random bytes: only what a terminal can take, and then frames again."""
    chance = random.Random(seed)
    pieces = [chance.randbytes(chance.randrange(300)) for _ in range(20)]
    text = shown(*pieces, b"\0", encode(LAYER))
    assert text.endswith(LAYER_WORDS)
    assert all(character.isprintable() or character in "\t\r\n\x1b" for character in text)


class Clock:
    """Time that goes on by a tick whenever it is looked at."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


class ScriptedPort:
    """Gives what it was told to, then nothing; raises where it was told an error."""

    def __init__(self, *pieces: bytes | Exception) -> None:
        self.sent = b""
        self._pieces: Iterator[bytes | Exception] = iter(pieces)

    def write(self, data: bytes) -> None:
        self.sent += data

    def read(self, deadline_seconds: float) -> bytes:
        piece = next(self._pieces, b"")
        if isinstance(piece, Exception):
            raise piece
        return piece


class ScriptedKeys:
    def __init__(self, *keys: bytes) -> None:
        self._keys = iter(keys)

    def read(self, seconds: float) -> bytes:
        return next(self._keys, b"")


def test_keys_go_to_the_board_until_ctrl_bracket() -> None:
    port, out = ScriptedPort(b"hello\n"), StringIO()
    monitor(port, out.write, ScriptedKeys(b"", b"ab", b"c" + LEAVE + b"d"))
    assert port.sent == b"abc"
    assert out.getvalue() == "hello\n"


def test_ends_when_the_time_is_over() -> None:
    port, out = ScriptedPort(b"x"), StringIO()
    monitor(port, out.write, ScriptedKeys(), seconds=10, clock=Clock())
    assert out.getvalue() == "x"


def test_a_pause_shows_what_was_held_back() -> None:
    """A lone byte could begin a frame; after a pause it is shown, with the line still open."""
    out = StringIO()

    class Keys:
        polls = 0

        def read(self, seconds: float) -> bytes:
            self.polls += 1
            return LEAVE if out.getvalue() or self.polls > 5 else b""

    keys = Keys()
    monitor(ScriptedPort(b"$"), out.write, keys)
    assert out.getvalue() == "$"
    assert keys.polls == 3


def test_a_line_that_breaks_shows_its_last_bytes() -> None:
    out = StringIO()
    with pytest.raises(DeviceError, match="D008"):
        monitor(ScriptedPort(b"$", DeviceError("D008", "gone")), out.write, ScriptedKeys())
    assert out.getvalue() == "$"


def test_the_greeting_asks_who_is_there_and_wakes_no_boot_loader() -> None:
    assert Decoder().feed(GREETING) == [Frame(RequestType.HELLO, 1, b"")]
    assert 0x7F not in GREETING


@pytest.fixture
def terminal() -> Iterator[tuple[int, TextIOWrapper]]:
    """The side where a person types, and the side that a program has as its stdin."""
    master, slave = os.openpty()
    stream = os.fdopen(slave, "r")
    yield master, stream
    stream.close()
    os.close(master)


def test_keys_come_one_by_one(terminal: tuple[int, TextIOWrapper]) -> None:
    master, stream = terminal
    with keyboard(stream) as keys:
        assert keys.read(0) == b""
        os.write(master, b"a\r\x1a\x1c\x13")
        assert keys.read(10) == b"a\r\x1a\x1c\x13"


@pytest.mark.parametrize("ending", [None, KeyboardInterrupt(), DeviceError("D008", "gone")])
def test_the_terminal_is_as_before(
    terminal: tuple[int, TextIOWrapper], ending: BaseException | None
) -> None:
    _, stream = terminal
    before = termios.tcgetattr(stream)
    seen = None
    try:
        with keyboard(stream):
            seen = termios.tcgetattr(stream)
            if ending is not None:
                raise ending
    except BaseException as error:
        assert error is ending  # noqa: PT017
    assert seen is not None
    assert seen != before
    assert termios.tcgetattr(stream) == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_the_terminal_is_as_before_after_a_signal(
    terminal: tuple[int, TextIOWrapper], number: signal.Signals
) -> None:
    _, stream = terminal
    before, outside = termios.tcgetattr(stream), signal.signal(number, signal.SIG_IGN)
    try:
        with pytest.raises(SystemExit) as caught, keyboard(stream):
            signal.raise_signal(number)
        assert signal.getsignal(number) == signal.SIG_IGN
    finally:
        signal.signal(number, outside)
    assert caught.value.code == 128 + number
    assert termios.tcgetattr(stream) == before


def test_a_terminal_that_vanishes_leaves() -> None:
    master, slave = os.openpty()
    with os.fdopen(slave, "r") as stream, keyboard(stream) as keys:
        os.close(master)
        assert keys.read(10) == LEAVE


def test_without_a_terminal_there_are_no_keys() -> None:
    for stream in (StringIO("typed"), None):
        with keyboard(stream) as keys:
            assert isinstance(keys, NoKeys)
            assert keys.read(0) == b""
