"""QEMU runs the same sources, and takes faults as a processor does."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable

import pytest

from mcugen.boards import load_board
from mcugen.errors import BoardError, DeviceError, ToolchainError
from mcugen.image import Image
from mcugen.protocol.messages import Counts
from mcugen.protocol.session import Patience, Session
from mcugen.sim.board import VirtualBoard
from mcugen.sim.qemu import PROGRAM, QemuBoard

Tiny = Callable[..., Image]

MPS2 = "mps2-an500"
DATA = bytes(index * 7 % 256 for index in range(600))

needs_qemu = pytest.mark.skipif(
    shutil.which(PROGRAM) is None, reason="qemu-system-arm is not installed"
)


@needs_qemu
def test_qemu_agrees_with_the_virtual_board(tiny: Tiny) -> None:
    board, image = load_board(MPS2), tiny(MPS2)
    expected = VirtualBoard(board, image).run(DATA)
    with QemuBoard(board, image) as emulated:
        traces = [emulated.run(DATA) for _ in range(2)]
    for trace in traces:
        assert trace.output == expected.output
        assert trace.crcs == expected.crcs
        assert trace.outputs == ()
        assert trace.instructions == ()


@needs_qemu
def test_qemu_has_no_cycle_counter_and_says_so(tiny: Tiny) -> None:
    with QemuBoard(load_board(MPS2), tiny(MPS2)) as emulated:
        hello = Session(emulated).hello()
    assert (hello.board, hello.clock_hz, hello.counts) == (MPS2, 25_000_000, Counts.NOTHING)


@needs_qemu
@pytest.mark.parametrize(
    ("macro", "kind"),
    [
        ("TINY_UNDEFINED", "UsageFault"),
        ("TINY_WILD_LOAD", "BusFault"),
        ("TINY_WILD_STORE", "BusFault"),
    ],
)
def test_a_crash_is_reported_over_the_console(tiny: Tiny, macro: str, kind: str) -> None:
    image = tiny(MPS2, macro)
    with QemuBoard(load_board(MPS2), image) as emulated, pytest.raises(DeviceError) as caught:
        emulated.run(DATA)
    assert caught.value.code == "D003"
    assert kind in caught.value.what
    pc = int(caught.value.where.split()[1].rstrip(","), 16)
    assert image.describe(pc).startswith("tiny_misbehave")


@needs_qemu
def test_a_crash_is_reported_even_without_a_stack(tiny: Tiny) -> None:
    """The processor cannot save where it was, so only the kind of the fault is known."""
    image = tiny(MPS2, "TINY_BAD_STACK")
    with QemuBoard(load_board(MPS2), image) as emulated, pytest.raises(DeviceError) as caught:
        emulated.run(DATA)
    assert caught.value.code == "D003"
    assert "SP 0x9fff" in caught.value.details[0]


@needs_qemu
def test_a_crash_is_reported_again_to_whoever_asks_later(tiny: Tiny) -> None:
    with QemuBoard(load_board(MPS2), tiny(MPS2, "TINY_UNDEFINED")) as emulated:
        with pytest.raises(DeviceError, match="UsageFault"):
            emulated.run(DATA)
        with pytest.raises(DeviceError, match="UsageFault"):
            Session(emulated).hello()


@needs_qemu
def test_reboot(tiny: Tiny) -> None:
    """QEMU has no loader: the application starts again and forgets that an input arrived."""
    with QemuBoard(load_board(MPS2), tiny(MPS2)) as emulated:
        Session(emulated).reboot_to_loader()
        assert Session(emulated, Patience(hello_seconds=2.0)).hello().board == MPS2


@needs_qemu
def test_the_process_is_always_ended(tiny: Tiny) -> None:
    emulated = QemuBoard(load_board(MPS2), tiny(MPS2))
    processes: list[subprocess.Popen[bytes]] = []

    def interrupted() -> None:
        with emulated:
            assert emulated._process is not None
            processes.append(emulated._process)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert processes[0].poll() is not None


@needs_qemu
def test_an_emulator_that_ends_is_an_error(tiny: Tiny) -> None:
    with QemuBoard(load_board(MPS2), tiny(MPS2)) as emulated:
        assert emulated._process is not None
        emulated._process.kill()
        emulated._process.wait()
        with pytest.raises(DeviceError, match="QEMU ended"):
            emulated.run(DATA)


def test_without_qemu(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    image = tiny(MPS2)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ToolchainError) as caught:
        QemuBoard(load_board(MPS2), image)
    assert caught.value.code == "T001"
    assert "qemu-system-arm" in caught.value.hint


@needs_qemu
def test_a_board_that_qemu_lacks(tiny: Tiny) -> None:
    with pytest.raises(BoardError) as caught:
        QemuBoard(load_board("nucleo-f746zg"), tiny())
    assert caught.value.code == "B003"
