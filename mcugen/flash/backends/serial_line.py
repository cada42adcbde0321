"""Three ways over the serial port: the running firmware, the resident loader, the chip's ROM."""

from __future__ import annotations

from dataclasses import dataclass

from mcugen.boards import Board
from mcugen.errors import DeviceError
from mcugen.flash import plan as planning
from mcugen.flash.an3155 import Bootloader, Client
from mcugen.flash.backends.contact import Contact
from mcugen.flash.events import Connected, Note, Started, Warned
from mcugen.flash.identity import check_chip, check_loader
from mcugen.flash.job import FULL_IMAGE, IMAGE, Job, WayFailedError
from mcugen.flash.program import Programmed, Programmer
from mcugen.flash.result import Outcome
from mcugen.flash.stages import LineError, RefusedError
from mcugen.footer import read_info
from mcugen.image import ERASED
from mcugen.protocol import session
from mcugen.protocol.messages import ErrorCode

FIRMWARE, LOADER, ROM = "firmware", "loader", "rom"

_STILL_READS = (
    "warning: the loader on the board lets flash and RAM be read, and `flash` does not replace it;"
    " the build's loader, which does not, is installed with `--via rom`, `drive` or a probe"
)

_HELLO = session.Patience(attempts=3)


def by_firmware(job: Job, contact: Contact) -> Outcome:
    """Asks the running application to restart into the resident loader."""
    if contact.knock():
        raise WayFailedError("a bootloader answers, not the application")
    contact.line.use_even_parity(False)
    console = session.Session(contact.line, _HELLO)
    try:
        hello = console.hello_of_any_version()
    except DeviceError as error:
        job.on_event(Warned(f"{_tried(job)}: {error.what}; trying its loader and the other ways"))
        raise WayFailedError(error.what) from error
    if hello.board != job.board.id:
        raise DeviceError(
            "D009",
            f"the build is for {job.board.id}, but the firmware that runs is for {hello.board}",
            where=job.port.device,
            hint="is this the right port? otherwise build with another `--target`; a program of"
            " your own with the console in it is replaced through `--via rom`, `drive` or a probe",
        )
    job.on_event(Note(f"{hello.model} runs on {hello.board}; it is asked for its loader"))
    restart(console)
    contact.forget()
    try:
        return _by_resident_loader(job, contact, FIRMWARE)
    except WayFailedError as error:
        raise WayFailedError(f"after the firmware restarted: {error}") from error


def restart(console: session.Session) -> None:
    """Its agreement may be lost; whether it did shows in a moment. Raises WayFailedError."""
    try:
        console.reboot_to_loader()
    except session.RefusedRequest as error:
        if error.answer.code == ErrorCode.NO_LOADER:
            raise WayFailedError("the program that answers has no way into a loader") from error
    except DeviceError:
        pass


def by_loader(job: Job, contact: Contact) -> Outcome:
    """Speaks to the resident loader, if it is in charge; whoever names this way may reset it."""
    if job.named and not contact.has_bootloader:
        job.on_event(Warned(f"{_tried(job)}: no loader answers"))
        contact.await_reset()
    return _by_resident_loader(job, contact, LOADER)


def _tried(job: Job) -> str:
    return f"{job.port.device} at {job.baud:,} baud"


def by_rom(job: Job, contact: Contact) -> Outcome:
    """Writes loader and application with the bootloader in the chip's ROM."""
    try:
        client, found = contact.bootloader()
    except WayFailedError as error:
        raise WayFailedError(f"{error}{_why_no_rom(job.board)}") from error
    if found.is_resident:
        raise WayFailedError("the resident loader answers, not the chip's ROM")
    start, application = job.board.flash.base, job.board.application.start
    if FULL_IMAGE in job.manifest.files:
        target = _Target(FULL_IMAGE, start, (application, start))
    else:
        target = _Target(IMAGE, application, (application,))
        if application != start:
            job.on_event(Note("the build has no loader: a reset will not start the application"))
    return _install(job, client, found, target, ROM)


def _why_no_rom(board: Board) -> str:
    if board.rom is None or board.rom.on_usb_serial:
        return "; the ROM starts when BOOT0 is high at a reset"
    return (
        f"; the ROM of {board.chip.part} listens on {', '.join(board.rom.pins)}, which are not"
        " on the USB serial port"
    )


def _by_resident_loader(job: Job, contact: Contact, via: str) -> Outcome:
    client, found = contact.bootloader()
    if not found.is_resident:
        raise WayFailedError("the chip's ROM bootloader answers, not the resident loader")
    application = job.board.application.start
    return _install(job, client, found, _Target(IMAGE, application, (application,)), via)


@dataclass(frozen=True)
class _Target:
    """A file, the address of its first byte, and the first blocks of the programs in it."""

    file: str
    start: int
    heads: tuple[int, ...]


def _install(job: Job, client: Client, found: Bootloader, target: _Target, via: str) -> Outcome:
    """The safe order. Raises DeviceError; a line that fails means that running it again helps."""
    job.on_event(Connected(via))
    try:
        done = _identify_and_program(job, client, found, target)
        started = _start(job, client)
    except LineError as error:
        raise DeviceError(
            "D001",
            f"the bootloader stopped answering: {error}",
            where=job.port.device,
            hint="check cable and power, then run the command again: it finishes the job",
        ) from error
    except RefusedError as error:
        raise DeviceError(
            "D013",
            f"the bootloader says no: {error}",
            where=job.port.device,
            hint="reset the board and run the command again",
        ) from error
    return Outcome(via, done.bytes_written, done.erased, done.kept, started)


def _identify_and_program(
    job: Job, client: Client, found: Bootloader, target: _Target
) -> Programmed:
    image = job.read(target.file)
    sectors = check_chip(client, job.board, target.start + len(image))
    no_read = found.is_resident and check_loader(client, job.board).no_read
    if no_read:  # whatever else was in flash has to go
        image = image.ljust(job.board.application_flash.size, ERASED)
    elif found.is_resident and _built_no_read(job):
        job.on_event(Warned(_STILL_READS))
    extended = found.erases_extended
    if extended is None:
        raise DeviceError("D013", "the bootloader has no command to erase sectors")
    programmer = Programmer(
        client,
        extended=extended,
        has_crc=found.is_resident,
        all_or_nothing=no_read,
        on_event=job.on_event,
    )
    parts = planning.parts(image, target.start, sectors)
    if not job.dry_run:
        return programmer.program(parts, target.heads)
    plan = programmer.plan(parts, target.heads)
    return Programmed(
        tuple(sector.number for sector in plan.erase),
        tuple(sector.number for sector in plan.kept),
        plan.write_bytes,
    )


def _built_no_read(job: Job) -> bool:
    """Whether the loader of the build keeps the application to itself."""
    if FULL_IMAGE not in job.manifest.files:
        return False
    full, base = job.read(FULL_IMAGE), job.board.flash.base
    info = read_info(
        lambda address, size: full[address - base :][:size], base, job.board.application.start
    )
    return info is not None and info.no_read


def _start(job: Job, client: Client) -> bool:
    """Starts what is in flash; after a dry run that may be nothing whole, which is no error."""
    try:
        client.go(job.board.application.start)
    except RefusedError as error:
        if job.dry_run:
            return False
        raise DeviceError(
            "D013",
            "the image is in flash, but the bootloader does not start it",
            details=(str(error),),
            hint="build again: the image's own check sum may be wrong",
        ) from error
    job.on_event(Started())
    return True
