"""The serial line of a job and the bootloader behind it, opened and asked once for all ways."""

from __future__ import annotations

from contextlib import suppress

from mcugen.errors import DeviceError
from mcugen.flash.an3155 import Bootloader, Client
from mcugen.flash.events import UserNeeded
from mcugen.flash.job import Job, WayFailedError
from mcugen.flash.port import Line
from mcugen.flash.stages import LineError, RefusedError, Stages


class Contact:
    """Opens the port when it is first needed. ``forget`` after the board was reset or replaced."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._line: Line | None = None
        self._knocked = False
        self._found: tuple[Client, Bootloader] | WayFailedError | None = None

    @property
    def line(self) -> Line:
        """Raises DeviceError D005, D006 or D007."""
        if self._line is None:
            self._line = self._job.surroundings.open_port(self._job.port.device, self._job.baud)
        return self._line

    def knock(self) -> bool:
        """Whether a bootloader answers at once.

        First of all: 0x7F is noise to the application, which ignores it, while anything else before
        it would spoil the measurement of the baud rate in the chip's ROM.
        """
        self.line.use_even_parity(True)
        answered = False
        with suppress(LineError):
            answered = self._stages().knock()
        self._knocked = not answered
        return answered

    def await_reset(self) -> None:
        """Knocks until the loader answers after a reset. Raises WayFailedError when none comes."""
        self.line.use_even_parity(True)
        self._job.on_event(UserNeeded("nobody answers: press the board's reset button"))
        if not self._stages().knock_until_reset():
            raise WayFailedError("no loader answered, and none after a reset")
        self.forget()

    def bootloader(self) -> tuple[Client, Bootloader]:
        """Whoever answers AN3155. Raises WayFailedError where nobody does."""
        if self._found is None:
            self._found = self._connect()
        if isinstance(self._found, WayFailedError):
            raise self._found
        return self._found

    @property
    def has_bootloader(self) -> bool:
        """Whether anybody answers AN3155."""
        try:
            self.bootloader()
        except WayFailedError:
            return False
        return True

    def forget(self) -> None:
        """What answers next may be something else."""
        self._found = None
        self._knocked = False

    def close(self) -> None:
        """Until ``line`` is needed again; a port that vanished is closed already."""
        line, self._line = self._line, None
        self.forget()
        if line is not None:
            with suppress(DeviceError, OSError):
                line.close()

    def _connect(self) -> tuple[Client, Bootloader] | WayFailedError:
        self.line.use_even_parity(True)
        client = Client(self._stages())
        try:
            return client, client.connect(knocked=self._knocked)
        except (LineError, RefusedError):
            return WayFailedError("no bootloader answers on this port")

    def _stages(self) -> Stages:
        surroundings = self._job.surroundings
        return Stages(
            self.line,
            baud=self._job.baud,
            patience=surroundings.patience,
            clock=surroundings.clock,
        )
