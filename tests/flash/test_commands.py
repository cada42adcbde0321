"""``mcugen flash`` and ``mcugen ports``: what they print, and how they end."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console as RichConsole

from mcugen.boards import Board, load_board
from mcugen.cli import main
from mcugen.console import Console
from mcugen.errors import DeviceError
from mcugen.flash import discover, events, install
from mcugen.flash.discover import PortInfo
from mcugen.flash.job import Surroundings
from mcugen.manifest import ExternalPart, read_manifest, write_manifest
from tests.flash.builds import PORT, Bench, application, chip_of, with_footer, write_build

Install = Callable[[Bench], None]


@pytest.fixture
def board() -> Board:
    return load_board("nucleo-f746zg")


@pytest.fixture
def build(tmp_path: Path, board: Board) -> Path:
    return write_build(tmp_path / "build", board, application(board, 40_000))


@pytest.fixture
def bench(board: Board, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """The machine on which the commands run."""
    chip = chip_of(board)
    chip.place_loader(board.id)
    bench = Bench(chip)
    monkeypatch.setattr(install, "Surroundings", bench.surroundings)
    return bench


def test_flash(bench: Bench, build: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["flash", str(build), "--port", PORT]) == 0
    written, _ = capsys.readouterr()
    assert written.splitlines() == [
        f"model[x] on nucleo-f746zg at {PORT}, by way of loader",
        "erased  sectors 1-2",
        f"wrote   {256 * len(set(bench.chip.programmed)):,} bytes, verified 40,000; it runs",
    ]
    assert main(["flash", str(build), "-p", PORT]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "kept    sectors 1-2",
        "nothing to do: the 40,000 bytes are there; it runs",
    ]


def test_the_port_from_the_environment_and_the_folder_by_default(
    bench: Bench, build: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(build.parent)
    monkeypatch.setenv("MCUGEN_PORT", PORT)
    assert main(["flash", "-q"]) == 0
    assert bench.chip.started is not None


def test_dry_run(bench: Bench, build: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["flash", str(build), "-p", PORT, "--dry-run"]) == 0
    written = capsys.readouterr().out
    assert "erase   sectors 1-2" in written
    assert "nothing was changed" in written
    assert bench.chip.log == []


def test_json(bench: Bench, build: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["flash", str(build), "-p", PORT, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["schema"] == 1
    assert answer["command"] == "flash"
    assert answer["status"] == "ok"
    assert answer["sectors_erased"] == [1, 2]
    assert answer["via"] == "loader"
    assert answer["attempts"][0]["via"] == "firmware"


def test_what_belongs_outside_the_chip_is_said(
    bench: Bench, build: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    part = ExternalPart(
        "QSPI", 0x9000_0000, 1234, 1 << 24, "weights.bin", "weights.hex", "tool weights.hex"
    )
    write_manifest(build, replace(read_manifest(build), external=part))
    assert main(["flash", str(build), "--port", PORT]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == (
        "QSPI must hold the 1,234 bytes of weights.bin from 0x90000000 on; in the build folder: "
        "tool weights.hex"
    )
    assert main(["flash", str(build), "--port", PORT, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["external"]["program"] == "tool weights.hex"


def test_an_error_as_json(bench: Bench, build: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bench.chip.product_id = 0x451
    assert main(["flash", str(build), "-p", PORT, "--json"]) == 3
    answer = json.loads(capsys.readouterr().out)
    assert answer["status"] == "error"
    assert answer["error"]["code"] == "D009"


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (["-p", PORT, "--via", "pigeon"], 2, "U006"),
        (["-p", PORT, "--via", "rom"], 3, "D010"),
        (["-p", PORT, "--baud", "0"], 2, "U006"),
    ],
)
def test_exit_statuses(
    bench: Bench,
    build: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    status: int,
    code: str,
) -> None:
    monkeypatch.delenv("MCUGEN_PORT", raising=False)
    assert main(["flash", str(build), *words]) == status
    assert f"error[{code}]" in capsys.readouterr().err


def test_an_image_too_large_is_a_no(
    bench: Bench, tmp_path: Path, board: Board, capsys: pytest.CaptureFixture[str]
) -> None:
    image = with_footer(board, b"\xff" * board.application_flash.size)
    build = write_build(tmp_path / "large", board, image)
    assert main(["flash", str(build), "-p", PORT]) == 1
    assert "error[F002]" in capsys.readouterr().err


def test_a_missing_port(build: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["flash", str(build), "-p", "/dev/no-such-port"]) == 3
    assert "error[D005]" in capsys.readouterr().err


def test_verbose_says_each_step_once(
    bench: Bench, build: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["flash", str(build), "-p", PORT, "-v"]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "firmware: a bootloader answers, not the application"
    assert lines[1] == "connected: loader"
    assert "sector 1 differs" in lines
    assert "erasing sector 2" in lines
    assert sum(line.startswith("writing ") for line in lines) <= 2
    assert sum(line.startswith("verifying ") for line in lines) <= 2
    assert lines[-1] == "the application runs"


def test_bars_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    terminal = RichConsole(
        file=screen, force_terminal=True, width=100, markup=False, highlight=False
    )
    monkeypatch.setattr("mcugen.console._rich", lambda file: terminal)
    monkeypatch.delenv("CI", raising=False)
    with Console().flash_progress() as on_event:
        on_event(events.UserNeeded("press [the] button"))
        on_event(events.EraseStarted(1, 0, 65536))
        on_event(events.Erased(1, 65536, 65536))
        for done in range(256, 2049, 256):
            on_event(events.Written(done, 2048))
        on_event(events.Verified(2048, 2048))
    drawn = screen.getvalue()
    for word in ("press [the] button", "erase", "write", "verify"):
        assert word in drawn


def test_what_the_user_has_to_do_is_always_said(capsys: pytest.CaptureFixture[str]) -> None:
    with Console().flash_progress() as on_event:
        on_event(events.Note("nothing"))
        on_event(events.UserNeeded("press the button"))
    assert capsys.readouterr().err == "press the button\n"


def test_no_bars_in_a_log(bench: Bench, build: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["flash", str(build), "-p", PORT]) == 0
    assert capsys.readouterr().err == ""


def test_ports(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    found = (
        PortInfo("/dev/ttyACM0", 0x0483, 0x374B, "066C"),
        PortInfo("/dev/ttyUSB0", 0x10C4, 0xEA60, None),
    )
    monkeypatch.setattr(discover, "find_ports", lambda: found)
    assert main(["ports"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "/dev/ttyACM0  ST-LINK/V2-1, serial number 066C"
    assert any("USB drive" in line for line in lines)
    assert any(line.startswith("/dev/ttyUSB0  Silicon Labs") for line in lines)
    assert main(["ports", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [port["port"] for port in answer["ports"]] == ["/dev/ttyACM0", "/dev/ttyUSB0"]
    assert answer["ports"][0]["vendor_id"] == 0x0483


def test_no_ports(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(discover, "find_ports", tuple)
    assert main(["ports"]) == 0
    assert "no serial ports" in capsys.readouterr().out


ST_LINK = PortInfo("/dev/ttyACM0", 0x0483, 0x374B, "066C")
OTHER_ST_LINK = PortInfo("/dev/ttyACM1", 0x0483, 0x374E, "0042")
ADAPTER = PortInfo("/dev/ttyUSB0", 0x10C4, 0xEA60)
UNKNOWN = PortInfo("/dev/ttyACM2", 0xDEAD, 0xBEEF)
NOT_ON_USB = PortInfo("/dev/ttyS0")


@pytest.mark.parametrize(
    ("plugged", "taken"),
    [
        ([ST_LINK], ST_LINK),
        ([NOT_ON_USB, ADAPTER], ADAPTER),
        ([ADAPTER, ST_LINK, NOT_ON_USB, UNKNOWN], ST_LINK),
    ],
)
def test_the_only_known_board_is_taken(plugged: list[PortInfo], taken: PortInfo) -> None:
    assert discover.only_board(plugged) == taken


@pytest.mark.parametrize(
    ("plugged", "what"),
    [
        ([], "no board is plugged in"),
        ([NOT_ON_USB, UNKNOWN], "no board is plugged in"),
        ([ST_LINK, OTHER_ST_LINK], "2 boards are plugged in"),
        ([ADAPTER, PortInfo("/dev/ttyUSB1", 0x0403, 0x6001)], "2 boards are plugged in"),
    ],
)
@pytest.mark.parametrize("command", ["flash", "run --input picture.npy", "monitor"])
def test_otherwise_what_is_plugged_in_is_listed(
    command: str,
    plugged: list[PortInfo],
    what: str,
    build: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("MCUGEN_PORT", raising=False)
    monkeypatch.chdir(build.parent)
    monkeypatch.setattr(discover, "find_ports", lambda: tuple(plugged))
    machine = Surroundings(find_ports=lambda: tuple(plugged))
    monkeypatch.setattr(install, "Surroundings", lambda: machine)
    words = [*command.split(), *([str(build)] if command != "monitor" else [])]
    assert main(words) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"error[U007]: {what}: name the port with `--port`\n")
    assert all(f"  {port.device}  {port.what}" in told for port in plugged)


def test_flash_takes_the_only_known_board(
    bench: Bench, build: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("MCUGEN_PORT", raising=False)
    machine = install.Surroundings()
    there = PortInfo(PORT, 0x0483, 0x374B, "066C")
    monkeypatch.setattr(
        install, "Surroundings", lambda: replace(machine, find_ports=lambda: (NOT_ON_USB, there))
    )
    assert main(["flash", str(build), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["port"] == PORT


class SilentBoard:
    """A line on which nobody answers, and the clock that says how long that took."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def write(self, data: bytes) -> None:
        self.seconds += 10 * len(data) / 115_200

    def read(self, deadline_seconds: float) -> bytes:
        self.seconds += max(0.0, deadline_seconds)
        return b""

    def use_even_parity(self, even: bool) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.mark.parametrize("via", [None, "loader"])
def test_silence_is_told_within_three_seconds(via: str | None, build: Path) -> None:
    board = SilentBoard()
    told: list[tuple[float, str]] = []

    def listen(event: events.Event) -> None:
        if isinstance(event, events.Warned):
            told.append((board.seconds, event.text))

    with pytest.raises(DeviceError):
        install.flash(
            build,
            port=PORT,
            via=via,
            on_event=listen,
            surroundings=Surroundings(
                open_port=lambda path, baud: board,
                clock=lambda: board.seconds,
                find_ports=lambda: (),
                which=lambda name: None,
            ),
        )
    assert told[0][0] < 3
    assert told[0][1].startswith(f"{PORT} at 115,200 baud: ")


def test_silence_reaches_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with Console().flash_progress() as on_event:
        on_event(events.Warned("nobody answers"))
    assert capsys.readouterr().err == "nobody answers\n"
