"""The serial port on a pseudo-terminal, and what is said of ports that cannot be opened."""

from __future__ import annotations

import errno
import os
import threading
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import serial

from mcugen.errors import DeviceError
from mcugen.flash.port import SerialPort
from mcugen.flash.stages import Patience


@pytest.fixture
def terminal() -> Iterator[tuple[int, str]]:
    """The far end of a pseudo-terminal, and the near end's name."""
    master, slave = os.openpty()
    tty.setraw(slave)
    name = os.ttyname(slave)
    yield master, name
    os.close(slave)
    os.close(master)


def code_of(path: str) -> str:
    with pytest.raises(DeviceError) as caught:
        SerialPort(path)
    assert caught.value.hint
    assert caught.value.where == path
    return caught.value.code


def test_bytes_go_both_ways(terminal: tuple[int, str]) -> None:
    master, name = terminal
    everything = bytes(range(256))
    with SerialPort(name, even_parity=True) as port:
        port.write(everything)
        assert os.read(master, 1000) == everything
        os.write(master, everything)
        received = b""
        while len(received) < 256:
            received += port.read(1.0)
        assert received == everything


def test_a_pseudo_terminal_has_no_parity_and_opens_again_and_again(
    terminal: tuple[int, str],
) -> None:
    master, name = terminal
    for _ in range(3):
        with SerialPort(name, even_parity=True) as port:
            for even in (False, True, False, True):
                port.use_even_parity(even)
                port.write(b"\x7f")
                assert os.read(master, 10) == b"\x7f"


def test_a_link_to_a_pseudo_terminal(terminal: tuple[int, str], tmp_path: Path) -> None:
    master, name = terminal
    link = tmp_path / "board"
    link.symlink_to(name)
    with SerialPort(str(link)) as port:
        port.use_even_parity(True)
        os.write(master, b"x")
        assert port.read(1.0) == b"x"


def test_silence_ends_with_the_deadline(terminal: tuple[int, str]) -> None:
    with SerialPort(terminal[1]) as port:
        assert port.read(0.0) == b""
        assert port.read(0.01) == b""
        assert port.read(-1.0) == b""


def test_a_byte_ends_the_wait(terminal: tuple[int, str]) -> None:
    master, name = terminal
    with SerialPort(name) as port:
        sender = threading.Timer(0.05, os.write, (master, b"late"))
        sender.start()
        assert port.read(600.0) == b"late"
        sender.join()


def test_a_port_that_is_in_use(terminal: tuple[int, str]) -> None:
    with SerialPort(terminal[1]):
        assert code_of(terminal[1]) == "D006"


def test_a_port_that_is_missing() -> None:
    assert code_of("/dev/ttyACM997") == "D005"


def test_a_file_is_no_port(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"")
    assert code_of(str(path)) == "D005"


@pytest.mark.parametrize(
    ("number", "code"),
    [(errno.EACCES, "D007"), (errno.EPERM, "D007"), (errno.EBUSY, "D006"), (errno.ENODEV, "D005")],
)
def test_what_the_system_says(monkeypatch: pytest.MonkeyPatch, number: int, code: str) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise serial.SerialException(number, "no")

    monkeypatch.setattr(serial, "Serial", refuse)
    assert code_of("/dev/ttyACM0") == code


def test_permission_names_the_group(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise serial.SerialException(errno.EACCES, "no")

    monkeypatch.setattr(serial, "Serial", refuse)
    with pytest.raises(DeviceError, match="you may not use") as caught:
        SerialPort("/dev/ttyACM0")
    assert "dialout" in caught.value.hint


def test_a_cable_that_is_pulled() -> None:
    master, slave = os.openpty()
    name = os.ttyname(slave)
    with SerialPort(name) as port:
        os.close(slave)
        os.close(master)
        with pytest.raises(DeviceError) as caught:
            port.read(1.0)
        assert caught.value.code == "D008"
        with pytest.raises(DeviceError) as caught:
            port.write(b"x")
        assert caught.value.code == "D008"


def test_a_closed_port_is_a_broken_one(terminal: tuple[int, str]) -> None:
    port = SerialPort(terminal[1])
    port.close()
    with pytest.raises(DeviceError) as caught:
        port.read(0.0)
    assert caught.value.code == "D008"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("FileNotFoundError(2, 'The system cannot find the file specified.', None, 2)", "D005"),
        ("PermissionError(13, 'Access is denied.', None, 5)", "D006"),
        ("OSError(22, 'The parameter is incorrect.', None, 87)", "D005"),
    ],
)
def test_what_windows_says(monkeypatch: pytest.MonkeyPatch, said: str, code: str) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise serial.SerialException(f"could not open port 'COM3': {said}")

    monkeypatch.setattr(serial, "Serial", refuse)
    assert code_of("COM3") == code


def test_a_wait_is_as_short_as_a_loader_listens(
    terminal: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[dict[str, Any]] = []
    real = serial.Serial

    def note(*words: Any, **options: Any) -> Any:
        opened.append(options)
        return real(*words, **options)

    monkeypatch.setattr(serial, "Serial", note)
    with SerialPort(terminal[1]):
        assert 0 < opened[0]["timeout"] <= Patience().reset_knock_seconds / 2
