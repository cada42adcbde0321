"""Both ways of counting instructions give the same numbers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mcugen.boards import load_board
from mcugen.errors import DeviceError, ToolchainError
from mcugen.image import Image
from mcugen.sim import counter
from mcugen.sim.board import VirtualBoard

Tiny = Callable[..., Image]

DATA = bytes(index * 7 % 256 for index in range(600))


@pytest.fixture
def no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise ToolchainError("T001", "`cc` is not installed")

    monkeypatch.setattr(counter, "NativeCounter", fail)


def boot(image: Image) -> VirtualBoard:
    return VirtualBoard(load_board("nucleo-f746zg"), image, limit=100_000)


def test_the_native_counter_is_used(tiny: Tiny) -> None:
    assert isinstance(boot(tiny()).cpu._counter, counter.NativeCounter)


@pytest.mark.usefixtures("no_compiler")
def test_without_a_compiler_python_counts(tiny: Tiny) -> None:
    assert isinstance(boot(tiny()).cpu._counter, counter.PythonCounter)


def test_they_agree(tiny: Tiny, request: pytest.FixtureRequest) -> None:
    native = boot(tiny())
    expected = native.run(DATA)
    request.getfixturevalue("no_compiler")
    python = boot(tiny())
    assert python.run(DATA) == expected
    assert python.cpu.instructions == native.cpu.instructions


@pytest.mark.parametrize("slow", [False, True])
def test_both_stop_at_the_limit(tiny: Tiny, slow: bool, request: pytest.FixtureRequest) -> None:
    if slow:
        request.getfixturevalue("no_compiler")
    board = boot(tiny("nucleo-f746zg", "TINY_HANG"))
    with pytest.raises(DeviceError) as caught:
        board.run(DATA)
    assert caught.value.code == "D001"
    assert board.cpu.instructions < 400_000
