"""The resident loader's flash driver on the host, in both bank modes of an STM32F767.

A step that the reference manual forbids (a store while the flash is locked, a wrong key, a sector
code that the mode does not have) ends the program with a status that is not 0.
"""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from mcugen import resources
from mcugen.boards import load_board
from mcugen.emit import emit_loader
from mcugen.staging import write_tree

HOST = Path(__file__).parent / "loader_flash_host"
BOARD = load_board("nucleo-f767zi")
ONE_BANK, TWO_BANKS = 0xFFFF_AAFD, 0xDFFF_AAFD
START = BOARD.application.start

Drive = Callable[..., list[str]]


@pytest.fixture(scope="session")
def drive(tmp_path_factory: pytest.TempPathFactory) -> Drive:
    """What the driver did, line by line; see host.c for the arguments."""
    folder = tmp_path_factory.mktemp("flash")
    write_tree(folder, {"layout.h": emit_loader(BOARD)["layout.h"]})
    loader = resources.firmware_dir() / "loader"
    subprocess.run(
        [
            "cc", "-std=c11", "-O1", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror",
            "-fsanitize=address,undefined", "-fno-sanitize-recover=all", f"-I{HOST}",
            f"-I{folder}", f"-I{loader}", HOST / "host.c", loader / "flash_stm32f4f7.c",
            "-o", folder / "flash",
        ],
        check=True,
    )  # fmt: skip

    def run(*arguments: object) -> list[str]:
        command = [str(folder / "flash"), *(str(argument) for argument in arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return run


def expected_erase(number: int, sizes: tuple[int, ...], two_banks: bool) -> list[str]:
    if number >= len(sizes):
        return ["bad"]
    address = BOARD.flash.base + list(itertools.accumulate(sizes, initial=0))[number]
    if address < START:
        return ["bad"]
    code = number + 4 if two_banks and number >= 12 else number
    return [f"erased {code} 0x{address:08x} {sizes[number]}", "good"]


@pytest.mark.parametrize("optcr", [ONE_BANK, TWO_BANKS], ids=["one bank", "two banks"])
def test_every_sector_of_both_bank_modes(drive: Drive, optcr: int) -> None:
    sizes = BOARD.flash.sectors_when(optcr >> 16)
    numbers = [*range(30), 0xFFFF]
    expected = [expected_erase(number, sizes, optcr == TWO_BANKS) for number in numbers]
    assert drive(f"{optcr:#x}", "n", "e", *numbers) == list(itertools.chain(*expected))
    assert (
        expected.count(["bad"])
        == len(numbers) - len(sizes) + (START - BOARD.flash.base) // (sizes[0])
    )


def test_programming_by_words(drive: Drive) -> None:
    assert drive(f"{ONE_BANK:#x}", "n", "w", f"{START:#x}", "001122334455") == [
        f"programmed 0x{START:08x}",
        f"programmed 0x{START + 4:08x}",
        "good",
    ]


def test_a_word_that_holds_the_value_is_left_alone(drive: Drive) -> None:
    address = f"{START:#x}"
    assert drive(
        f"{ONE_BANK:#x}", "n", "w", address, "00112233", address, "0011223344556677"
    ) == [f"programmed 0x{START:08x}", "good", f"programmed 0x{START + 4:08x}", "good"]  # fmt: skip
    assert drive(f"{ONE_BANK:#x}", "n", "w", address, "ffffffff") == ["good"]


def test_a_word_is_not_programmed_twice(drive: Drive) -> None:
    address = f"{START:#x}"
    assert drive(f"{ONE_BANK:#x}", "n", "w", address, "00112233", address, "00112200") == [
        f"programmed 0x{START:08x}", "good", "bad",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "address", [0x0800_0000, START - 4, START - 1, 0x0820_0000, 0x2000_0000, 0], ids=hex
)
def test_programming_elsewhere_is_refused(drive: Drive, address: int) -> None:
    assert drive(f"{ONE_BANK:#x}", "n", "w", f"{address:#x}", "00112233") == ["bad"]


def test_the_last_word_is_the_last(drive: Drive) -> None:
    last = BOARD.flash.base + BOARD.flash.size - 4
    words = ("w", f"{last:#x}")
    assert drive(f"{ONE_BANK:#x}", "n", *words, "00112233") == [f"programmed 0x{last:08x}", "good"]
    for size in (5, 7, 8, 12, 256):
        assert drive(f"{ONE_BANK:#x}", "n", *words, "00" * size) == ["bad"], size


def test_a_sector_that_is_not_blank_after_erasing_is_told(drive: Drive) -> None:
    assert drive(f"{ONE_BANK:#x}", "k", "e", 1)[-1] == "bad"


@pytest.mark.parametrize("fault", ["p", "b"], ids=["write-protected", "busy for ever"])
def test_a_failure_is_told(drive: Drive, fault: str) -> None:
    assert drive(f"{ONE_BANK:#x}", fault, "e", 1)[-1] == "bad"
    assert drive(f"{ONE_BANK:#x}", fault, "w", f"{START:#x}", "00112233")[-1] == "bad"


def test_an_error_of_before_does_not_count(drive: Drive) -> None:
    assert drive(f"{ONE_BANK:#x}", "e", "e", 1)[-1] == "good"
    assert drive(f"{ONE_BANK:#x}", "e", "w", f"{START:#x}", "00112233")[-1] == "good"
