"""Board descriptions: the ones that come with mcugen, and how strictly files are read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mcugen import resources
from mcugen.boards import Accelerator, all_boards, load_board, read_board
from mcugen.cli import main
from mcugen.errors import BoardError
from mcugen.report.boards import describe_boards, render_boards
from mcugen.report.layout import Table


def _caches(read: int, line: int, lines: int) -> str:
    sizes = f"read_bytes = {read}, line_bytes = {line}"
    return f"accelerator = {{ {sizes}, code_lines = {lines}, data_lines = 8 }}"


BOARD_FILES = sorted((resources.firmware_dir() / "boards").glob("*.toml"))


def test_the_boards() -> None:
    assert {board.id for board in all_boards()} >= {
        "nucleo-f746zg",
        "stm32f746g-disco",
        "nucleo-f767zi",
        "nucleo-f446re",
        "nucleo-l4r5zi",
        "nucleo-h743zi",
        "mps2-an500",
    }
    assert load_board("stm32f4").id == "nucleo-f446re"
    assert load_board("stm32l4").id == "nucleo-l4r5zi"
    assert load_board("stm32h7").id == "nucleo-h743zi"


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
    for source in (*board.firmware_sources, *board.loader_sources):
        assert (resources.firmware_dir() / source).is_file()
    assert sum(board.flash.sectors) == board.flash.size
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


K = 1024


@pytest.mark.parametrize(
    ("name", "flash", "sectors", "ram", "start", "product_id", "hz"),
    [
        ("nucleo-f446re", 512, [16] * 4 + [64] + [128] * 3, 128, 0x4000, 0x421, 180_000_000),
        ("nucleo-f767zi", 2048, [32] * 4 + [128] + [256] * 7, 512, 0x8000, 0x451, 216_000_000),
        ("nucleo-l4r5zi", 2048, [4] * 512, 640, 0, 0x470, 120_000_000),
        ("nucleo-h743zi", 2048, [128] * 16, 512, 0, 0x450, 400_000_000),
    ],
)
def test_facts_of_the_others(
    name: str, flash: int, sectors: list[int], ram: int, start: int, product_id: int, hz: int
) -> None:
    board = load_board(name)
    assert board.flash.size == flash * K
    assert board.flash.sectors == tuple(size * K for size in sectors)
    assert board.ram.size == ram * K
    assert board.application.start == 0x0800_0000 + start
    assert board.chip.product_id == product_id
    assert board.clock.hz == hz


def test_sectors_of_both_bank_modes() -> None:
    flash = load_board("nucleo-f767zi").flash
    two_banks = tuple(size * K for size in 2 * ([16] * 4 + [64] + [128] * 7))
    assert flash.other_mode is not None
    assert flash.other_mode.sectors == two_banks
    assert flash.sectors_when(0xFFFF_FFFF) == flash.sectors
    assert flash.sectors_when(0xFFFF_FFFF & ~(1 << 13)) == two_banks
    assert flash.sectors_when(1 << 13) == flash.sectors
    l4 = load_board("nucleo-l4r5zi").flash
    assert l4.sectors_when(1 << 22) == (4 * K,) * 512
    assert l4.sectors_when(0) == (8 * K,) * 256
    assert load_board("stm32f4").flash.sectors_when(0) == load_board("stm32f4").flash.sectors


@pytest.mark.parametrize(
    ("name", "accelerator"),
    [
        ("nucleo-l4r5zi", Accelerator(read_bytes=8, line_bytes=32, code_lines=32, data_lines=8)),
        ("nucleo-f446re", Accelerator(read_bytes=16, line_bytes=16, code_lines=64, data_lines=8)),
    ],
)
def test_caches_before_the_flash(name: str, accelerator: Accelerator) -> None:
    board = load_board(name)
    assert board.flash.accelerator == accelerator
    assert board.clock.pll is not None
    assert board.clock.pll.flash_wait_states == 5


def test_where_a_resident_loader_is_made() -> None:
    with_loader = {board.id for board in all_boards() if board.loader_sources}
    assert with_loader == {"nucleo-f746zg", "stm32f746g-disco", "nucleo-f767zi", "nucleo-f446re"}
    for board in all_boards():
        if board.loader is not None:
            assert board.loader_flash.end <= board.application.start
            assert "virtual board" in board.tried
        else:
            assert board.application.start == board.flash.base, "nothing else could start it"


def test_what_the_loader_lets_a_host_read() -> None:
    readable = {
        region.name: (region.base, region.size) for region in load_board("nucleo-f767zi").readable()
    }
    assert readable["flash"] == (0x0800_0000, 2048 * K)
    assert readable["UID"] == (0x1FF0_F420, 12)
    assert readable["flash size"] == (0x1FF0_F442, 2)
    assert readable["option word"] == (0x1FFF_0008, 4)
    assert readable["DTCM"] == (0x2000_0000, 128 * K)
    kept = load_board("nucleo-f767zi").readable(no_read=True)
    assert [region.name for region in kept] == ["loader", "UID", "flash size", "option word"]
    assert (kept[0].base, kept[0].size) == (0x0800_0000, 32 * K)


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
        ("count = 3,", "count = 2,", "do not add up"),
        ("count = 3,", "count = 3, size = 1,", "unknown key `flash.layout[2].size`"),
        ("count = 3,", "", "`flash.layout[2].count` is missing"),
        ("start = 0x0800_8000", "start = 0x0800_0000", "no room for a loader"),
        ("product_id = 0x449", "", "a loader needs `product_id`"),
        ("on_usb_serial = false", "on_usb_serial = 0", "`rom.on_usb_serial` must be true or false"),
        ("stack_bytes = 4096", "stack_bytes = 4092", "must divide by 8"),
        ("program_bytes = 4", f"program_bytes = 4\n{_caches(3, 32, 8)}", "in powers of two"),
        ("program_bytes = 4", f"program_bytes = 4\n{_caches(16, 8, 8)}", "of one read or several"),
        ("program_bytes = 4", f"program_bytes = 4\n{_caches(8, 32, 0)}", "1 to 256 lines"),
        ("program_bytes = 4", f"program_bytes = 4\n{_caches(8, 32, 257)}", "1 to 256 lines"),
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


def malformed_f767(tmp_path: Path, old: str, new: str) -> str:
    text = (resources.firmware_dir() / "boards" / "nucleo-f767zi.toml").read_text()
    assert old in text
    path = tmp_path / "nucleo-f767zi.toml"
    path.write_text(text.replace(old, new))
    with pytest.raises(BoardError) as caught:
        read_board(path)
    return caught.value.what


def test_a_bank_mode_that_does_not_fit(tmp_path: Path) -> None:
    what = malformed_f767(tmp_path, "{ count = 7, bytes = 0x2_0000 }", "{ count = 7, bytes = 1 }")
    assert "do not add up" in what
    what = malformed_f767(tmp_path, "start = 0x0800_8000", "start = 0x0800_4000")
    assert "not the start of a flash sector" in what


def test_an_id_that_the_loader_has_no_room_for(tmp_path: Path) -> None:
    name = "n" * 32
    text = (resources.firmware_dir() / "boards" / "nucleo-f746zg.toml").read_text()
    path = tmp_path / f"{name}.toml"
    path.write_text(text.replace('id = "nucleo-f746zg"', f'id = "{name}"'))
    with pytest.raises(BoardError, match="longer than 31 characters"):
        read_board(path)


def test_the_list_of_boards() -> None:
    answer = describe_boards(all_boards())
    json.dumps(answer)
    listed = answer["boards"]
    assert isinstance(listed, list)
    first = next(entry for entry in listed if entry["target"] == "stm32f7")
    assert first["id"] == "nucleo-f746zg"
    assert all(entry["tried"] for entry in listed)
    table, *lines = render_boards(answer)
    assert isinstance(table, Table)
    targets = [row[0] for row in table.rows]
    assert targets.count("stm32f7*") == 1
    assert targets.count("stm32f7") == sum(b.target == "stm32f7" for b in all_boards()) - 1
    assert len([line for line in lines if "USB serial" not in str(line) and line]) == len(listed)


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["boards", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["schema"], answer["command"], answer["status"]) == (1, "boards", "ok")
    by_id = {entry["id"]: entry for entry in answer["boards"]}
    assert by_id["nucleo-f446re"]["resident_loader"]
    assert not by_id["nucleo-h743zi"]["resident_loader"]
    assert "never ran" in by_id["nucleo-l4r5zi"]["tried"]
    assert main(["boards"]) == 0
    assert "nucleo-f767zi" in capsys.readouterr().out


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(BoardError) as caught:
        read_board(path)
    assert caught.value.code == "B002"
