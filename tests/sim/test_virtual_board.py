"""The virtual board boots real firmware, speaks the console protocol, and sees what goes wrong."""

from __future__ import annotations

import random
import re
import signal
import zlib
from collections.abc import Callable

import pytest

from mcugen import resources
from mcugen.boards import load_board
from mcugen.errors import BoardError, DeviceError, UsageError
from mcugen.image import Image
from mcugen.manifest import Writes
from mcugen.protocol import messages
from mcugen.protocol.frames import Damaged, Decoder, Frame, encode
from mcugen.protocol.messages import Ack, Counts, Done, Error, ErrorCode, LayerResult, Output
from mcugen.protocol.session import Session
from mcugen.sim.board import VirtualBoard, instruction_limit
from mcugen.sim.peripherals import Faults
from mcugen.sim.watch import Library

Tiny = Callable[..., Image]
Layers = Callable[[bytes], tuple[bytes, bytes, bytes]]

BOARDS = ("nucleo-f746zg", "stm32f746g-disco", "nucleo-f767zi", "nucleo-f446re", "mps2-an500")
NUCLEO = "nucleo-f746zg"
DATA = bytes(index * 7 % 256 for index in range(600))


def boot(image: Image, board: str = NUCLEO) -> VirtualBoard:
    return VirtualBoard(load_board(board), image, limit=1_000_000)


def ask(board: VirtualBoard, *frames: Frame) -> list[messages.Answer]:
    """The answers to requests that are sent without any care."""
    for frame in frames:
        board.write(encode(frame))
    answers = []
    for found in Decoder().feed(board.read(0)):
        assert isinstance(found, Frame)
        answers.append(messages.parse_answer(found))
    return answers


def send_input(board: VirtualBoard, data: bytes = DATA, sequence: int = 100) -> None:
    for offset in range(0, len(data), 400):
        request = messages.input_request(sequence + offset // 400, offset, data[offset:][:400])
        assert ask(board, request) == [Ack()]


@pytest.mark.parametrize("name", BOARDS)
def test_boots_and_says_who_it_is(tiny: Tiny, name: str) -> None:
    hello = Session(boot(tiny(name), name)).hello()
    assert hello.board == name
    assert hello.clock_hz == load_board(name).clock.hz
    assert (hello.model, hello.layers, hello.counts) == ("tiny", 3, Counts.INSTRUCTIONS)
    assert (hello.input_bytes, hello.output_bytes) == (600, 1200)
    assert hello.model_hash == "00112233445566778899aabbccddeeff" * 2


@pytest.mark.parametrize("name", BOARDS)
def test_runs_the_model(tiny: Tiny, tiny_layers: Layers, name: str) -> None:
    seen: list[tuple[int, int, bytes]] = []
    board = VirtualBoard(load_board(name), tiny(name), on_piece=lambda *piece: seen.append(piece))
    trace = board.run(DATA)
    assert trace.outputs == tiny_layers(DATA)
    assert seen == [(layer, 0, output) for layer, output in enumerate(trace.outputs)]
    assert trace.output == trace.outputs[-1]
    assert trace.crcs == tuple(zlib.crc32(output) for output in trace.outputs)
    assert trace.stray_writes == ()
    assert 0 < trace.stack_bytes < trace.stack_reserved == 4096


def test_instructions_are_counted_and_repeat(tiny: Tiny) -> None:
    first, again = boot(tiny()), boot(tiny())
    trace = first.run(DATA)
    assert all(count > 300 for count in trace.instructions)
    assert again.run(DATA) == trace
    assert again.run(DATA) == trace, "a second inference on a board is like the first"


@pytest.mark.parametrize("name", BOARDS)
def test_start_up_sets_the_processor_up(tiny: Tiny, name: str) -> None:
    board = boot(tiny(name), name)
    board.read(0)
    assert board.register(0xE000_ED08) == load_board(name).application.start, "VTOR"
    assert board.register(0xE000_ED88) == 0x00F0_0000, "CPACR: FPU"
    assert board.register(0xE000_EF34) >> 30 == 3, "FPCCR: lazy stacking"
    caches = 3 if load_board(name).chip.core == "cortex-m7" else 0
    assert board.register(0xE000_ED14) >> 16 & 3 == caches, "CCR: both caches, where there are any"
    assert board.register(0xE000_ED24) >> 16 == 7, "SHCSR: faults come as their own kind"


def test_a_loader_may_start_the_application(tiny: Tiny) -> None:
    """The first two words at the application's address are all that it needs."""
    board = boot(tiny())
    board.run(DATA)
    board.cpu.reset(load_board(NUCLEO).application.start)
    assert Session(board).hello().clock_hz == 216_000_000


def test_stray_store_is_seen(tiny: Tiny) -> None:
    (stray,) = boot(tiny(NUCLEO, "TINY_STRAY_STORE")).run(DATA).stray_writes
    assert (stray.target, stray.layer, stray.size) == ("tiny_outside", 1, 4)
    assert stray.function.startswith("tiny_misbehave")
    assert stray.address == tiny(NUCLEO, "TINY_STRAY_STORE").address_of("tiny_outside")


@pytest.mark.parametrize(
    ("macro", "from_arena"), [("TINY_STORE_BEHIND_ARENA", 2416), ("TINY_STORE_BEFORE_ARENA", -1)]
)
def test_store_right_beside_the_arena_is_seen(tiny: Tiny, macro: str, from_arena: int) -> None:
    image = tiny(NUCLEO, macro)
    (stray,) = boot(image).run(DATA).stray_writes
    assert stray.address == image.address_of("model_arena") + from_arena
    assert (stray.layer, stray.size) == (1, 1)


def tiny_writes(*spans: tuple[int, int]) -> tuple[Writes, ...]:
    """What each layer of the tiny model may write."""
    return tuple(Writes(layer, (span,)) for layer, span in enumerate(spans))


TINY_WRITES = tiny_writes((0, 600), (0, 1200), (1216, 2416))


def test_store_to_what_is_another_layers_is_seen(tiny: Tiny, tiny_layers: Layers) -> None:
    writes = tiny_writes((0, 600), (0, 1196), (1216, 2416))
    board = VirtualBoard(load_board(NUCLEO), tiny(), library=Library(writes=writes))
    arena = tiny().address_of("model_arena")
    for _ in range(2):
        trace = board.run(DATA)
        assert {(stray.address, stray.layer) for stray in trace.stray_writes} == {(arena + 1196, 1)}
        assert trace.outputs == tiny_layers(DATA)


def test_store_half_outside_a_layers_own_is_seen(tiny: Tiny) -> None:
    image = tiny(NUCLEO, "TINY_STORE_ACROSS_OUTPUT")
    board = VirtualBoard(load_board(NUCLEO), image, library=Library(writes=TINY_WRITES))
    (stray,) = board.run(DATA).stray_writes
    assert (stray.address, stray.size) == (image.address_of("model_arena") + 1198, 4)


@pytest.mark.parametrize("name", BOARDS)
def test_no_layer_that_keeps_to_its_own_is_blamed(
    tiny: Tiny, tiny_layers: Layers, name: str
) -> None:
    board = VirtualBoard(load_board(name), tiny(name), library=Library(writes=TINY_WRITES))
    assert board.run(DATA) == boot(tiny(name), name).run(DATA)
    assert board.run(DATA).outputs == tiny_layers(DATA)


def test_stray_store_to_a_register_is_seen(tiny: Tiny) -> None:
    (stray,) = boot(tiny(NUCLEO, "TINY_REGISTER_STORE")).run(DATA).stray_writes
    assert (stray.address, stray.target) == (0x4002_0014, "0x40020014")
    assert "stores 4 bytes to 0x40020014" in str(stray)


@pytest.mark.parametrize(
    ("macro", "what"),
    [
        ("TINY_WILD_STORE", "stores to 0xa0001234"),
        ("TINY_WILD_LOAD", "reads 0xa0001230"),
        ("TINY_FLASH_STORE", "stores to 0x08000000"),
        ("TINY_PERIPHERAL_STORE", "stores to 0x40010000"),
        ("TINY_UNDEFINED", "undefined instruction"),
    ],
)
def test_crash_names_place_and_callers(tiny: Tiny, macro: str, what: str) -> None:
    with pytest.raises(DeviceError) as caught:
        boot(tiny(NUCLEO, macro)).run(DATA)
    error = caught.value
    assert error.code == "D003"
    assert what in error.what
    assert error.where.startswith("tiny_misbehave")
    assert any("model_run" in line for line in error.details)


def test_wild_jump_names_its_caller(tiny: Tiny) -> None:
    with pytest.raises(DeviceError, match="jumps to 0xa0000000") as caught:
        boot(tiny(NUCLEO, "TINY_WILD_JUMP")).run(DATA)
    assert any("model_run" in line or "tiny_misbehave" in line for line in caught.value.details)


def test_unmodelled_register_is_a_crash(tiny: Tiny) -> None:
    """On a page that has registers, but not this one: RCC_AHB1RSTR."""
    with pytest.raises(DeviceError, match="no register") as caught:
        boot(tiny(NUCLEO, "TINY_UNMODELLED_REGISTER")).run(DATA)
    assert caught.value.code == "D003"
    assert "tiny_misbehave" in caught.value.where


def test_hang_ends_and_says_that_a_limit_was_reached(tiny: Tiny) -> None:
    with pytest.raises(DeviceError) as caught:
        boot(tiny(NUCLEO, "TINY_HANG")).run(DATA)
    error = caught.value
    assert (error.code, error.what) == (
        "D001",
        "the firmware computed for 1,000,000 instructions and did not answer",
    )
    assert "limit" in error.hint
    assert "tiny_misbehave" in error.where


def test_the_limit_follows_the_work(tiny: Tiny) -> None:
    """MobileNetV1 of width 1.0 at 224 pixels takes 1.07 billion instructions."""
    assert instruction_limit(568_740_352) > 10 * 1_070_000_000
    assert instruction_limit(0) >= 1_000_000_000
    image = tiny()
    VirtualBoard(load_board(NUCLEO), image, limit=50_000).run(DATA)
    with pytest.raises(DeviceError, match="computed for 5,000 instructions"):
        VirtualBoard(load_board(NUCLEO), image, limit=5_000).run(DATA)


def test_without_a_limit_only_an_interrupt_ends_a_hang(tiny: Tiny) -> None:
    """A signal's handler gets its turn when the emulator's C code comes back."""
    board = VirtualBoard(load_board(NUCLEO), tiny(NUCLEO, "TINY_HANG"), limit=None)
    send_input(board)
    board.write(encode(messages.run_request(1)))
    handler = signal.signal(signal.SIGALRM, lambda *_: board.interrupt())
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        board.read(0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
    assert board.cpu.instructions > 50_000_000


def test_stack_depth(tiny: Tiny) -> None:
    shallow = boot(tiny()).run(DATA).stack_bytes
    deep = boot(tiny(NUCLEO, "TINY_DEEP_STACK")).run(DATA).stack_bytes
    assert 2900 < deep - shallow < 3100


def test_stack_overflow_is_a_crash(tiny: Tiny) -> None:
    with pytest.raises(DeviceError) as caught:
        boot(tiny(NUCLEO, "TINY_STACK_OVERFLOW")).run(DATA)
    assert caught.value.code == "D003"
    assert any("deeper than what is reserved" in line for line in caught.value.details)


def test_model_that_fails(tiny: Tiny) -> None:
    with pytest.raises(DeviceError, match="status 3") as caught:
        boot(tiny(NUCLEO, "TINY_FAILS")).run(DATA)
    assert caught.value.code == "D002"


def test_input_of_another_size(tiny: Tiny) -> None:
    with pytest.raises(UsageError) as caught:
        boot(tiny()).run(b"\0" * 599)
    assert caught.value.code == "U002"


def test_image_for_another_board(tiny: Tiny) -> None:
    with pytest.raises(BoardError) as caught:
        boot(tiny("mps2-an500"), NUCLEO)
    assert caught.value.code == "B003"


@pytest.mark.parametrize("name", BOARDS[:-1])
def test_without_pll_it_runs_slowly_at_the_right_baud_rate(
    tiny: Tiny, tiny_layers: Layers, name: str
) -> None:
    board = VirtualBoard(load_board(name), tiny(name), faults=Faults(pll_never_locks=True))
    assert Session(board).hello().clock_hz == 16_000_000
    assert board.run(DATA).outputs == tiny_layers(DATA)


def test_reboot_to_loader_leaves_a_message(tiny: Tiny) -> None:
    board = boot(tiny())
    Session(board).reboot_to_loader()
    header = (resources.firmware_dir() / "mailbox.h").read_text()
    magic = re.search(r"MAILBOX_STAY_IN_LOADER\s+(0x\w+)u", header)
    assert magic is not None
    mailbox = board.cpu.read(load_board(NUCLEO).ram.base, 4)
    assert board.resets == 1
    assert int.from_bytes(mailbox, "little") == int(magic[1], 16)
    assert Session(board).hello().board == NUCLEO, "without a loader the application starts again"


def test_start_up_keeps_the_mailbox(tiny: Tiny) -> None:
    board = boot(tiny())
    board.cpu.write(load_board(NUCLEO).ram.base, b"knock!")
    board.run(DATA)
    assert board.cpu.read(load_board(NUCLEO).ram.base, 6) == b"knock!"


@pytest.mark.parametrize(
    ("request_frame", "code"),
    [
        (messages.run_request(1), ErrorCode.INPUT_INCOMPLETE),
        (messages.output_request(1, 0, 4), ErrorCode.NO_OUTPUT),
        (messages.output_request(1, 1196, 5), ErrorCode.BAD_RANGE),
        (messages.output_request(1, 0xFFFF_FFFF, 2), ErrorCode.BAD_RANGE),
        (messages.output_request(1, 0, 513), ErrorCode.BAD_RANGE),
        (messages.input_request(1, 599, b"ab"), ErrorCode.BAD_RANGE),
        (messages.input_request(1, 0xFFFF_FFFF, b"ab"), ErrorCode.BAD_RANGE),
        (messages.input_request(1, 4, b"ab"), ErrorCode.OUT_OF_ORDER),
        (messages.input_request(1, 0, b""), ErrorCode.BAD_LENGTH),
        (messages.hello_request(1, model=1), ErrorCode.NO_MODEL),
        (messages.input_request(1, 0, b"ab", model=1), ErrorCode.NO_MODEL),
        (messages.run_request(1, model=255), ErrorCode.NO_MODEL),
        (messages.output_request(1, 0, 4, model=1), ErrorCode.NO_MODEL),
        (Frame(messages.RequestType.HELLO, 1, bytes(2)), ErrorCode.BAD_LENGTH),
        (Frame(messages.RequestType.RUN, 1, b""), ErrorCode.BAD_LENGTH),
        (Frame(messages.RequestType.RUN, 1, bytes(2)), ErrorCode.BAD_LENGTH),
        (Frame(messages.RequestType.OUTPUT, 1, b"x"), ErrorCode.BAD_LENGTH),
        (Frame(0x55, 1, b""), ErrorCode.UNKNOWN_REQUEST),
    ],
)
def test_refusals(tiny: Tiny, request_frame: Frame, code: ErrorCode) -> None:
    assert ask(boot(tiny()), request_frame) == [Error(code)]


def test_run_needs_the_input_anew(tiny: Tiny) -> None:
    board = boot(tiny())
    board.run(DATA)
    assert ask(board, messages.run_request(200)) == [Error(ErrorCode.INPUT_INCOMPLETE)]
    assert isinstance(ask(board, messages.output_request(201, 0, 8))[0], Output)
    assert ask(board, messages.input_request(202, 0, b"new")) == [Ack()]
    assert ask(board, messages.output_request(203, 0, 8)) == [Error(ErrorCode.NO_OUTPUT)]


def test_a_repeated_request_is_answered_but_not_carried_out(tiny: Tiny) -> None:
    board = boot(tiny())
    piece = messages.input_request(7, 0, DATA[:400])
    assert ask(board, piece, piece) == [Ack(), Ack()]
    send_input(board)
    before = board.cpu.instructions
    answers = ask(board, messages.run_request(9))
    cost = board.cpu.instructions - before
    before = board.cpu.instructions
    assert ask(board, messages.run_request(9)) == answers
    assert (
        board.cpu.instructions - before
        < cost - sum(answer.count for answer in answers if isinstance(answer, LayerResult)) + 1000
    ), "the layers did not run again"
    assert [type(answer) for answer in answers] == [Ack, *3 * [LayerResult], Done]


def test_a_damaged_frame_does_not_disturb_the_repetition(tiny: Tiny) -> None:
    board = boot(tiny())
    send_input(board)
    answers = ask(board, messages.run_request(9))
    board.write(b"\x05garbage\0")
    (complaint,) = Decoder().feed(board.read(0))
    assert complaint == Frame(messages.AnswerType.ERROR, 0, bytes([ErrorCode.BAD_FRAME]))
    assert ask(board, messages.run_request(9)) == answers


@pytest.mark.parametrize("seed", range(20))
def test_noise_is_survived(tiny: Tiny, seed: int) -> None:
    """Random bytes, frames with flipped bits: no hang, no crash, and then sense again."""
    chance = random.Random(seed)
    board = boot(tiny())
    for _ in range(20):
        if chance.random() < 0.5:
            board.write(chance.randbytes(chance.randrange(1500)))
        else:
            frame = bytearray(encode(messages.input_request(3, 0, chance.randbytes(300))))
            frame[chance.randrange(len(frame))] ^= 1 << chance.randrange(8)
            board.write(bytes(frame))
        for found in Decoder().feed(board.read(0)):
            assert not isinstance(found, Damaged)
    assert Session(board).hello().model == "tiny"


class BadLine:
    """A line that loses, doubles and flips a byte now and then, both ways."""

    def __init__(self, board: VirtualBoard, seed: int) -> None:
        self._board = board
        self._chance = random.Random(seed)

    def write(self, data: bytes) -> None:
        self._board.write(self._spoil(data))

    def read(self, deadline_seconds: float) -> bytes:
        return self._spoil(self._board.read(deadline_seconds))

    def _spoil(self, data: bytes) -> bytes:
        out = bytearray()
        for byte in data:
            fate = self._chance.random()
            if fate < 0.0004:
                continue
            out.append(byte ^ 1 << self._chance.randrange(8) if fate < 0.0008 else byte)
            if fate > 0.9996:
                out.append(byte)
        return bytes(out)


@pytest.mark.parametrize("seed", range(20))
def test_session_over_a_bad_line(tiny: Tiny, tiny_layers: Layers, seed: int) -> None:
    """Never a wrong result: the right one, or an error."""
    session = Session(BadLine(boot(tiny()), seed))
    for _ in range(3):
        result = session.run(DATA)
        assert result.output == tiny_layers(DATA)[-1]
        assert [layer.crc32 for layer in result.layers] == [
            zlib.crc32(output) for output in tiny_layers(DATA)
        ]


@pytest.mark.parametrize("name", BOARDS)
def test_firmware_keeps_within_what_is_set_aside_for_it(tiny: Tiny, name: str) -> None:
    image, board = tiny(name), load_board(name)
    arena = image.symbols["model_arena"].size
    variables = image.address_of("_ram_used_end") - image.address_of("_stack_top") - arena
    assert board.ram.size - board.arena_limit >= variables + board.application.stack_bytes
    assert image.address_of("_mailbox") == board.ram.base
    assert image.address_of("_stack_bottom") == board.ram.base + board.mailbox_bytes
