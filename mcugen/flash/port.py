"""A serial port of this machine as a line to a board."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn, Protocol

import serial

from mcugen.errors import DeviceError
from mcugen.protocol.session import Port

try:
    from termios import error as _TerminalError  # noqa: N812
except ImportError:  # on Windows, whose ports raise nothing of the kind

    class _TerminalError(Exception):  # type: ignore[no-redef]
        """Raised by nobody."""


BAUD = 115_200
_POLL_SECONDS = 0.002
"""How long pyserial waits for a byte at a time; so much a deadline may be missed by, and a loader
listens no longer than 10 ms after a reset."""

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

    Deadlines are its own: pyserial's ``timeout`` stays as it is, because setting it again fails on
    a pseudo-terminal. There parity does not exist either, and is left out. Raises DeviceError D005,
    D006 or D007 when the port cannot be opened, D008 when it vanishes later.
    """

    def __init__(self, path: str, baud: int = BAUD, *, even_parity: bool = False) -> None:
        self.path = path
        self.baud = baud
        self._has_parity = not _is_pseudo_terminal(path)
        try:
            self._serial = self._open(baud, even_parity and self._has_parity)
        except _TerminalError:
            self._has_parity = False
            self._serial = self._open(baud, False)

    def write(self, data: bytes) -> None:
        with self._alive():
            self._serial.write(data)

    def read(self, deadline_seconds: float) -> bytes:
        """What there is as soon as there is something, b"" when the deadline is over."""
        end = time.monotonic() + deadline_seconds
        with self._alive():
            while not self._serial.in_waiting:
                left = end - time.monotonic()
                first = bytes(self._serial.read(1)) if left > 0 else b""
                if first or left <= 0:
                    return first + bytes(self._serial.read(self._serial.in_waiting))
            return bytes(self._serial.read(self._serial.in_waiting))

    def use_even_parity(self, even: bool) -> None:
        """From the next byte on; what was written before still goes out as it was meant."""
        wanted = serial.PARITY_EVEN if even else serial.PARITY_NONE
        if not self._has_parity or self._serial.parity == wanted:
            return
        with self._alive():
            self._serial.flush()
            try:
                self._serial.parity = wanted
            except _TerminalError:
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
                timeout=_POLL_SECONDS,
                write_timeout=_WRITE_SECONDS,
                exclusive=True,
            )
        except (OSError, ValueError) as error:
            _refuse(self.path, error)
        except _TerminalError as error:
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
        except (OSError, _TerminalError, TypeError) as error:
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
    number = _number(error)
    if number in _MISSING:
        raise DeviceError(
            "D005",
            "there is no such port",
            where=path,
            hint="`mcugen ports` lists those there are; is the board plugged in?",
        ) from error
    if number in _BUSY:
        finder = f"; `fuser {path}` says which process it is" if os.name == "posix" else ""
        raise DeviceError(
            "D006", "another program uses the port", where=path, hint=f"close it{finder}"
        ) from error
    if number in _FORBIDDEN:
        raise DeviceError(
            "D007", "you may not use the port", where=path, hint=_how_to_be_allowed(path)
        ) from error
    raise DeviceError(
        "D005",
        f"this is not a serial port: {error}",
        where=path,
        hint="`mcugen ports` lists the serial ports",
    ) from error


def _number(error: OSError | ValueError) -> int | None:
    """The system's error number; on Windows pyserial only tells what the system said in words."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    if "FileNotFoundError" in str(error):
        return errno.ENOENT
    # There a port that another program has open is not refused in any other way.
    return errno.EBUSY if "PermissionError" in str(error) else None


def _how_to_be_allowed(path: str) -> str:
    ways = {
        "linux": "join the group that owns it, `sudo usermod -aG dialout $USER`, and log in again"
    }
    return ways.get(sys.platform, f"`ls -l {path}` says who may")
