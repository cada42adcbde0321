"""``mcugen board``: the virtual board on a serial port of its own."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcugen.cli.options import Settings, examples, named_target, target_option, verbosity_options
from mcugen.console import Console

if TYPE_CHECKING:
    from mcugen.boards import Board
    from mcugen.sim.board import VirtualBoard
    from mcugen.sim.fault_specs import BoardFaults
    from mcugen.sim.flash_memory import FlashMemory
    from mcugen.sim.serial_server import Device, SerialServer


@click.command(
    epilog=examples(
        "mcugen board -t stm32f7 --link board",
        "mcugen board -t stm32f7 --flash board.bin --fault drop=0.01",
        "mcugen board -t nucleo-h743zi --rom",
    )
)
@target_option("Board, chip, target such as stm32f7, or a board file; none lists them.")
@click.option(
    "--build",
    "build_dir",
    type=click.Path(path_type=Path),
    default=Path("build"),
    show_default=True,
    metavar="DIR",
    help="Build that a fresh board is installed with.",
)
@click.option(
    "--flash",
    "flash_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Keep the flash in this file; a new file is installed with the build.",
)
@click.option("--erased", is_flag=True, help="Start with an empty chip.")
@click.option("--rom", is_flag=True, help="Be the chip's ROM bootloader (AN3155) instead.")
@click.option(
    "--banks",
    type=click.IntRange(1, 2),
    metavar="N",
    help="With --rom: bank mode of a chip that has two.",
)
@click.option(
    "--link", type=click.Path(path_type=Path), metavar="PATH", help="Make a link to the port."
)
@click.option(
    "--fault",
    "fault_specs",
    multiple=True,
    metavar="SPEC",
    help="What shall go wrong: drop=P, dup=P, flip=P, nack=N, slow-erase=SECONDS, product-id=ID, "
    "readout-protected, power-cut=N; repeatable.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="N",
    help="Seed of the faults.",
)
@verbosity_options
@click.pass_obj
def board(
    settings: Settings,
    target: str | None,
    build_dir: Path,
    flash_file: Path | None,
    erased: bool,
    rom: bool,
    banks: int | None,
    link: Path | None,
    fault_specs: tuple[str, ...],
    seed: int,
) -> int:
    """Switch on a virtual board and print its serial port; Ctrl-C ends it."""
    from mcugen.boards import load_board
    from mcugen.sim.fault_specs import parse_faults
    from mcugen.sim.line_faults import FaultyLine
    from mcugen.sim.serial_server import SerialServer

    console = Console(settings.verbosity)
    described, faults = load_board(named_target(target)), parse_faults(fault_specs, seed)
    device: Device
    if rom:
        device = _rom(described, flash_file, erased, banks or 0, faults)
    else:
        if banks or faults.readout_protected:
            raise click.UsageError("`--banks` and readout protection need `--rom`")
        flash = _flash(described, flash_file, erased, build_dir)
        if not flash.contents().strip(b"\xff"):
            console.note("the flash is empty, so nothing will answer; a ROM would, with `--rom`")
        device = _virtual_board(described, flash, faults)
        if not erased and program_external(device, build_dir):
            console.note("flash outside the chip holds the build's weights")
    with SerialServer(FaultyLine(device, faults.line), link, console.note) as server:
        click.echo(server.path if link is None else str(link))
        console.note(f"{described.name}{' in ROM mode' if rom else ''}; Ctrl-C ends it")
        with _ended_by_signals(server):
            server.serve()
    return 0


def _flash(board: Board, path: Path | None, erased: bool, build_dir: Path) -> FlashMemory:
    """The flash as the options say; a chip that is new gets what the build has for it."""
    from mcugen.sim.board import check_modelled
    from mcugen.sim.flash_memory import FlashMemory

    check_modelled(board)
    if erased or (path is not None and path.exists()):
        flash = FlashMemory(board.flash, path)
        if erased:
            flash.put(board.flash.base, b"\xff" * board.flash.size)
        return flash
    address, image = _installation(board, build_dir)
    flash = FlashMemory(board.flash, path)
    flash.put(address, image)
    return flash


def _installation(board: Board, build_dir: Path) -> tuple[int, bytes]:
    """Loader and application; the application alone for a board without a loader."""
    from mcugen.errors import UsageError
    from mcugen.manifest import read_manifest

    manifest = read_manifest(build_dir)
    if manifest.board != board.id:
        raise UsageError(
            "U003",
            f"the build is for {manifest.board}, not for {board.id}",
            where=str(build_dir),
            hint="name the board with `--target`, or another build with `--build`",
        )
    if "firmware-full.bin" in manifest.files:
        return board.flash.base, _contents(build_dir / "firmware-full.bin")
    return board.application.start, _contents(build_dir / "firmware.bin")


def _contents(path: Path) -> bytes:
    from mcugen import files

    return files.read_bytes(path, files.BUILT_BYTES)


def program_external(device: VirtualBoard, build_dir: Path) -> bool:
    """What a debug probe does on a bench: the build's weights into flash outside the chip, where it
    is a build for this board that has some there."""
    from mcugen.manifest import FILE_NAME, read_manifest

    if not (build_dir / FILE_NAME).is_file():
        return False
    manifest = read_manifest(build_dir)
    part = manifest.external
    if manifest.board != device.board.id or part is None:
        return False
    external = next(one for one in device.externals if part.address in one.region)
    external.put(part.address, _contents(build_dir / part.file))
    return True


def _virtual_board(board: Board, flash: FlashMemory, faults: BoardFaults) -> VirtualBoard:
    from mcugen.sim.board import VirtualBoard
    from mcugen.sim.peripherals import Faults

    if faults.power_cut:
        flash.cut_power_at(faults.power_cut, faults.seed)
    return VirtualBoard(
        board,
        None,
        flash=flash,
        faults=Faults(slow_erase_seconds=faults.slow_erase_seconds),
        least_wait_seconds=0.0,
        limit=None,
    )


def _rom(board: Board, path: Path | None, erased: bool, banks: int, faults: BoardFaults) -> Device:
    from mcugen.errors import BoardError
    from mcugen.sim.flash_memory import FlashMemory
    from mcugen.sim.rom import RomBootloader, RomFaults
    from mcugen.sim.rom_chips import rom_chip

    if board.chip.product_id is None:
        raise BoardError("B003", f"{board.id} has no ROM bootloader")
    chip = rom_chip(board.chip.product_id, banks)
    flash = FlashMemory(chip.flash, path)
    if erased:
        flash.put(chip.flash.base, b"\xff" * chip.flash.size)
    if faults.power_cut:
        flash.cut_power_at(faults.power_cut, faults.seed)
    return RomBootloader(
        chip,
        flash,
        RomFaults(
            readout_protected=faults.readout_protected,
            slow_erase_seconds=faults.slow_erase_seconds,
        ),
        stays=True,
    )


@contextmanager
def _ended_by_signals(server: SerialServer) -> Iterator[None]:
    """Not by an exception: one that is raised inside the emulator's C code would be lost."""
    signals = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as under nohup
        signals.append(signal.SIGHUP)
    before = [signal.signal(number, lambda *_: server.stop()) for number in signals]
    try:
        yield
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)
