"""A build onto a board: checks the build, then tries the ways to flash it until one works."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from mcugen.boards import Board, load_board_of_build
from mcugen.errors import BoardError, DeviceError, FitError, UsageError
from mcugen.flash.backends import BACKENDS, Contact
from mcugen.flash.discover import PortInfo, match_port, only_board
from mcugen.flash.events import Listener, Note, silent
from mcugen.flash.job import IMAGE, Job, Surroundings, WayFailedError
from mcugen.flash.result import Attempt, FlashResult, Outcome
from mcugen.footer import whole_footer
from mcugen.manifest import read_manifest


def flash(
    folder: Path,
    *,
    port: str | None = None,
    baud: int | None = None,
    via: str | None = None,
    dry_run: bool = False,
    on_event: Listener = silent,
    surroundings: Surroundings | None = None,
) -> FlashResult:
    """Brings the build in ``folder`` onto the board at ``port``, proves it and starts it.

    What belongs into flash outside the chip is not brought there; the result says how. Without
    ``port`` that is the only known board that is plugged in. ``via`` names one of BACKENDS,
    otherwise they are tried in order. Interrupted at any point,
    running it again finishes the job. Raises UsageError for the build or ``via``, BoardError B003,
    FitError F002, and DeviceError.
    """
    if via is not None and via not in BACKENDS:
        raise UsageError("U006", f"no way is called `{via}`", hint=f"ways: {', '.join(BACKENDS)}")
    machine = surroundings or Surroundings()
    manifest = read_manifest(folder)
    if not manifest.has_firmware:
        raise UsageError(
            "U006",
            f"there is nothing to flash: the build is a library for a {manifest.board_name}",
            where=str(folder),
            hint=f"take `{manifest.name}/` into a program of yours; `mcugen export` writes it for "
            "your build system",
        )
    board = load_board_of_build(folder, manifest.board)
    job = Job(
        folder=folder,
        manifest=manifest,
        board=board,
        port=_port(port, machine),
        baud=baud or board.console.baud,
        dry_run=dry_run,
        named=via is not None,
        on_event=on_event,
        surroundings=machine,
    )
    image = job.read(IMAGE)
    _check(board, image)
    attempts: list[Attempt] = []
    with closing(Contact(job)) as contact:
        outcome = _try(job, contact, [via] if via else list(BACKENDS), attempts)
    return FlashResult(
        outcome,
        port or job.port.device,
        board.id,
        manifest.model,
        len(image),
        dry_run,
        tuple(attempts),
        manifest.external,
    )


def _port(named: str | None, machine: Surroundings) -> PortInfo:
    ports = machine.find_ports()
    return only_board(ports) if named is None else match_port(named, ports)


def _check(board: Board, image: bytes) -> None:
    """What can be told without a board."""
    if board.chip.product_id is None:
        raise BoardError(
            "B003",
            f"{board.name} is no board to flash",
            hint="`mcugen verify --sim` runs the build on a simulator",
        )
    if len(image) > board.application_flash.size:
        raise FitError(
            "F002",
            f"the image has {len(image):,} bytes, {board.name} has room for"
            f" {board.application_flash.size:,}",
            hint="choose a larger board with `mcugen build --target`, or a smaller model",
        )
    if whole_footer(image, board.application.start) is None:
        raise UsageError(
            "U003",
            "the image has no valid footer: no loader would start it",
            where=IMAGE,
            hint="build again",
        )


def _try(job: Job, contact: Contact, ways: Sequence[str], attempts: list[Attempt]) -> Outcome:
    for way in ways:
        try:
            return BACKENDS[way](job, contact)
        except WayFailedError as error:
            attempts.append(Attempt(way, str(error)))
            job.on_event(Note(f"{way}: {error}"))
    raise DeviceError(
        "D010",
        f"nothing could flash {job.board.name} over this port",
        where=f"{job.port.device} ({job.port.what})",
        details=tuple(f"{attempt.via}: {attempt.why}" for attempt in attempts),
        hint=_what_would_work(job),
    )


def _what_would_work(job: Job) -> str:
    board = job.board
    rom = ""
    if board.rom is not None:
        rom = f"wire an adapter to {', '.join(board.rom.pins)}, reset with BOOT0 high, `--via rom`"
    if board.loader is None:
        return f"mcugen has no loader for the {board.name}; {rom}"
    return (
        f"with mcugen's loader on the {board.name}, use `--via loader` and press its reset button; "
        "without it, install it once: mount the USB drive of its ST-LINK, or install openocd, "
        f"st-flash or pyocd, or {rom}"
    )
