"""A virtual device on a pseudo-terminal: a serial port that any program can open.

The processor gets no more time than the clock on the wall while it waits for a byte, and none while
it could wait for ever, so that an idle board costs nothing.
"""

from __future__ import annotations

import contextlib
import os
import select
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Protocol

from mcugen.errors import ToolchainError, UsageError
from mcugen.protocol.session import Port

try:
    import tty
except ImportError as missing:
    raise ToolchainError(
        "T009",
        "this system has no pseudo-terminals, which a virtual board is reached through",
        hint="use Linux, macOS or WSL; `mcugen verify --sim` needs none",
    ) from missing

SLICE_SECONDS = 0.002
_CHUNK = 4096
_UNREAD_MAX = 64 * 1024
"""What a serial driver keeps for a program that does not read; the rest is lost."""


class Device(Port, Protocol):
    """Something that can be powered. ``idle``: nothing happens until a byte goes in."""

    @property
    def idle(self) -> bool: ...

    @property
    def powered(self) -> bool: ...

    def power_on(self) -> None: ...

    def interrupt(self) -> None: ...


class SerialServer:
    """Serves a device at ``path``, and at ``link`` if one is wanted, inside ``with``.

    The port is raw, and stays when programs close it. ``on_event`` is told what happens. Raises
    UsageError U006 when ``link`` is something else than a link.
    """

    def __init__(
        self, device: Device, link: Path | None, on_event: Callable[[str], None] = lambda _: None
    ) -> None:
        self._device = device
        self._link = link
        self._on_event = on_event
        self._stopping = False
        self._unsent = bytearray()
        # Our own end of the slave keeps the port alive when the last program closes it.
        self._master, self._slave = os.openpty()
        self._woken, self._wake = os.pipe()
        for descriptor in (self._master, self._wake):
            os.set_blocking(descriptor, False)
        tty.setraw(self._slave)
        self.path = os.ttyname(self._slave)
        try:
            self._make_link()
        except BaseException:
            self._close()
            raise

    def __enter__(self) -> SerialServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._link is not None:
            with contextlib.suppress(OSError):
                if os.readlink(self._link) == self.path:
                    self._link.unlink()
        self._close()

    def stop(self) -> None:
        """Ends ``serve``; for signal handlers and other threads."""
        self._stopping = True
        self._device.interrupt()
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake, b"\0")

    def serve(self) -> None:
        """Until ``stop``. Raises what the device raises, such as DeviceError D003 for a crash."""
        while not self._stopping:
            if not self._device.powered:
                self._power_on()
            room = _UNREAD_MAX - len(self._unsent)
            self._unsent += self._device.read(SLICE_SECONDS)[:room]
            self._exchange(None if self._device.idle else SLICE_SECONDS)

    def _exchange(self, seconds: float | None) -> None:
        """Waits for the host, at most this long, and passes on what comes and what can go."""
        writers = [self._master] if self._unsent else []
        ready, writable, _ = select.select([self._master, self._woken], writers, [], seconds)
        if self._master in ready:
            with contextlib.suppress(BlockingIOError):
                self._device.write(os.read(self._master, _CHUNK))
        if writable:
            with contextlib.suppress(BlockingIOError):
                del self._unsent[: os.write(self._master, self._unsent)]

    def _power_on(self) -> None:
        """What the host sent into the dark is lost."""
        self._on_event("power cut in the middle of a flash operation; power is back")
        with contextlib.suppress(BlockingIOError):
            while os.read(self._master, _CHUNK):
                pass
        self._device.power_on()

    def _make_link(self) -> None:
        if self._link is None:
            return
        if self._link.exists() and not self._link.is_symlink():
            raise UsageError(
                "U006", "there is a file where the link is wanted", where=str(self._link)
            )
        fresh = self._link.with_name(f"{self._link.name}.{os.getpid()}")
        try:
            fresh.symlink_to(self.path)
            fresh.replace(self._link)
        except OSError as error:
            fresh.unlink(missing_ok=True)
            raise UsageError(
                "U006", f"cannot make the link: {error.strerror}", where=str(self._link)
            ) from error

    def _close(self) -> None:
        for descriptor in (self._master, self._slave, self._woken, self._wake):
            os.close(descriptor)
