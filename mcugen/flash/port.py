"""A serial port of this machine as a line to a board."""

from __future__ import annotations

import errno
import os
import select
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn, Protocol

import serial

from mcugen.errors import DeviceError
from mcugen.protocol.session import Port

BAUD = 115_200
_READ_SIZE = 4096
_WRITE_SECONDS = 10.0
"""How long the other end may take nothing before the line counts as dead."""

_BUSY = (errno.EBUSY, errno.EAGAIN, errno.EWOULDBLOCK)
_MISSING = (errno.ENOENT, errno.ENXIO, errno.ENODEV)
_FORBIDDEN = (errno.EACCES, errno.EPERM)


class Line(Port, Protocol):
    """A port whose parity can change: consoles speak 8N1, bootloaders 8E1."""

    def use_even_parity(self, even: bool) -> None: ...

    def close(self) -> None: ...


class SerialPort:
    """A ``Line`` over pyserial, open from construction to ``close``.

    Deadlines are its own: pyserial's ``timeout`` stays 0, because setting it again fails on a
    pseudo-terminal. There parity does not exist either, and is left out. Raises DeviceError D005,
    D006 or D007 when the port cannot be opened, D008 when it vanishes later.
    """

    def __init__(self, path: str, baud: int = BAUD, *, even_parity: bool = False) -> None:
        self.path = path
        self._has_parity = not _is_pseudo_terminal(path)
        try:
            self._serial = self._open(baud, even_parity and self._has_parity)
        except termios.error:
            self._has_parity = False
            self._serial = self._open(baud, False)

    def write(self, data: bytes) -> None:
        with self._alive():
            self._serial.write(data)

    def read(self, deadline_seconds: float) -> bytes:
        """What there is as soon as there is something, b"" when the deadline is over."""
        with self._alive():
            ready, _, _ = select.select([self._serial.fileno()], [], [], max(0, deadline_seconds))
            return bytes(self._serial.read(_READ_SIZE)) if ready else b""

    def use_even_parity(self, even: bool) -> None:
        """From the next byte on; what was written before still goes out as it was meant."""
        wanted = serial.PARITY_EVEN if even else serial.PARITY_NONE
        if not self._has_parity or self._serial.parity == wanted:
            return
        with self._alive():
            self._serial.flush()
            try:
                self._serial.parity = wanted
            except termios.error:
                self._has_parity = False

    def close(self) -> None:
        self._serial.close()

    def __enter__(self) -> SerialPort:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self, baud: int, even_parity: bool) -> serial.Serial:
        try:
            return serial.Serial(
                self.path,
                baud,
                parity=serial.PARITY_EVEN if even_parity else serial.PARITY_NONE,
                timeout=0,
                write_timeout=_WRITE_SECONDS,
                exclusive=True,
            )
        except (OSError, ValueError) as error:
            _refuse(self.path, error)
        except termios.error as error:
            if even_parity:
                raise
            _refuse(self.path, OSError(*error.args))

    @contextmanager
    def _alive(self) -> Iterator[None]:
        try:
            yield
        except serial.SerialTimeoutException as error:
            raise DeviceError(
                "D001",
                f"nothing takes what is sent to the port for {_WRITE_SECONDS:.0f} seconds",
                where=self.path,
                hint="unplug the board and plug it in again",
            ) from error
        except (OSError, termios.error, TypeError) as error:
            # pyserial's file descriptor is None once the port was closed under it: a TypeError.
            raise DeviceError(
                "D008",
                "the port vanished while it was used",
                where=self.path,
                hint="check the cable, then run the command again: it goes on where it stopped",
            ) from error


def _is_pseudo_terminal(path: str) -> bool:
    return os.path.realpath(path).startswith("/dev/pts/")


def _refuse(path: str, error: OSError | ValueError) -> NoReturn:
    number = error.errno if isinstance(error, OSError) else None
    if number in _MISSING:
        raise DeviceError(
            "D005",
            "there is no such port",
            where=path,
            hint="`mcugen ports` lists those there are; is the board plugged in?",
        ) from error
    if number in _BUSY:
        raise DeviceError(
            "D006",
            "another program uses the port",
            where=path,
            hint=f"close it; `fuser {path}` says which process it is",
        ) from error
    if number in _FORBIDDEN:
        raise DeviceError(
            "D007",
            "you may not use the port",
            where=path,
            hint="join the group that owns it, `sudo usermod -aG dialout $USER`, and log in again",
        ) from error
    raise DeviceError(
        "D005",
        f"this is not a serial port: {error}",
        where=path,
        hint="`mcugen ports` lists the serial ports",
    ) from error
