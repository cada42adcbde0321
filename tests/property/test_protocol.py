"""The protocol under bytes that nobody meant: both parsers, and the firmware's console itself.

The firmware's C is compiled for this machine with AddressSanitizer and UBSan: a read or write out
of bounds ends it with a status that is not 0.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcugen import resources
from mcugen.firmware import console_tree
from mcugen.protocol import messages
from mcugen.protocol.frames import (
    PAYLOAD_MAX,
    Damaged,
    Decoder,
    Frame,
    encode,
    stuff,
    unstuff,
)
from mcugen.staging import write_tree

TESTS = Path(__file__).parent.parent
REBOOTED = 64

# COBS has its corners at zeros and at runs of 254 bytes without one.
runs = st.builds(
    lambda length, byte: bytes([byte]) * length,
    st.one_of(st.integers(0, 600), st.integers(250, 258), st.integers(504, 512)),
    st.sampled_from([0, 1, 0xFF]),
)
cornered_bytes = st.lists(st.one_of(st.binary(max_size=600), runs), max_size=4).map(b"".join)
payloads = st.one_of(
    st.binary(max_size=PAYLOAD_MAX), cornered_bytes.map(lambda data: data[:PAYLOAD_MAX])
)
frames = st.builds(Frame, st.integers(0, 255), st.integers(0, 255), payloads)


@given(cornered_bytes)
def test_stuffing_is_undone(data: bytes) -> None:
    stuffed = stuff(data)
    assert 0 not in stuffed
    assert len(stuffed) <= len(data) + len(data) // 254 + 1
    assert unstuff(stuffed) == data


@given(st.binary(max_size=600))
def test_unstuffing_accepts_only_what_stuffing_makes(stuffed: bytes) -> None:
    plain = unstuff(stuffed)
    if plain is not None and stuffed:
        # One byte longer is allowed: a last run of 254 bytes may be followed by an empty one.
        assert stuff(plain) == stuffed or stuff(plain) == stuffed[:-1]


@given(st.lists(frames, max_size=5), st.lists(st.integers(1, 700), min_size=1, max_size=20))
def test_frames_survive_any_division(sent: list[Frame], cuts: list[int]) -> None:
    wire = b"".join(encode(frame) for frame in sent)
    decoder = Decoder()
    received = []
    index = 0
    while wire:
        size = cuts[index % len(cuts)]
        received += decoder.feed(wire[:size])
        wire = wire[size:]
        index += 1
    assert received == sent


@given(st.binary(max_size=2000), frames)
def test_a_frame_after_noise_is_found(noise: bytes, frame: Frame) -> None:
    assert Decoder().feed(noise + b"\0" + encode(frame))[-1] == frame


@given(frames)
def test_answers_parse_or_are_malformed(frame: Frame) -> None:
    try:
        answer = messages.parse_answer(frame)
    except messages.MalformedAnswer:
        return
    assert type(answer) in get_args(messages.Answer)


@pytest.fixture(scope="session")
def console(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The firmware's console with the tiny model, for this machine, with sanitizers."""
    folder = tmp_path_factory.mktemp("console")
    write_tree(folder, {name.rpartition("/")[2]: text for name, text in console_tree().items()})
    for path in (
        *(TESTS / "sim" / "tiny_model").iterdir(),
        *(TESTS / "property" / "console_host").iterdir(),
    ):
        shutil.copy(path, folder)
    program = folder / "console"
    compile_with_sanitizers(program, sorted(folder.glob("*.c")), folder)
    return program


def compile_with_sanitizers(program: Path, sources: list[Path], include: Path) -> None:
    flags = [
        "-std=c11",
        "-g",
        "-O1",
        f"-I{include}",
        "-Wall",
        "-Wextra",
        "-Wconversion",
        "-Wshadow",
    ]
    flags += ["-Werror", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    subprocess.run(["cc", *flags, "-o", program, *sources], check=True)


def answers_of(console: Path, sent: bytes) -> tuple[list[Frame | Damaged], int]:
    """What the console answers, and its exit status."""
    done = subprocess.run([console], input=sent, capture_output=True, check=False, timeout=60)
    assert done.returncode in (0, REBOOTED), done.stderr.decode()
    return Decoder().feed(done.stdout), done.returncode


requests = st.one_of(
    st.builds(messages.hello_request, st.integers(0, 3)),
    st.builds(
        messages.input_request,
        st.integers(0, 3),
        st.sampled_from([0, 1, 300, 500, 599, 600, 601, 0x7FFF_FFFF, 0xFFFF_FFFF]),
        st.sampled_from([b"", b"x", bytes(100), bytes(300), bytes(507)]),
    ),
    st.builds(messages.run_request, st.integers(0, 3)),
    st.builds(
        messages.output_request,
        st.integers(0, 3),
        st.sampled_from([0, 1, 688, 1199, 1200, 1201, 0x7FFF_FFFF, 0xFFFF_FFFF]),
        st.sampled_from([0, 1, 511, 512, 513, 0x7FFF_FFFF, 0xFFFF_FFFF]),
    ),
    frames.filter(lambda frame: frame.type != messages.RequestType.REBOOT_TO_LOADER),
)


def spoiled(wire: bytes, position: int, flip: int) -> bytes:
    data = bytearray(wire)
    data[position % len(data)] ^= flip
    return bytes(data)


# The whole input and RUN, so that there is an output to ask for.
whole_run = b"".join(
    encode(request)
    for request in (
        messages.input_request(50, 0, bytes(400)),
        messages.input_request(51, 400, bytes(200)),
        messages.run_request(52),
    )
)

pieces = st.one_of(
    requests.map(encode),
    st.just(whole_run),
    st.builds(spoiled, requests.map(encode), st.integers(0, 1000), st.integers(1, 255)),
    st.binary(max_size=1200),
)


@settings(max_examples=200, deadline=None)
@given(sent=st.lists(pieces, max_size=30))
def test_console_survives_anything_and_finds_back(console: Path, sent: list[bytes]) -> None:
    """Random requests, damaged frames and noise; afterwards HELLO is answered as ever."""
    wire = b"".join(sent) + b"\0" + encode(messages.hello_request(99))
    answers, _ = answers_of(console, wire)
    assert not any(isinstance(answer, Damaged) for answer in answers)
    last = answers[-1]
    assert isinstance(last, Frame)
    if last.sequence != 99:
        return  # the noise held a request to reboot, whose check sum fits by chance
    hello = messages.parse_answer(last)
    assert isinstance(hello, messages.Hello)
    assert (hello.board, hello.layers) == ("host", 3)


@pytest.fixture(scope="session")
def frame_host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The firmware's frame parser alone."""
    console = resources.firmware_dir() / "console"
    program = tmp_path_factory.mktemp("frame") / "frame"
    sources = [TESTS / "property" / "frame_host.c"]
    sources += [console / f"mcugen_{name}.c" for name in ("frame", "cobs", "crc32")]
    compile_with_sanitizers(program, sources, console)
    return program


def collapsed(found: list[Frame | Damaged]) -> list[Frame | None]:
    """Frames in order, None for any amount of damage between them."""
    kinds = [piece if isinstance(piece, Frame) else None for piece in found]
    return [kind for index, kind in enumerate(kinds) if kind or not index or kinds[index - 1]]


@settings(max_examples=200, deadline=None)
@given(sent=st.lists(st.one_of(pieces, st.just(b"\0")), max_size=12))
def test_both_parsers_agree(frame_host: Path, sent: list[bytes]) -> None:
    """The same frames found in the same noise; and what C stuffs, Python reads."""
    wire = b"".join(sent)
    done = subprocess.run([frame_host], input=wire, capture_output=True, check=True, timeout=60)
    in_c: list[Frame | Damaged] = []
    for piece in done.stdout.split(b"\0")[:-1]:
        in_c += Decoder().feed(piece + b"\0") or [Damaged(b"")]
    assert collapsed(in_c) == collapsed([*Decoder().feed(wire)])


corners = st.one_of(
    st.integers(0, 1300),
    st.integers(0, 0xFFFF_FFFF),
    st.sampled_from([0x7FFF_FFFF, 0xFFFF_FFFF, 0xFFFF_FFFF - 511]),
)


@settings(max_examples=100, deadline=None)
@given(offset=corners, length=corners)
def test_no_output_but_the_models(console: Path, offset: int, length: int) -> None:
    answers, _ = answers_of(
        console, whole_run + encode(messages.output_request(53, offset, length))
    )
    assert isinstance(answers[-1], Frame)
    answer = messages.parse_answer(answers[-1])
    if length <= PAYLOAD_MAX and offset + length <= 1200:
        assert isinstance(answer, messages.Output)
        assert len(answer.data) == length
    else:
        assert answer == messages.Error(messages.ErrorCode.BAD_RANGE)


def test_another_request_with_the_same_number_is_another_request(console: Path) -> None:
    """A host that starts anew counts from the beginning, too."""
    wire = b"".join(
        encode(request)
        for request in (
            messages.hello_request(7),
            messages.input_request(7, 0, bytes(400)),
            messages.input_request(7, 400, bytes(200)),
            messages.run_request(7),
            messages.output_request(7, 0, 8),
            messages.output_request(7, 8, 12),
        )
    )
    answers, _ = answers_of(console, wire)
    frames = [answer for answer in answers if isinstance(answer, Frame)]
    run = [0x82, 0x83, 0x83, 0x83, 0x84]
    assert [frame.type for frame in frames] == [0x81, 0x82, 0x82, *run, 0x85, 0x85]
    assert [len(frame.payload) for frame in frames[-2:]] == [8, 12]


def test_console_runs_the_model(console: Path) -> None:
    wire = b"".join(
        encode(request)
        for request in (
            messages.input_request(1, 0, bytes(400)),
            messages.input_request(2, 400, bytes(200)),
            messages.run_request(3),
            messages.run_request(3),
            messages.output_request(4, 0, 8),
            messages.reboot_request(5),
        )
    )
    answers, status = answers_of(console, wire)
    types = [answer.type for answer in answers if isinstance(answer, Frame)]
    run = [0x82, 0x83, 0x83, 0x83, 0x84]
    assert types == [0x82, 0x82, *run, *run, 0x85, 0x82]
    assert answers[2:7] == answers[7:12]
    output = answers[-2]
    assert isinstance(output, Frame)
    assert output.payload == 2 * struct.pack("<f", (0x55 + 3 * 0x55) / 4)
    assert status == REBOOTED
