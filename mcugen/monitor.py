"""``monitor``: what comes over a serial line, frames in words and everything else as it is."""

from __future__ import annotations

import codecs
import re
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from mcugen.keyboard import LEAVE
from mcugen.protocol.frames import DELIMITER, Decoder, Frame, encode
from mcugen.protocol.messages import (
    Ack,
    Answer,
    AnswerType,
    Counts,
    Done,
    Error,
    Fault,
    Hello,
    LayerResult,
    MalformedAnswer,
    Output,
    RequestType,
    hello_request,
    parse_answer,
)
from mcugen.protocol.session import Port

GREETING = DELIMITER + encode(hello_request(1))
"""The firmware speaks only when it is asked. No byte of this wakes a boot loader (0x7F)."""

_POLL_SECONDS = 0.05
_KEY_SECONDS = 0.02
_QUIET_POLLS = 2
_SHOWN_BYTES = 16
_FRAME_TYPES = bytes((*RequestType, *AnswerType))
_LONGEST_HELD = 600
"""Bytes. More than the longest frame on the wire."""

_LINE_FEED = 0x0A
_UNITS = {
    Counts.NOTHING: "counted",
    Counts.CYCLES: "cycles",
    Counts.INSTRUCTIONS: "instructions",
}
_COUNTS = {
    Counts.NOTHING: "counts nothing",
    Counts.CYCLES: "counts cycles",
    Counts.INSTRUCTIONS: "is virtual and counts instructions",
}
_LAYOUT = frozenset("\t\r\n")
_COLOUR = re.compile(r"(\x1b\[[0-9;]{0,16}m)")
_COLOUR_BEGUN = re.compile(r"\x1b(\[[0-9;]{0,16})?\Z")


class Keyboard(Protocol):
    """Where keys come from. ``read`` waits that long at most, and returns b"" for no key."""

    def read(self, seconds: float) -> bytes: ...


def monitor(
    port: Port,
    write: Callable[[str], None],
    keyboard: Keyboard,
    *,
    seconds: float | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Shows what comes and sends the keys, until Ctrl-] or until ``seconds`` are over.

    What the port raises when the line breaks ends it too, after the last byte was shown.
    """
    screen = Screen(write)
    end = None if seconds is None else clock() + seconds
    quiet = 0
    try:
        while end is None or clock() < end:
            data = port.read(_POLL_SECONDS)
            screen.show(data)
            quiet = 0 if data else quiet + 1
            if quiet == _QUIET_POLLS:
                screen.flush()
            keys, leave, _ = keyboard.read(0 if data else _KEY_SECONDS).partition(LEAVE)
            if keys:
                port.write(keys)
            if leave:
                break
    finally:
        screen.flush()


class Screen:
    """Tells frames from raw bytes as they come, and writes both as text.

    A frame stands between two delimiters, or after a line's end or a pause, and its second byte
    is its type. So whatever has another second byte is shown at once; the rest is held back until
    its delimiter says what it is, or until ``flush`` says that no more is coming.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._held = bytearray()
        self._raw = bytearray()
        self._in_text = False
        self._line_open = False
        self._escape = ""
        self._counts: Counts | None = None
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")

    def show(self, data: bytes) -> None:
        """Takes bytes in pieces of any size."""
        for byte in data:
            if byte == DELIMITER[0]:
                self._delimited()
            elif self._in_text:
                self._raw.append(byte)
                self._in_text = byte != _LINE_FEED
            else:
                self._hold(byte)
        self._write_raw()

    def flush(self) -> None:
        """Shows what was held back: it ends here, and what comes next stands for itself."""
        self._let_go()
        self._in_text = False
        self._write_raw(final=True)

    def _hold(self, byte: int) -> None:
        self._held.append(byte)
        length = len(self._held)
        if (length == 2 and byte not in _FRAME_TYPES) or length > _LONGEST_HELD:
            self._let_go()

    def _let_go(self) -> None:
        self._in_text = self._held[-1:] != b"\n"
        self._raw += self._held
        self._held.clear()

    def _delimited(self) -> None:
        found = Decoder().feed(bytes(self._held) + DELIMITER)
        if found and isinstance(found[0], Frame):
            self._held.clear()
            self._write_raw(final=True)
            self._frame(found[0])
        self._let_go()
        self._in_text = False

    def _frame(self, frame: Frame) -> None:
        with suppress(MalformedAnswer):
            answer = parse_answer(frame)
            self._counts = answer.counts if isinstance(answer, Hello) else self._counts
        self._line(describe(frame, self._counts))

    def _write_raw(self, final: bool = False) -> None:
        text = self._escape + self._decoder.decode(bytes(self._raw), final)
        self._raw.clear()
        begun = None if final else _COLOUR_BEGUN.search(text)
        self._escape = text[begun.start() :] if begun else ""
        self._text(text[: begun.start()] if begun else text)

    def _line(self, line: str) -> None:
        self._text(("\n" if self._line_open else "") + line + "\n")

    def _text(self, text: str) -> None:
        if text:
            self._write(readable(text))
            self._line_open = not text.endswith("\n")


def readable(text: str) -> str:
    """Text with its layout and colours; other control characters are spelt out."""
    pieces = _COLOUR.split(text)
    pieces[::2] = [_spell_out(piece) for piece in pieces[::2]]
    return "".join(pieces)


def _spell_out(text: str) -> str:
    return "".join(
        character
        if character.isprintable() or character in _LAYOUT
        else character.encode("unicode_escape").decode()
        for character in text
    )


def describe(frame: Frame, counts: Counts | None = None) -> str:
    """A frame in words: ``<`` from the board, ``>`` to it (an echo), ``?`` what means nothing.

    ``counts`` is what the board counts, None before it said so.
    """
    if frame.type in tuple(RequestType):
        name = RequestType(frame.type).name
        return f"> {name:<6} #{frame.sequence}{_sample(frame.payload)}"
    try:
        words = _words(parse_answer(frame), counts)
    except MalformedAnswer as error:
        return f"? 0x{frame.type:02x}   #{frame.sequence}  {error}{_sample(frame.payload)}"
    return f"< {AnswerType(frame.type).name:<6} #{frame.sequence}  {words}".rstrip()


def _words(answer: Answer, counts: Counts | None) -> str:
    match answer:
        case Hello():
            return _hello_words(answer)
        case Ack():
            return ""
        case LayerResult(index, count, crc32, size):
            sum_ = f"CRC-32 {crc32:08x} of {size:,} bytes"
            return f"layer {index}: {_counted(count, counts)}, {sum_}"
        case Done(count, status):
            return f"{_counted(count, counts)}, status {status}"
        case Output(data):
            return _sample(data).strip()
        case Error():
            return answer.name
        case Fault():
            return _fault_words(answer)


def _counted(count: int, counts: Counts | None) -> str:
    return f"{count:,} {'counted' if counts is None else _UNITS[counts]}"


def _hello_words(hello: Hello) -> str:
    return (
        f"{hello.board} at {hello.clock_hz / 1e6:g} MHz, model `{hello.model}`"
        f" (SHA-256 {hello.model_hash[:12]}), {hello.input_bytes:,} bytes in,"
        f" {hello.output_bytes:,} out, {hello.layers} layers, {_COUNTS[hello.counts]},"
        f" protocol {hello.protocol_version}"
    )


def _fault_words(fault: Fault) -> str:
    return (
        f"exception {fault.exception} at pc 0x{fault.pc:08x}, called from 0x{fault.lr:08x},"
        f" sp 0x{fault.sp:08x}, CFSR 0x{fault.cfsr:08x}, HFSR 0x{fault.hfsr:08x},"
        f" address 0x{fault.address:08x}"
    )


def _sample(data: bytes) -> str:
    if not data:
        return ""
    more = " ..." if len(data) > _SHOWN_BYTES else ""
    return f"  {len(data):,} bytes: {data[:_SHOWN_BYTES].hex(' ')}{more}"
