"""Ways through a debug probe: its USB drive, and programs that speak to it.

They install loader and application at once. What they did is proven afterwards over the serial
port, by the loader that they installed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mcugen import files
from mcugen.errors import DeviceError
from mcugen.flash.backends.contact import Contact
from mcugen.flash.backends.serial_line import by_firmware, by_loader
from mcugen.flash.events import Note
from mcugen.flash.job import Job, WayFailedError
from mcugen.flash.result import Outcome

DRIVE = "drive"

_FAILURE_FILE = "FAIL.TXT"
_SETTLE_SECONDS = 1.0
_SETTLE_TRIES = 8
_OUTPUT_LINES = 6

_OPENOCD_TARGETS = {
    "stm32f4": "stm32f4x",
    "stm32f7": "stm32f7x",
    "stm32l4": "stm32l4x",
    "stm32h7": "stm32h7x",
}


def by_drive(job: Job, contact: Contact) -> Outcome:
    """Copies the image to the USB drive of the ST-LINK that the port belongs to."""
    folder = _drive_of(job)
    image = job.full_image
    data = job.read(image.name)
    if job.dry_run:
        return Outcome(DRIVE, len(data))
    contact.close()
    job.on_event(Note(f"copying {image.name} to {folder}"))
    _copy(data, folder / image.name)
    return _prove(job, contact, Outcome(DRIVE, len(data)), folder / _FAILURE_FILE)


def _drive_of(job: Job) -> Path:
    port = job.port
    if not port.is_st_link or port.serial_number is None:
        raise WayFailedError(f"{port.device} is not the port of an ST-LINK")
    if not port.has_drive:
        raise WayFailedError(f"this {port.what} has no USB drive")
    folder = job.surroundings.drives.of_probe(port.serial_number)
    if folder is None:
        raise WayFailedError(f"the USB drive of this {port.what} is not mounted")
    return folder


def _copy(data: bytes, path: Path) -> None:
    try:
        with path.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise WayFailedError(f"cannot write {path}: {error.strerror}") from error


@dataclass(frozen=True)
class Tool:
    """A program that flashes through a probe. ``command`` makes its command line."""

    name: str
    command: Callable[[Job, Path], tuple[str, ...]]

    def __call__(self, job: Job, contact: Contact) -> Outcome:
        if job.surroundings.which(self.name) is None:
            raise WayFailedError(f"{self.name} is not installed")
        image = job.full_image
        command = self.command(job, image)
        job.on_event(Note(" ".join(command)))
        outcome = Outcome(self.name, image.stat().st_size)
        if job.dry_run:
            return outcome
        contact.close()
        ran = job.surroundings.run(command)
        if ran.status != 0:
            last = "; ".join(ran.output.strip().splitlines()[-_OUTPUT_LINES:])
            raise WayFailedError(f"{' '.join(command)} ended with status {ran.status}: {last}")
        return _prove(job, contact, outcome, None)


def _openocd(job: Job, image: Path) -> tuple[str, ...]:
    family = job.board.chip.family
    target = _OPENOCD_TARGETS.get(family)
    if target is None:
        raise WayFailedError(f"openocd's target for the family {family} is not known")
    serial = job.port.serial_number
    select = ("-c", f"adapter serial {serial}") if serial else ()
    base = job.board.flash.base
    return (
        "openocd",
        *("-f", "interface/stlink.cfg"),
        *select,
        *("-f", f"target/{target}.cfg"),
        *("-c", f"program {{{image}}} verify reset exit 0x{base:08x}"),
    )


def _st_flash(job: Job, image: Path) -> tuple[str, ...]:
    serial = job.port.serial_number
    select = ("--serial", serial) if serial else ()
    return ("st-flash", *select, "--reset", "write", str(image), f"0x{job.board.flash.base:08x}")


def _pyocd(job: Job, image: Path) -> tuple[str, ...]:
    serial = job.port.serial_number
    return (
        *("pyocd", "flash"),
        *(("--uid", serial) if serial else ()),
        *("--target", job.board.chip.part.lower()),
        *("--base-address", f"0x{job.board.flash.base:08x}"),
        str(image),
    )


TOOLS = (Tool("openocd", _openocd), Tool("st-flash", _st_flash), Tool("pyocd", _pyocd))


def _said(failure: Path) -> str:
    """What the probe wrote about a failure, in one line."""
    try:
        data = files.read_bytes(failure, files.TEXT_BYTES)
    except OSError as error:
        return f"{failure.name} cannot be read: {error.strerror}"
    return " ".join(data.decode("utf-8", "replace").split())


def _prove(job: Job, contact: Contact, outcome: Outcome, failure: Path | None) -> Outcome:
    """Waits until the board answers again, and has its loader compare the application."""
    reasons = []
    for _ in range(_SETTLE_TRIES):
        job.surroundings.sleep(_SETTLE_SECONDS)
        if failure is not None and failure.exists():
            raise WayFailedError(f"the ST-LINK refused the image: {_said(failure)}")
        for way in (by_firmware, by_loader):
            try:
                proven = way(job, contact)
            except WayFailedError as error:
                reasons.append(str(error))
            except DeviceError as error:
                if error.code not in ("D005", "D006", "D008"):
                    raise
                reasons.append(error.what)  # the port goes away while the probe is busy
                contact.close()
            else:
                return Outcome(
                    outcome.via,
                    outcome.bytes_written,
                    kept=(*proven.erased, *proven.kept),
                    started=proven.started,
                )
        contact.close()
    raise DeviceError(
        "D012",
        f"{outcome.via} says that it installed the image, but its loader does not answer",
        where=job.port.device,
        details=tuple(dict.fromkeys(reasons)),
        hint="reset the board and run the command again",
    )
