"""How long flashing 300 KB takes on the wire, and how long mcugen's protocol takes for it.

    python -m benchmarks.flash_wire

Nothing is measured with a clock on the wall: a fake line counts bytes, lets 11 bit times pass for
each (8E1), and a fixed time for every turn from sending to receiving. What the wire needs is this
sum over the commands without which the image cannot get there: one Erase a sector, one Write a
block of 256 bytes. On mcugen's account come identification, comparison and verification, and the
time that the loader takes for its check sums. Erasing and programming take the chip the same time
in both, and are left out.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from mcugen.boards import load_board
from mcugen.flash.job import Surroundings
from mcugen.flash.stages import BITS_PER_BYTE
from tests.flash.builds import Bench, chip_of, with_footer, write_build
from tests.flash.fakes import RESIDENT_COMMANDS, Bootloader, FakeLine

SIZE = 300 * 1024
BAUD = 115_200
CRC_SECONDS_PER_BYTE = 8 / 16e6
"""About eight cycles of the loader's 16 MHz: firmware/crc32.c."""
TURNAROUNDS = (0.0, 0.001)
"""Seconds: of the wire alone, and of a USB adapter that passes bytes on every millisecond."""

WRITE_SENT, WRITE_RECEIVED, WRITE_TURNS = 2 + 5 + 258, 3, 3
ERASE_SENT, ERASE_RECEIVED, ERASE_TURNS = 2 + 5, 2, 2


@dataclass(frozen=True)
class Cost:
    """Bytes in both directions, turns of the line, and the seconds they take."""

    bytes: int
    turns: int
    seconds: float


def needed(blocks: int, sectors: int, turnaround: float) -> Cost:
    """The commands that no flash can do without."""
    count = blocks * (WRITE_SENT + WRITE_RECEIVED) + sectors * (ERASE_SENT + ERASE_RECEIVED)
    turns = blocks * WRITE_TURNS + sectors * ERASE_TURNS
    return Cost(count, turns, count * BITS_PER_BYTE / BAUD + turns * turnaround)


def taken(bench: Bench, folder: Path, turnaround: float) -> Cost:
    """A whole flash: identification, comparison, erasing, writing, verifying, starting."""
    lines = []

    def open_port(path: str, baud: int) -> FakeLine:
        bootloader = Bootloader(
            bench.chip,
            bench.clock,
            RESIDENT_COMMANDS,
            erase_seconds=0.0,
            crc_seconds_per_byte=CRC_SECONDS_PER_BYTE,
        )
        lines.append(FakeLine(bootloader, bench.clock, baud=baud, turnaround=turnaround))
        return lines[-1]

    machine = Surroundings(open_port=open_port, clock=bench.clock, sleep=bench.clock.sleep)
    bench.flash(folder, surroundings=machine, via="loader")
    return Cost(lines[0].bytes_on_wire, lines[0].turnarounds, bench.clock.now)


def main() -> None:
    board = load_board("nucleo-f746zg")
    image = with_footer(board, bytes(range(1, 251)) * (SIZE // 250))
    blocks = -(-len(image) // 256)
    with tempfile.TemporaryDirectory() as folder:
        build = write_build(Path(folder), board, image)
        for turnaround in TURNAROUNDS:
            bench = Bench(chip_of(board))
            bench.chip.place_loader(board.id)
            began = time.process_time()
            ours = taken(bench, build, turnaround)
            host = time.process_time() - began
            assert bench.chip.holds(board.application.start, image)
            wire = needed(blocks, len(set(bench.chip.erased)), turnaround)
            print(f"{len(image):,} bytes, {BAUD:,} baud 8E1, {turnaround * 1e3:g} ms a turn")
            _print("wire needs", wire)
            _print("mcugen", ours)
            print(f"  {ours.seconds / wire.seconds - 1:+.2%}; host and fake: {host:.1f} s of CPU")


def _print(name: str, cost: Cost) -> None:
    print(f"  {name:<11}{cost.bytes:>9,} bytes {cost.turns:>6,} turns {cost.seconds:8.2f} s")


if __name__ == "__main__":
    main()
