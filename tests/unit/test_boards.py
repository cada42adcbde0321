"""Board descriptions: the ones that come with mcugen, and how strictly files are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcugen import resources
from mcugen.boards import all_boards, load_board, read_board
from mcugen.errors import BoardError

BOARD_FILES = sorted((resources.firmware_dir() / "boards").glob("*.toml"))


def test_the_boards() -> None:
    assert {board.id for board in all_boards()} >= {
        "nucleo-f746zg",
        "stm32f746g-disco",
        "mps2-an500",
    }


def test_a_target_has_one_default_board() -> None:
    for target in {board.target for board in all_boards()}:
        defaults = [board for board in all_boards() if board.target == target and board.default]
        assert len(defaults) == 1, target
        assert load_board(target) is defaults[0]


def test_a_board_by_its_id() -> None:
    assert load_board("stm32f746g-disco").name == "32F746GDISCOVERY"
    assert load_board("stm32f7").id == "nucleo-f746zg"


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(BoardError) as caught:
        load_board("stm32f8")
    assert caught.value.code == "B001"
    for name in ("stm32f7", "nucleo-f746zg", "stm32f746g-disco"):
        assert name in caught.value.hint


@pytest.mark.parametrize("path", BOARD_FILES, ids=lambda path: str(path.stem))
def test_a_board_makes_sense(path: Path) -> None:
    board = read_board(path)
    assert board.application.start % board.vector_table_alignment == 0
    assert board.vector_table_alignment >= 4 * (16 + board.chip.interrupts)
    assert 0 < board.arena_limit < board.ram.size
    assert board.application_flash.end == board.flash.base + board.flash.size
    for source in board.firmware_sources:
        assert (resources.firmware_dir() / source).is_file()
    assert all(text for text in (board.name, board.target, board.usb_serial, board.tried))


def test_facts_of_the_f746() -> None:
    board = load_board("nucleo-f746zg")
    assert board.flash.sectors == (*4 * (32768,), 131072, *3 * (262144,))
    assert (board.ram.base, board.ram.size) == (0x2000_0000, 320 * 1024)
    assert board.application.start == 0x0800_8000
    assert board.vector_table_alignment == 512
    assert board.cpu_flags == (
        "-mcpu=cortex-m7",
        "-mthumb",
        "-mfpu=fpv5-sp-d16",
        "-mfloat-abi=hard",
    )


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("schema = 1", "schema = 2", "`schema` is 2"),
        ("schema = 1", "schema = 1\ncolour = 3", "unknown key `colour`"),
        ('part = "', 'prat = "', "unknown key `chip.prat`"),
        ('tx = { port = "D",', 'tx = { prot = "D",', "unknown key `console.wiring.tx.prot`"),
        ("baud = 115_200", "", "`console.baud` is missing"),
        ("baud = 115_200", 'baud = "115200"', "`console.baud` must be a whole number"),
        ("baud = 115_200", "baud = -1", "`console.baud` must be a whole number"),
        ("dsp = true", "dsp = 1", "`chip.dsp` must be true or false"),
        ("interrupts = 98", "interrupts = true", "`chip.interrupts` must be a whole number"),
        ('name = "DTCM"', "name = 3", "`memory[1].name` must be a text"),
        ('ram = ["DTCM", "SRAM1", "SRAM2"]', 'ram = "DTCM"', "`application.ram` must be a list"),
        ('ram = ["DTCM", "SRAM1", "SRAM2"]', "ram = []", "must name memories"),
        ('ram = ["DTCM", "SRAM1", "SRAM2"]', 'ram = ["CCM"]', "must name memories"),
        ('ram = ["DTCM", "SRAM1", "SRAM2"]', 'ram = ["DTCM", "SRAM2"]', "not adjacent"),
        ("n = 216", "n = 215", "is not what `clock.pll` makes"),
        ("m = 8", "m = 0", "divides by nothing that exists"),
        ("apb1_divider = 4", "apb1_divider = 3", "bus dividers must be among"),
        ("size = 0x10_0000", "size = 0x20_0000", "do not add up"),
        ("start = 0x0800_8000", "start = 0x0800_8200", "not the start of a flash sector"),
        ("stack_bytes = 4096", "stack_bytes = 4092", "must divide by 8"),
        ('core = "cortex-m7"', 'core = "cortex-m99"', "must be one of"),
        ('port = "D", pin = 8', 'port = "Z", pin = 8', "`Z` is no port"),
        ('port = "D", pin = 8', 'port = "D", pin = 16', "PD16 is no pin"),
        ('id = "nucleo-f746zg"', 'id = "nucleo"', "the file is called"),
        (
            'tx = { port = "D", pin = 8, function = 7 }',
            "tx = 3",
            "`console.wiring.tx` must be a table",
        ),
        ("[chip]", "[chip", "not a TOML file"),
    ],
)
def test_a_malformed_file(tmp_path: Path, old: str, new: str, problem: str) -> None:
    text = (resources.firmware_dir() / "boards" / "nucleo-f746zg.toml").read_text()
    assert old in text
    path = tmp_path / "nucleo-f746zg.toml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(BoardError) as caught:
        read_board(path)
    assert caught.value.code == "B002"
    assert problem in caught.value.what
    assert caught.value.where == str(path)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(BoardError) as caught:
        read_board(path)
    assert caught.value.code == "B002"
