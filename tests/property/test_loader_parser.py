"""The resident loader's protocol, compiled for this machine with AddressSanitizer and UBSan.

A read or write out of bounds, or a command that reaches the loader's own sector, ends the program
with a status that is not 0.
"""

from __future__ import annotations

import struct
import subprocess
import zlib
from collections.abc import Callable, Iterable
from functools import reduce
from operator import xor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcugen import resources

TESTS = Path(__file__).parent
ACK, NACK, SYNC = 0x79, 0x1F, 0x7F
BASE, SECTOR, APPLICATION = 0x0800_0000, 1024, 0x0800_0400
COMMANDS = (0x00, 0x01, 0x02, 0x11, 0x21, 0x31, 0x44, 0xA1)

Events = tuple[tuple[str, int], ...]
"""A byte (``b``), a damaged byte (``d``), silence (``s``) or a mark (``m``)."""
Talk = Callable[[Iterable[tuple[str, int]]], list[bytes]]


def sent(data: bytes) -> Events:
    return tuple(("b", byte) for byte in data)


SILENCE: Events = (("s", 0),)
MARK: Events = (("m", 0),)
START = b"started"


def command(code: int) -> bytes:
    return bytes([code, code ^ 0xFF])


def summed(data: bytes, start: int = 0) -> bytes:
    return data + bytes([reduce(xor, data, start)])


def word(value: int) -> bytes:
    return summed(struct.pack(">I", value))


def block(data: bytes) -> bytes:
    return summed(bytes([len(data) - 1]) + data)


def sectors(*numbers: int) -> bytes:
    return summed(struct.pack(f">{1 + len(numbers)}H", len(numbers) - 1, *numbers))


@pytest.fixture(scope="session")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Talk:
    """Gives events to a loader after its reset; answers with what it said up to each mark."""
    firmware = resources.firmware_dir()
    loader, console = firmware / "loader", firmware / "console"
    program = tmp_path_factory.mktemp("loader") / "loader"
    subprocess.run(
        [
            "cc", "-std=c11", "-g", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror",
            "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
            f"-I{firmware}", f"-I{loader}", f"-I{console}", TESTS / "loader_host" / "host.c",
            loader / "protocol.c", console / "mcugen_crc32.c", "-o", program,
        ],
        check=True,
    )  # fmt: skip

    def run(events: Iterable[tuple[str, int]]) -> list[bytes]:
        script = b"".join(kind.encode() + bytes([value]) for kind, value in (*events, *MARK))
        done = subprocess.run([program], input=script, capture_output=True, timeout=20)
        assert done.returncode == 0, done.stderr.decode()
        answers, answer = [], b""
        for kind, value in zip(done.stdout[::2], done.stdout[1::2], strict=True):
            if kind == ord("m"):
                answers.append(answer)
                answer = b""
            else:
                answer += bytes([value]) if kind == ord(">") else START
        return answers

    return run


def dialogue(talk: Talk, *messages: bytes) -> list[bytes]:
    """The answer to each message, after the one to the first byte of all."""
    events = [*sent(bytes([SYNC])), *MARK]
    for message in messages:
        events += [*sent(message), *SILENCE, *MARK]
    answers = talk(tuple(events))
    assert answers[0] == bytes([ACK])
    assert answers[-1] == b""
    return answers[1:-1]


def ok(data: bytes = b"") -> bytes:
    return bytes([ACK]) + data


def test_nothing_counts_before_the_host_is_known(talk: Talk) -> None:
    events = (*sent(command(0) + command(2)), ("d", 0x7F), *SILENCE, *sent(bytes([SYNC])))
    assert talk(events) == [ok()]


def test_the_host_that_is_known_already(talk: Talk) -> None:
    assert dialogue(talk, bytes([SYNC]), command(1)) == [bytes([NACK]), ok(b"\x31\0\0" + ok())]


def test_identity(talk: Talk) -> None:
    assert dialogue(talk, command(0x00), command(0x01), command(0x02)) == [
        ok(bytes([len(COMMANDS), 0x31, *COMMANDS]) + ok()),
        ok(b"\x31\0\0" + ok()),
        ok(b"\x01\x04\x49" + ok()),
    ]


def test_all_other_commands_are_refused(talk: Talk) -> None:
    others = [command(code) for code in range(256) if code not in (*COMMANDS, SYNC)]
    assert dialogue(talk, *others) == [bytes([NACK])] * len(others)


def test_reading(talk: Talk) -> None:
    refused = bytes([NACK])
    last = word(BASE + 4 * SECTOR - 1)
    assert dialogue(talk, command(0x11), word(BASE + 3), command(4)) == [
        ok(), ok(), ok(bytes([3, 4, 5, 6, 7])),
    ]  # fmt: skip
    assert dialogue(talk, command(0x11), last, command(0)) == [ok(), ok(), ok(b"\xff")]
    assert dialogue(talk, command(0x11), last, command(1)) == [ok(), ok(), refused]
    for address in (0, BASE - 1, BASE + 4 * SECTOR, 0xFFFF_FFFF):
        assert dialogue(talk, command(0x11), word(address)) == [ok(), refused]


def test_writing(talk: Talk) -> None:
    data = bytes(range(255, -1, -1))
    for size in (1, 3, 4, 100, 256):
        answers = dialogue(
            talk, command(0x31), word(APPLICATION + 8), block(data[:size]),
            command(0x11), word(APPLICATION + 7), command(size - 1 + (size < 256)),
        )  # fmt: skip
        assert answers[:5] == [ok()] * 5
        assert answers[5] == ok(b"\xff" + data[: size - (size == 256)])


def test_writing_elsewhere_is_refused(talk: Talk) -> None:
    refused = bytes([NACK])
    for address in (0, BASE, APPLICATION - 4, APPLICATION + 2, BASE + 4 * SECTOR, 0x2000_0000):
        assert dialogue(talk, command(0x31), word(address)) == [ok(), refused]
    end = BASE + 4 * SECTOR
    assert dialogue(talk, command(0x31), word(end - 4), block(bytes(4)))[-1] == ok()
    assert dialogue(talk, command(0x31), word(end - 4), block(bytes(5)))[-1] == refused


def test_erasing(talk: Talk) -> None:
    checked = (command(0xA1), word(APPLICATION), word(3 * SECTOR))
    write = (command(0x31), word(APPLICATION), block(bytes(8)))
    erase = (command(0x44), sectors(3, 1))
    answers = dialogue(talk, *write, *erase, *checked)
    assert answers[:5] == [ok()] * 5
    assert answers[-1] == ok(ok(struct.pack(">I", zlib.crc32(b"\xff" * 3 * SECTOR))))


def test_erasing_what_is_not_the_application_s_erases_nothing(talk: Talk) -> None:
    checked = (command(0xA1), word(APPLICATION), word(8))
    write = (command(0x31), word(APPLICATION), block(bytes(8)))
    special = [summed(struct.pack(">H", code)) for code in (0xFFFF, 0xFFFE, 0xFFFD, 0xFFF0)]
    for wrong in (sectors(0), sectors(1, 0), sectors(1, 4), sectors(1, 0xFFFF), *special):
        answers = dialogue(talk, *write, command(0x44), wrong, *checked)
        assert answers[4] == bytes([NACK])
        assert answers[-1] == ok(ok(struct.pack(">I", zlib.crc32(bytes(8)))))


def test_more_sectors_than_any_chip_has(talk: Talk) -> None:
    many = sectors(*[1] * 127)
    assert dialogue(talk, command(0x44), many) == [ok(), ok()]
    for count in (128, 129, 0xFFF0):
        wrong = summed(struct.pack(">H", count - 1) + b"\0\1" * count)
        answers = dialogue(talk, command(0x44), wrong, command(1))
        assert answers == [ok(), bytes([NACK]), ok(b"\x31\0\0" + ok())]


def test_the_check_sum_of_a_range(talk: Talk) -> None:
    loader = bytes(index & 0xFF for index in range(SECTOR))
    for start, length in ((0, SECTOR), (1, 7), (5, 0)):
        answers = dialogue(talk, command(0xA1), word(BASE + start), word(length))
        crc = zlib.crc32(loader[start : start + length])
        assert answers == [ok(), ok(), ok(ok(struct.pack(">I", crc)))]
    for start, length in ((BASE, 4 * SECTOR + 1), (BASE + 1, 4 * SECTOR), (BASE, 0xFFFF_FFFF)):
        answers = dialogue(talk, command(0xA1), word(start), word(length))
        assert answers == [ok(), ok(), bytes([NACK])]


def test_starting_the_application(talk: Talk) -> None:
    write = (command(0x31), word(APPLICATION), block(b"\0\0\0\0"))
    refused = bytes([NACK])
    assert dialogue(talk, command(0x21), word(APPLICATION))[-1] == refused
    assert dialogue(talk, *write, command(0x21), word(BASE))[-1] == refused
    assert dialogue(talk, *write, command(0x21), word(APPLICATION))[-1] == ok(START)


def test_a_message_that_is_wrong_is_answered_when_the_line_is_silent(talk: Talk) -> None:
    wrong = (
        ((), b"\x00\x01"),
        ((), b"\x00"),
        ((command(0x11),), word(BASE)[:-1] + b"\0"),
        ((command(0x11),), word(BASE)[:-1]),
        ((command(0x11), word(BASE)), b"\x05\x05"),
        ((command(0x31), word(APPLICATION)), block(bytes(9))[:-1] + b"\1"),
        ((command(0x31), word(APPLICATION)), block(bytes(9))[:-1]),
        ((command(0x44),), sectors(1)[:-1] + b"\2"),
        ((command(0xA1), word(BASE)), word(1)[:-1] + b"\0"),
    )
    for before, message in wrong:
        # What comes until then, even a good command, is part of the nonsense.
        events = (
            *sent(bytes([SYNC])), *sum(map(sent, before), ()), *MARK,
            *sent(message), *(sent(command(0x01)) if len(message) != 1 else ()), *MARK,
            *SILENCE, *MARK, *SILENCE, *sent(command(0x01)),
        )  # fmt: skip
        _, at_once, silent, after = talk(events)
        assert (at_once, silent) == (b"", bytes([NACK])), (before, message)
        assert after == ok(b"\x31\0\0" + ok())


def test_a_damaged_byte_spoils_its_message(talk: Talk) -> None:
    message = block(bytes(16))
    for place in range(len(message)):
        events = [
            *sent(bytes([SYNC]) + command(0x31) + word(APPLICATION)),
            *MARK,
            *sent(message),
            *MARK,
            *SILENCE,
            *MARK,
            *sent(command(0x11) + word(APPLICATION) + command(15)),
        ]
        events[1 + 2 + 5 + 1 + place] = ("d", message[place])
        _, at_once, silent, after = talk(tuple(events))
        assert (at_once, silent) == (b"", bytes([NACK]))
        assert after[-16:] == b"\xff" * 16


addresses = st.sampled_from(
    [0, BASE, BASE + 4, APPLICATION - 4, APPLICATION, BASE + 4 * SECTOR - 4, 0xFFFF_FFFF]
)
fragments = st.one_of(
    st.binary(max_size=300),
    st.sampled_from([*COMMANDS, 0xFF, 0x80]).map(command),
    addresses.map(word),
    st.integers(0, 5000).map(word),
    st.binary(min_size=1, max_size=256).map(block),
    st.lists(st.integers(0, 5), min_size=1, max_size=200).map(lambda all_: sectors(*all_)),
    st.just(bytes([SYNC])),
)
happenings = st.one_of(
    fragments.map(sent),
    fragments.map(sent),
    st.just(SILENCE),
    st.integers(0, 255).map(lambda byte: (("d", byte),)),
)


@settings(max_examples=60, deadline=None)
@given(happened=st.lists(happenings, max_size=40))
def test_whatever_came_before_it_is_found_again(talk: Talk, happened: list[Events]) -> None:
    """After silence one byte brings an answer, and then every command works."""
    events = (
        *sum(happened, ()), *SILENCE, *MARK,
        *sent(bytes([SYNC])), *SILENCE, *MARK,
        *sent(command(0x02)), *MARK,
        *sent(command(0x44) + sectors(1, 2, 3)), *MARK,
        *sent(command(0x31) + word(APPLICATION) + block(b"again")), *MARK,
        *sent(command(0x11) + word(APPLICATION) + command(5)),
    )  # fmt: skip
    _, synced, identity, erased, written, read = talk(events)
    assert synced in (bytes([ACK]), bytes([NACK]))
    assert identity == ok(b"\x01\x04\x49" + ok())
    assert erased == ok() * 2
    assert written == ok() * 3
    assert read == ok() * 3 + b"again\xff"
