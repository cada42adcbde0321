"""First installation through a debug probe: its drive, and programs that speak to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from mcugen.boards import Board, load_board
from mcugen.errors import DeviceError
from mcugen.flash import FlashResult, flash
from mcugen.flash.discover import Drives, PortInfo, match_port, mounted
from mcugen.flash.events import Listener, silent
from mcugen.flash.job import Ran, Surroundings
from tests.flash.builds import PORT, Bench, application, chip_of, full_image, write_build

SERIAL = "066CFF303430484257251234"
ST_LINK = PortInfo(PORT, 0x0483, 0x374B, SERIAL)


@pytest.fixture
def board() -> Board:
    return load_board("nucleo-f746zg")


@pytest.fixture
def build(tmp_path: Path, board: Board) -> Path:
    return write_build(tmp_path / "build with spaces", board, application(board, 5000))


class Probe:
    """A new board with an ST-LINK, its drive, and the programs that are installed."""

    def __init__(self, root: Path, board: Board) -> None:
        self.bench = Bench(chip_of(board))
        self.board = board
        self.drive = root / "NODE F746ZG"
        self.drive.mkdir()
        (self.drive / "MBED.HTM").write_text("")
        device = root / "devices" / "usb1"
        (device / "block" / "sdb").mkdir(parents=True)
        (device / "serial").write_text(f"{SERIAL}\n")
        (device / "idVendor").write_text("0483\n")
        blocks = root / "block"
        blocks.mkdir()
        (blocks / "sdb").symlink_to(device / "block" / "sdb")
        self.drives = Drives(lambda: (("/dev/sda1", root), ("/dev/sdb", self.drive)), blocks)
        self.port = ST_LINK
        self.programs: dict[str, int] = {}
        self.ran: list[tuple[str, ...]] = []
        self.fails = ""

    def sleep(self, seconds: float) -> None:
        """What the ST-LINK does while the host waits: it programs what was copied."""
        self.bench.clock.sleep(seconds)
        if self.fails:
            (self.drive / "FAIL.TXT").write_text(self.fails)
            return
        for file in self.drive.glob("*.bin"):
            self.bench.chip.place(self.board.flash.base, file.read_bytes())
            file.unlink()

    def run(self, command: Sequence[str]) -> Ran:
        self.ran.append(tuple(command))
        status = self.programs[command[0]]
        if status == 0:
            image = next(word for word in command if "firmware-full.bin" in word)
            path = image[image.find("{") + 1 : image.rfind("}")] if "{" in image else image
            self.bench.chip.place(self.board.flash.base, Path(path).read_bytes())
        return Ran(status, "first line\nError: no device found\n")

    def surroundings(self) -> Surroundings:
        opened = self.bench.surroundings()

        def open_port(path: str, baud: int) -> object:
            line = opened.open_port(path, baud)
            if self.bench.chip.holds(self.board.flash.base, b"\xff" * 256):
                # Nothing runs on an empty chip.
                self.bench.line.bootloader.chip = replace(self.bench.chip, started=0)
            return line

        return replace(
            opened,
            open_port=open_port,
            find_ports=lambda: (self.port,),
            drives=self.drives,
            sleep=self.sleep,
            which=lambda name: f"/usr/bin/{name}" if name in self.programs else None,
            run=self.run,
        )

    def flash(
        self,
        build: Path,
        *,
        via: str | None = None,
        dry_run: bool = False,
        on_event: Listener = silent,
    ) -> FlashResult:
        return flash(
            build,
            port=PORT,
            via=via,
            dry_run=dry_run,
            on_event=on_event,
            surroundings=self.surroundings(),
        )


@pytest.fixture
def probe(tmp_path: Path, board: Board) -> Probe:
    return Probe(tmp_path, board)


def why(error: DeviceError, way: str) -> str:
    return next(line for line in error.details if line.startswith(f"{way}: "))


def test_an_empty_board_is_installed_by_the_drive(probe: Probe, build: Path, board: Board) -> None:
    result = probe.flash(build)
    assert result.outcome.via == "drive"
    assert [attempt.via for attempt in result.attempts] == ["firmware", "loader", "rom"]
    assert probe.bench.chip.holds(board.flash.base, (build / "firmware-full.bin").read_bytes())
    assert result.outcome.bytes_written == (build / "firmware-full.bin").stat().st_size
    assert result.outcome.started
    assert probe.bench.chip.log == [], "the loader finds that all is there"


def test_dry_run_copies_nothing(probe: Probe, build: Path) -> None:
    result = probe.flash(build, via="drive", dry_run=True)
    assert result.dry_run
    assert sorted(path.name for path in probe.drive.iterdir()) == ["MBED.HTM"]


def test_the_drive_refuses(probe: Probe, build: Path) -> None:
    probe.fails = "The interface firmware FAILED to reset/halt the target MCU\r\n"
    with pytest.raises(DeviceError) as caught:
        probe.flash(build, via="drive")
    assert caught.value.code == "D010"
    assert "FAILED to reset" in why(caught.value, "drive")


def test_a_drive_that_programs_nothing_is_found_out(probe: Probe, build: Path) -> None:
    probe.sleep = probe.bench.clock.sleep  # type: ignore[method-assign]
    with pytest.raises(DeviceError) as caught:
        probe.flash(build, via="drive")
    assert caught.value.code == "D012"


@pytest.mark.parametrize(
    ("port", "reason"),
    [
        (PortInfo(PORT), "not the port of an ST-LINK"),
        (replace(ST_LINK, product_id=0x3752), "no USB drive"),
        (replace(ST_LINK, serial_number="OTHER"), "not mounted"),
    ],
)
def test_no_drive(probe: Probe, build: Path, port: PortInfo, reason: str) -> None:
    probe.port = port
    with pytest.raises(DeviceError) as caught:
        probe.flash(build, via="drive")
    assert reason in why(caught.value, "drive")


def test_a_drive_without_the_files_of_an_st_link_is_left_alone(probe: Probe, build: Path) -> None:
    (probe.drive / "MBED.HTM").unlink()
    with pytest.raises(DeviceError) as caught:
        probe.flash(build, via="drive")
    assert "not mounted" in why(caught.value, "drive")


def test_command_lines(probe: Probe, build: Path) -> None:
    image = str(build / "firmware-full.bin")
    commands = {
        "openocd": (
            "openocd",
            "-f",
            "interface/stlink.cfg",
            "-c",
            f"adapter serial {SERIAL}",
            "-f",
            "target/stm32f7x.cfg",
            "-c",
            f"program {{{image}}} verify reset exit 0x08000000",
        ),
        "st-flash": ("st-flash", "--serial", SERIAL, "--reset", "write", image, "0x08000000"),
        "pyocd": (
            "pyocd",
            "flash",
            "--uid",
            SERIAL,
            "--target",
            "stm32f746zg",
            "--base-address",
            "0x08000000",
            image,
        ),
    }
    for name, expected in commands.items():
        probe.programs = {name: 0}
        probe.bench.chip.erase(0)
        result = probe.flash(build, via=name)
        assert probe.ran.pop() == expected
        assert result.outcome.via == name
        assert result.outcome.started


def test_dry_run_runs_no_program(probe: Probe, build: Path) -> None:
    probe.programs = {"openocd": 0}
    probe.flash(build, via="openocd", dry_run=True)
    assert probe.ran == []


def test_one_program_fails_and_the_next_works(probe: Probe, build: Path, board: Board) -> None:
    probe.port = PortInfo(PORT)
    probe.programs = {"openocd": 1, "pyocd": 0}
    result = probe.flash(build)
    assert result.outcome.via == "pyocd"
    reasons = {attempt.via: attempt.why for attempt in result.attempts}
    assert "no device found" in reasons["openocd"]
    assert reasons["st-flash"] == "st-flash is not installed"
    image = (build / "firmware.bin").read_bytes()
    assert probe.bench.chip.holds(board.flash.base, full_image(board, image))


def test_a_board_without_loader_cannot_be_installed_by_a_probe(tmp_path: Path) -> None:
    board = load_board("nucleo-h743zi")
    build = write_build(tmp_path / "b", board, application(board, 5000), full=False)
    probe = Probe(tmp_path, board)
    with pytest.raises(DeviceError) as caught:
        probe.flash(build, via="drive")
    assert "has no loader" in why(caught.value, "drive")
    assert "--via rom" in caught.value.hint
    assert "press" not in caught.value.hint


def test_ports_are_told_apart() -> None:
    assert ST_LINK.what == "ST-LINK/V2-1"
    assert ST_LINK.has_drive
    assert any("USB drive" in line for line in ST_LINK.possibilities)
    adapter = PortInfo("/dev/ttyUSB0", 0x0403, 0x6001, "A5")
    assert not adapter.is_st_link
    assert any("ROM bootloader" in line for line in adapter.possibilities)
    assert PortInfo("/dev/ttyS0").what == "a serial port that is not on USB"
    assert PortInfo("/dev/ttyACM1", 0xDEAD, 0xBEEF, None, "Thing").what == "Thing"


def test_a_port_is_found_through_a_link(tmp_path: Path) -> None:
    device = tmp_path / "ttyACM0"
    device.write_text("")
    link = tmp_path / "by-id"
    link.symlink_to(device)
    known = PortInfo(str(device), 0x0483, 0x374B, SERIAL)
    assert match_port(str(link), [known]) is known
    assert match_port("/dev/other", [known]) == PortInfo("/dev/other")


def test_where_nothing_tells_whose_drive_it_is_the_only_one_is_taken(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("NODE_F746ZG", "Macintosh HD", "NODE_H743ZI")]
    for folder in folders:
        folder.mkdir()
    for folder in (folders[0], folders[2]):
        (folder / "DETAILS.TXT").write_text("")
    nowhere = tmp_path / "sys"
    one = Drives(lambda: (("/dev/disk4", folders[0]), ("/dev/disk1", folders[1])), nowhere)
    two = Drives(lambda: (("/dev/disk4", folders[0]), ("/dev/disk5", folders[2])), nowhere)
    assert one.of_probe(SERIAL) == folders[0]
    assert two.of_probe(SERIAL) is None
    assert Drives(lambda: (), nowhere).of_probe(SERIAL) is None


def test_what_is_mounted_here() -> None:
    assert all(folder.is_absolute() for _, folder in mounted())
