"""A core as target: its names, its memory, and what is said about what it cannot have."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mcugen.api import verify
from mcugen.boards import load_board
from mcugen.boards.plain import CoreOptions, core_named, plain_core
from mcugen.boards.targets import find_target
from mcugen.cli import main
from mcugen.errors import BoardError, UsageError
from mcugen.tflite import write_model
from tests.conftest import EXAMPLE_MODEL
from tests.networks import small_mobilenet

CORES = "cortex-m0plus, cortex-m3, cortex-m4, cortex-m7, cortex-m33, cortex-m55"
MEMORY = CoreOptions("64K", "1M")


@pytest.mark.parametrize(
    ("name", "core"),
    [
        ("cortex-m4", "cortex-m4"),
        ("m4", "cortex-m4"),
        ("Cortex-M0+", "cortex-m0plus"),
        ("m0plus", "cortex-m0plus"),
        ("CORTEX_M33", "cortex-m33"),
        ("stm32f4", None),
        ("nucleo-f746zg", None),
        ("mps2-an500", None),
    ],
)
def test_a_core_however_it_is_spelt(name: str, core: str | None) -> None:
    assert core_named(name) == core


@pytest.mark.parametrize("name", ["cortex-m85", "m1", "cortex-a53"])
def test_other_cores_are_not_known(name: str) -> None:
    with pytest.raises(BoardError) as caught:
        find_target(name, MEMORY)
    assert (caught.value.code, caught.value.hint) == ("B001", f"cores: {CORES}")


@pytest.mark.parametrize(
    ("target", "options", "what"),
    [
        ("m4", CoreOptions(), "say how much memory the chip has, `--ram` and `--flash`"),
        ("m4", CoreOptions(ram="64K"), "say how much memory the chip has, `--flash`"),
        ("m4", CoreOptions("64Q", "1M"), "--ram `64Q` is not a size"),
        ("m4", CoreOptions("-1", "1M"), "--ram `-1` is not a size"),
        ("m4", CoreOptions("64K", 1000), "--flash is 1,000 bytes: it must be a multiple of 4K"),
        ("m4", CoreOptions("0", "1M"), "--ram is 0 bytes"),
        ("m4", CoreOptions("64K", "1024M"), "at most 256M"),
        ("m4", CoreOptions("64K", "1M", fpu="dp"), "a Cortex-M4 has no such FPU: `dp`"),
        ("m0plus", CoreOptions("64K", "1M", fpu="sp"), "a Cortex-M0+ has no such FPU: `sp`"),
        ("m3", CoreOptions("64K", "1M", dsp=True), "a Cortex-M3 has no DSP extension"),
        ("m7", CoreOptions("64K", "1M", dsp=False), "every Cortex-M7 has the DSP extension"),
        ("stm32f7", MEMORY, "--ram does not go with the board NUCLEO-F746ZG"),
        ("stm32f7", CoreOptions(dsp=True), "--dsp does not go with the board NUCLEO-F746ZG"),
    ],
)
def test_options_that_do_not_suit(target: str, options: CoreOptions, what: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_target(target, options)
    assert caught.value.code == "U006"
    assert what in caught.value.what


def test_flags_and_paths_of_the_compiler() -> None:
    def flags(core: str, options: CoreOptions = MEMORY) -> str:
        return " ".join(plain_core(core, options).board.cpu_flags)

    assert flags("cortex-m0plus") == "-mcpu=cortex-m0plus -mthumb -mfloat-abi=soft"
    assert flags("cortex-m4") == "-mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=hard"
    assert "-mfpu=fpv5-d16" in flags("cortex-m7", CoreOptions("64K", "1M", fpu="dp"))
    assert "cortex-m33+nodsp" in flags("cortex-m33", CoreOptions("64K", "1M", dsp=False))
    assert [plain_core(core, MEMORY).board.chip.cpu.dsp for core in CORES.split(", ")] == [
        False, False, True, True, True, True,
    ]  # fmt: skip
    assert plain_core("cortex-m55", MEMORY).board.chip.cpu.mve


def test_other_commands_say_that_a_core_is_no_board() -> None:
    with pytest.raises(BoardError) as caught:
        load_board("m4")
    assert caught.value.code == "B003"
    assert "mcugen build --target cortex-m4 --ram 256K --flash 1M" in caught.value.hint


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("core")
    (folder / "model.tflite").write_bytes(write_model(small_mobilenet()))
    words = ["build", str(folder / "model.tflite"), "-t", "m0+", "--ram", "36K", "--flash", "128K"]
    assert main([*words, "-q", "-o", str(folder / "build")]) == 0
    return folder / "build"


def test_what_a_build_holds(built: Path) -> None:
    names = {path.name for path in built.iterdir()}
    assert {"model", "console", "library.elf", "cortex-m0plus.toml", "report.html"} <= names
    assert not any(name.startswith("firmware") for name in names)
    manifest = json.loads((built / "manifest.json").read_text())
    assert (manifest["ram_available"], manifest["flash_available"]) == (36 << 10, 128 << 10)
    assert manifest["board"] == "cortex-m0plus"
    assert {part["kind"] for part in manifest["image_parts"]} == {
        "code",
        "weights",
    }
    page = (built / "report.html").read_text()
    assert "--target cortex-m0plus --ram 36864 --flash 131072" in page
    assert "0 MHz" not in page


def test_commands_on_it(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["flash", str(built), "-p", "/dev/null"]) == 2
    assert "there is nothing to flash: the build is a library" in capsys.readouterr().err
    described = str(built / "cortex-m0plus.toml")
    assert main(["board", "-t", described, "--build", str(built)]) == 2
    assert "B003" in capsys.readouterr().err
    assert main(["export", str(built), "--as", "flat", "-o", str(built.parent / "flat")]) == 0
    assert main(["inspect", str(built)]) == main(["report", str(built)]) == 0
    assert main(["check", str(built), "--max-ram", "36K"]) == 0
    assert main(["diff", str(built), str(built)]) == 0
    assert "cortex-m0plus" in capsys.readouterr().out


def test_a_model_without_a_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("model.tflite").write_bytes(write_model(small_mobilenet()))
    assert main(["verify", "model.tflite", "--sim=host", "--count", "2"]) == 0
    printed = capsys.readouterr().out
    assert "equal: reference = host in every value" in printed
    assert "wrote" not in printed
    assert main(["verify", "model.tflite", "--sim"]) == 2
    assert "a model without a build runs on this machine only" in capsys.readouterr().err
    assert verify("model.tflite", simulators=("host",), count=1).error is None
    with pytest.raises(UsageError):
        verify("model.tflite", simulators=("host",), port="/dev/null")
    assert [path.name for path in tmp_path.iterdir()] == ["model.tflite"]


def test_the_description_is_a_target(built: Path, tmp_path: Path) -> None:
    """As a file it goes where a board file goes."""
    described, model = built / "cortex-m0plus.toml", built / "model.tflite"
    output = tmp_path / "again"
    assert main(["build", str(model), "-q", "-t", str(described), "-o", str(output)]) == 0
    assert (output / "library.elf").read_bytes() == (built / "library.elf").read_bytes()


@pytest.mark.parametrize(
    ("ram", "flash", "code"),
    [("16K", "1M", "F001"), ("256K", "128K", "F002"), ("256K", "240K", "F002")],
)
def test_too_little_memory(
    ram: str, flash: str, code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["build", str(EXAMPLE_MODEL), "-t", "m0+", "--ram", ram, "--flash", flash]
    assert main([*words, "-o", str(tmp_path / "out")]) == 1
    assert f"error[{code}]" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
