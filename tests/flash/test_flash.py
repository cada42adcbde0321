"""Whole flashes over a fake line: the safe order, what is kept, and what is refused."""

from __future__ import annotations

import ast
import dataclasses
from pathlib import Path

import pytest

from mcugen.boards import Board, load_board
from mcugen.errors import DeviceError, FitError, McugenError, UsageError
from mcugen.flash import BACKENDS, events, flash
from mcugen.flash import __file__ as flash_package
from tests.flash.builds import (
    PORT,
    Bench,
    application,
    chip_of,
    full_image,
    with_footer,
    write_build,
    written_bytes,
)
from tests.flash.fakes import FORBIDDEN, ROM_COMMANDS_WITH_43

SIZE = 70_000


@pytest.fixture
def board() -> Board:
    return load_board("nucleo-f746zg")


@pytest.fixture
def image(board: Board) -> bytes:
    return application(board, SIZE)


@pytest.fixture
def build(tmp_path: Path, board: Board, image: bytes) -> Path:
    return write_build(tmp_path / "build", board, image)


@pytest.fixture
def bench(board: Board) -> Bench:
    """A board with a resident loader and no application."""
    chip = chip_of(board)
    chip.place_loader(board.id)
    return Bench(chip)


def test_first_flash_and_then_nothing_to_do(
    bench: Bench, build: Path, board: Board, image: bytes
) -> None:
    first = bench.flash(build)
    assert bench.chip.holds(board.application.start, image)
    assert first.outcome.via == "loader"
    assert first.outcome.erased == (1, 2, 3)
    assert bench.chip.started == board.application.start
    log = list(bench.chip.log)

    second = bench.flash(build)
    assert second.nothing_to_do
    assert second.outcome.kept == (1, 2, 3)
    assert bench.chip.log == log
    assert bench.chip.started == board.application.start


def test_the_first_block_is_written_last(bench: Bench, build: Path, board: Board) -> None:
    bench.flash(build)
    assert bench.chip.programmed[-1] == board.application.start
    assert bench.chip.programmed.count(board.application.start) == 1
    what = [kind for kind, _ in bench.chip.log]
    assert what == sorted(what), "every erase comes before every program"


def test_only_sectors_that_differ_are_erased_and_written(
    bench: Bench, build: Path, board: Board, image: bytes, tmp_path: Path
) -> None:
    bench.flash(build)
    bench.chip.log.clear()
    # The weights of one layer, in sector 2, and with them the footer in sector 3.
    changed = bytearray(image)
    changed[40_000:41_000] = bytes(1000)
    changed = bytearray(with_footer(board, bytes(changed[:-32])))
    build = write_build(tmp_path / "second", board, bytes(changed))

    result = bench.flash(build)
    assert result.outcome.erased == (2, 3)
    assert result.outcome.kept == (1,)
    assert bench.chip.erased == [2, 3]
    assert min(bench.chip.programmed) >= 0x0801_0000
    assert bench.chip.holds(board.application.start, bytes(changed))


def test_blank_blocks_are_not_written(bench: Bench, board: Board, tmp_path: Path) -> None:
    image = with_footer(board, bytes(1000) + b"\xff" * 10_000 + bytes(1000))
    result = bench.flash(write_build(tmp_path / "b", board, image))
    assert result.outcome.bytes_written == 9 * 256
    assert bench.chip.holds(board.application.start, image)


def test_dry_run_changes_nothing_and_says_what_it_would_do(
    bench: Bench, build: Path, image: bytes
) -> None:
    result = bench.flash(build, dry_run=True)
    assert bench.chip.log == []
    assert result.dry_run
    assert result.outcome.erased == (1, 2, 3)
    assert result.outcome.bytes_written == written_bytes(image)
    assert not result.outcome.started


def test_events_reach_their_totals(bench: Bench, build: Path, image: bytes) -> None:
    seen: list[events.Event] = []
    bench.flash(build, on_event=seen.append)
    erased = [event for event in seen if isinstance(event, events.Erased)]
    written = [event for event in seen if isinstance(event, events.Written)]
    verified = [event for event in seen if isinstance(event, events.Verified)]
    assert [(event.sector, event.done) for event in erased] == [(1, 32768), (2, 65536), (3, 98304)]
    for ends in (erased[-1], written[-1], verified[-1]):
        assert ends.done == ends.total
    assert [event.done for event in written] == list(range(256, written[-1].total + 1, 256))
    assert written[-1].total == written_bytes(image)
    assert isinstance(seen[-1], events.Started)


def test_rom_installs_the_loader_too(build: Path, board: Board, image: bytes) -> None:
    bench = Bench(chip_of(board), resident=False)
    result = bench.flash(build)
    assert result.outcome.via == "rom"
    assert [attempt.via for attempt in result.attempts] == ["firmware", "loader"]
    assert bench.chip.holds(board.flash.base, full_image(board, image))
    assert bench.chip.programmed[-2:] == [board.application.start, board.flash.base]


def test_rom_without_a_loader_in_the_build(tmp_path: Path, board: Board, image: bytes) -> None:
    notes: list[events.Event] = []
    bench = Bench(chip_of(board), resident=False)
    build = write_build(tmp_path / "b", board, image, full=False)
    bench.flash(build, via="rom", on_event=notes.append)
    assert bench.chip.holds(board.application.start, image)
    assert bench.chip.erased == [1, 2, 3]
    assert any(isinstance(note, events.Note) and "no loader" in note.text for note in notes)


def test_rom_with_the_older_erase_command(build: Path, board: Board, image: bytes) -> None:
    bench = Bench(chip_of(board), resident=False)
    machine = bench.surroundings(commands=ROM_COMMANDS_WITH_43)
    bench.flash(build, via="rom", surroundings=machine)
    assert bench.chip.holds(board.flash.base, full_image(board, image))
    assert 0x43 in bench.seen
    assert 0x44 not in bench.seen


def test_an_interrupted_flash_is_finished_by_the_next(
    bench: Bench, build: Path, board: Board, image: bytes
) -> None:
    for cut_after in (1, 30, 150, 400, 1_000, 5_000, 9_000):
        bench.chip.memory[32768:] = b"\x11" * (len(bench.chip.memory) - 32768)
        with pytest.raises(DeviceError):
            bench.flash(build, surroundings=bench.surroundings(cut_after=cut_after))
        assert not bench.chip.holds(board.application.start, image[:256]), cut_after
        bench.flash(build)
        assert bench.chip.holds(board.application.start, image), cut_after


def test_a_bootloader_left_in_the_middle_of_anything_is_recovered(
    bench: Bench, build: Path, board: Board, image: bytes
) -> None:
    for left in (
        "31CE",
        "31",
        "7F",
        "31CE08008000",
        "31CE0800800088" + "FF" + "00" * 9,
        "44BB",
        "44BB0000",
        "A15E080080",
        "11EE08008000880F",
        "00",
        "FF",
    ):
        bench.chip.memory[32768:] = b"\xff" * (len(bench.chip.memory) - 32768)
        machine = bench.surroundings()
        line = machine.open_port(PORT, 115_200)
        line.write(b"\x7f" + bytes.fromhex(left))
        bootloader = bench.bootloaders[-1]
        kept = dataclasses.replace(machine, open_port=lambda path, baud, line=line: line)
        bench.flash(build, surroundings=kept)
        assert bench.chip.holds(board.application.start, image), left
        assert bootloader is bench.bootloaders[-1]


def test_flash_that_programs_only_once(build: Path, board: Board, image: bytes) -> None:
    chip = chip_of(board)
    chip.place_loader(board.id)
    chip.programs_once = True
    Bench(chip).flash(build)
    assert chip.holds(board.application.start, image)


def refused(bench: Bench, build: Path, via: str | None = None) -> McugenError:
    with pytest.raises(McugenError) as caught:
        bench.flash(build, via=via)
    assert caught.value.hint
    return caught.value


def test_another_chip_is_refused(bench: Bench, build: Path) -> None:
    bench.chip.product_id = 0x421
    error = refused(bench, build)
    assert error.code == "D009"
    assert "STM32F446" in error.what
    assert bench.chip.log == []


def test_a_smaller_chip_is_refused(bench: Bench, build: Path) -> None:
    bench.chip.size_kb = 64
    error = refused(bench, build)
    assert error.code == "D009"
    assert "64 KB" in error.what
    assert bench.chip.log == []


@pytest.mark.parametrize("beyond", [-4, 0, 4, 1020, 1024])
def test_the_image_may_end_where_the_flash_does(
    bench: Bench, board: Board, tmp_path: Path, beyond: int
) -> None:
    end = board.flash.base + 128 * 1024
    image = application(board, end + beyond - board.application.start)
    build = write_build(tmp_path / "edge", board, image)
    bench.chip.size_kb = 128
    if beyond > 0:
        assert refused(bench, build).code == "D009"
        assert bench.chip.log == []
    else:
        bench.flash(build)
        assert bench.chip.holds(board.application.start, image)


@pytest.mark.parametrize("other", ["stm32f746g-disco", ""])
def test_another_boards_loader_is_refused(build: Path, board: Board, other: str) -> None:
    chip = chip_of(board)
    if other:
        chip.place_loader(other)
    error = refused(Bench(chip), build)
    assert error.code == "D009"
    assert other in error.what
    assert chip.log == []


def test_readout_protection_is_explained(bench: Bench, build: Path) -> None:
    bench.chip.readout_protected = True
    error = refused(bench, build)
    assert error.code == "D011"
    assert "readout protection" in error.what
    assert bench.chip.log == []


def test_a_write_protected_sector_is_explained(bench: Bench, build: Path) -> None:
    bench.chip.place(0x0801_0000, bytes(16))
    bench.chip.write_protected = frozenset({2})
    error = refused(bench, build)
    assert error.code == "D011"
    assert error.where == "0x08010000"


def test_an_image_that_does_not_fit(tmp_path: Path, board: Board, bench: Bench) -> None:
    image = application(board, board.application_flash.size + 4)
    with pytest.raises(FitError) as caught:
        bench.flash(write_build(tmp_path / "b", board, image))
    assert caught.value.code == "F002"
    assert bench.lines == []


def test_a_tampered_build(bench: Bench, build: Path) -> None:
    (build / "firmware.bin").write_bytes(b"other")
    with pytest.raises(UsageError) as caught:
        bench.flash(build)
    assert caught.value.code == "U004"
    assert bench.lines == []


def test_an_image_without_a_footer(tmp_path: Path, board: Board, bench: Bench) -> None:
    with pytest.raises(UsageError) as caught:
        bench.flash(write_build(tmp_path / "b", board, bytes(4096)))
    assert caught.value.code == "U003"
    assert bench.lines == []


def test_a_board_that_is_none(tmp_path: Path, board: Board, bench: Bench) -> None:
    emulated = load_board("mps2-an500")
    build = write_build(tmp_path / "b", emulated, application(emulated, 512), full=False)
    assert refused(bench, build).code == "B003"


def test_an_unknown_way(bench: Bench, build: Path) -> None:
    error = refused(bench, build, via="pigeon")
    assert error.code == "U006"
    assert "loader" in error.hint


def test_nobody_answers(bench: Bench, build: Path) -> None:
    machine = bench.surroundings(cut_after=0)
    with pytest.raises(DeviceError) as caught:
        bench.flash(build, surroundings=machine)
    error = caught.value
    assert error.code == "D010"
    assert [line.split(":")[0] for line in error.details] == list(BACKENDS)
    assert "PA9/PA10" in "".join(error.details)
    assert "drive" in error.hint
    assert bench.clock.now < 60


@pytest.mark.parametrize(
    ("via", "resident", "why"),
    [
        ("rom", True, "the resident loader answers"),
        ("loader", False, "ROM"),
        ("firmware", True, "a bootloader answers"),
    ],
)
def test_a_way_that_does_not_suit(
    build: Path, board: Board, via: str, resident: bool, why: str
) -> None:
    chip = chip_of(board)
    chip.place_loader(board.id)
    error = refused(Bench(chip, resident), build, via)
    assert error.code == "D010"
    assert why in error.details[0]
    assert chip.log == []


def test_the_line_is_closed_and_has_even_parity(bench: Bench, build: Path) -> None:
    bench.flash(build)
    assert bench.line.closed
    assert bench.line.parities[-1] is True


def test_missing_port(build: Path) -> None:
    with pytest.raises(DeviceError) as caught:
        flash(build, port="/dev/no-such-port")
    assert caught.value.code == "D005"


def test_no_command_that_changes_protection(bench: Bench, build: Path, board: Board) -> None:
    bench.flash(build)
    rom = Bench(chip_of(board), resident=False)
    rom.flash(build)
    assert not (bench.seen | rom.seen) & FORBIDDEN


def test_no_number_that_changes_protection_is_in_the_code() -> None:
    for path in Path(flash_package).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, int):
                assert node.value not in FORBIDDEN, f"{path}:{node.lineno}"


def test_a_flash_takes_hardly_longer_than_its_bytes(
    bench: Bench, board: Board, tmp_path: Path
) -> None:
    """A Write of 256 bytes takes 265 bytes out, 3 back: benchmarks/flash_wire.py has the rest."""
    image = with_footer(board, bytes(range(1, 251)) * 120)
    bench.flash(write_build(tmp_path / "b", board, image))
    blocks = -(-len(image) // 256)
    assert bench.line.bytes_on_wire < 1.1 * blocks * 268
    assert bench.line.turnarounds < 1.1 * blocks * 3 + 60


def test_a_reset_while_the_host_knocks(
    bench: Bench, build: Path, board: Board, image: bytes
) -> None:
    """Firmware that crashed, say: the loader is in charge for 10 ms after a reset only."""
    notes: list[events.Event] = []
    machine = bench.surroundings()
    line = machine.open_port(PORT, 115_200)
    chip = bench.chip
    running = dataclasses.replace(chip, started=board.application.start)
    bench.bootloaders[-1].chip = running

    def reset(event: events.Event) -> None:
        notes.append(event)
        if isinstance(event, events.UserNeeded):
            bench.bootloaders[-1].chip = chip

    machine = dataclasses.replace(machine, open_port=lambda path, baud: line)
    result = bench.flash(build, via="loader", on_event=reset, surroundings=machine)
    assert result.outcome.via == "loader"
    assert chip.holds(board.application.start, image)


def test_nobody_resets_the_board(bench: Bench, build: Path) -> None:
    with pytest.raises(DeviceError) as caught:
        bench.flash(build, via="loader", surroundings=bench.surroundings(cut_after=0))
    assert caught.value.code == "D010"
    assert "none after a reset" in caught.value.details[0]
    assert bench.clock.now < 30
