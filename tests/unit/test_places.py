"""Memories that a user names for arena and weights: their room, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcugen.arena import ArenaPart, ArenaRoom, shared_room, spaces_left
from mcugen.boards import Board, load_board, read_board
from mcugen.boards.places import ArenaPlace, Places, find_places
from mcugen.cli.places import named_places
from mcugen.errors import BoardError, McugenError, UsageError
from mcugen.memory.spaces import Space, highest, lowest, space_at, walls

BOARDS = Path(__file__).parents[2] / "firmware" / "boards"
DISCO, H743 = load_board("stm32f746g-disco"), load_board("nucleo-h743zi")
STACK = 32 + 4096
VARIABLES = 4096
DTCM, SRAM1, SRAM2 = 0x2000_0000, 0x2001_0000, 0x2004_C000


def spans(board: Board, *names: str) -> list[tuple[str, int, int]]:
    """Name, start and end of each place of the arena."""
    return [(one.name, one.start, one.end) for one in find_places(board, {"arena": names}).arena]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        # Mailbox and stack come first; variables go on behind it.
        (("DTCM",), [("DTCM", DTCM + STACK, SRAM1)]),
        # Nothing but the end of RAM behind it: the variables' room is kept.
        (("DTCM", "SRAM1", "SRAM2"), [("DTCM+SRAM1+SRAM2", DTCM + STACK, 0x2005_0000 - VARIABLES)]),
        (("DTCM", "SRAM1"), [("DTCM+SRAM1", DTCM + STACK, SRAM2)]),
        # Stack and variables stay before it.
        (("SRAM1",), [("SRAM1", SRAM1, SRAM2)]),
        (("SRAM2",), [("SRAM2", SRAM2, 0x2005_0000)]),
        # Not in the order of their addresses: two spaces; variables stay in the second.
        (("SRAM1", "DTCM"), [("SRAM1", SRAM1, SRAM2), ("DTCM", DTCM + STACK, SRAM1 - VARIABLES)]),
        (("DTCM", "SRAM2"), [("DTCM", DTCM + STACK, SRAM1), ("SRAM2", SRAM2, 0x2005_0000)]),
        # No object of C lies at address 0.
        (("ITCM",), [("ITCM", 32, 0x4000)]),
    ],
)
def test_what_memories_have_room_for(
    names: tuple[str, ...], expected: list[tuple[str, int, int]]
) -> None:
    assert spans(DISCO, *names) == expected
    assert spans(DISCO, *(name.lower() for name in names)) == expected


def test_memory_outside_of_the_applications_ram() -> None:
    dtcm, axi = find_places(H743, {"arena": ["dtcm", "axi"]}).arena
    assert dtcm == ArenaPlace("DTCM", 0x2000_0000, 0x2_0000, behind_stack=False, in_ram=False)
    assert axi.behind_stack
    assert axi.bytes == 0x8_0000 - STACK - VARIABLES


def test_a_stack_larger_than_the_first_memory_moves_the_arena(tmp_path: Path) -> None:
    """Variables lie behind the stack in the memory that was named: the arena begins behind them."""
    text = (BOARDS / "stm32f746g-disco.toml").read_text()
    small = text.replace(
        'name = "DTCM"\nbase = 0x2000_0000\nsize = 0x1_0000',
        'name = "DTCM"\nbase = 0x2000_F000\nsize = 0x1000',
    )
    path = tmp_path / "board.toml"
    path.write_text(small)
    board = read_board(path, any_name=True)
    (place,) = find_places(board, {"arena": ["SRAM1"]}).arena
    assert place.start == 0x2000_F000 + STACK + VARIABLES
    assert place.end == SRAM2


def test_nothing_is_named() -> None:
    places = find_places(DISCO, {})
    assert places == Places()
    assert places.arena_limit(DISCO) == DISCO.arena_limit
    assert places.weights_limit(DISCO) == DISCO.application_flash.size


def test_weights_outside_the_chip() -> None:
    places = find_places(DISCO, {"weights": ["qspi"]})
    assert places.weights is not None
    assert (places.weights.name, places.weights_limit(DISCO)) == ("QSPI", 16 << 20)


@pytest.mark.parametrize(
    ("named", "code", "told"),
    [
        ({"arena": ["DTCN"]}, "B004", "SRAM1 (240 KB)"),
        ({"arena": ["QSPI"]}, "B004", "DTCM (64 KB)"),
        ({"weights": ["DTCM"]}, "B004", "QSPI (16,384 KB)"),
        ({"weights": ["QSPI", "QSPI"]}, "U006", "weights=QSPI"),
        ({"arena": ["DTCM", "dtcm"]}, "U006", "once"),
        ({"code": ["DTCM"]}, "U006", "--place arena="),
    ],
)
def test_what_is_refused(named: dict[str, list[str]], code: str, told: str) -> None:
    with pytest.raises(McugenError) as caught:
        find_places(DISCO, named)
    assert caught.value.code == code
    assert told in caught.value.hint


def test_a_board_without_flash_outside() -> None:
    with pytest.raises(BoardError, match="no flash `QSPI` outside the chip"):
        find_places(H743, {"weights": ["QSPI"]})


def test_options_of_both_kinds_are_one() -> None:
    assert (
        named_places("DTCM, axi")
        == {"arena": ("DTCM", "axi")}
        == named_places(None, ["arena=DTCM,axi"])
    )
    assert named_places("DTCM", ["weights=QSPI"]) == {"arena": ("DTCM",), "weights": ("QSPI",)}
    assert named_places(None) == {}


@pytest.mark.parametrize(
    "texts", [["weights"], ["weights="], ["arena=DTCM,"], ["arena=A", "arena=B"]]
)
def test_options_that_say_nothing(texts: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        named_places(None, texts)
    assert caught.value.code == "U006"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('name = "QSPI"', 'name = "dtcm"', "two memories have the same name"),
        ("base = 0x9000_0000", "base = 0x2000_0000", "DTCM and QSPI overlap"),
        ("{file}", "it", "`program` of QSPI does not name `{file}`"),
        ('"QUADSPI"\npins', '"OCTOSPI"\npins', "`controller` of QSPI must be one of QUADSPI"),
        ("size = 0x100_0000", "size = 0x100_0001", "`size` of QSPI is no power of two"),
        ("external_quadspi.c", "external_none.c", "`external_none.c` is no file"),
        ('port = "B", pin = 2,', 'port = "B", pin = 16,', "PB16 is no pin"),
    ],
)
def test_board_files_that_contradict_themselves(
    old: str, new: str, told: str, tmp_path: Path
) -> None:
    text = (BOARDS / "stm32f746g-disco.toml").read_text()
    path = tmp_path / "board.toml"
    path.write_text(text.replace(old, new))
    with pytest.raises(BoardError) as caught:
        read_board(path, any_name=True)
    assert caught.value.code == "B002"
    assert told in caught.value.what


def test_walls() -> None:
    spaces = (Space("a", 64), Space("b", 32), Space("c", 96))
    assert walls(spaces) == (64, 96)
    assert walls(spaces[:1]) == walls(()) == ()
    assert [space_at((64, 96), offset) for offset in (0, 63, 64, 95, 96, 500)] == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize("size", [0, 1, 32, 33, 64, 65])
@pytest.mark.parametrize("alignment", [1, 4])
def test_lowest_and_highest_are_next_to_each_other(size: int, alignment: int) -> None:
    """Tried against all offsets, one by one."""
    between = (64, 97)

    def legal(at: int) -> bool:
        return at % alignment == 0 and not any(at < wall < at + size for wall in between)

    for offset in range(160):
        up = next(at for at in range(offset, 400) if legal(at))
        assert lowest(between, offset, size, alignment) == up
        down = next((at for at in range(offset, -1, -1) if legal(at)), None)
        found = highest(between, offset, size, alignment)
        assert found == down if down is not None else found < 0


def test_what_other_arenas_leave() -> None:
    """In lines of a cache, for the next array begins on one; a memory that is full is none."""
    spaces = (Space("a", 256), Space("b", 1024), Space("c", 64))
    parts = (ArenaPart("x_arena_a", "a", 0, 100), ArenaPart("x_arena_b", "b", 256, 1024))
    assert spaces_left(spaces, [ArenaRoom("x", parts)]) == (Space("a", 128), Space("c", 64))
    other = ArenaRoom("y", (ArenaPart("y_arena_a", "a", 0, 97),))
    assert spaces_left(spaces, [ArenaRoom("x", parts), other]) == (Space("c", 64),)
    assert spaces_left(spaces, []) == spaces


def test_an_arena_that_libraries_share() -> None:
    """Each array as large as the largest of them, under the first one's name."""
    one = ArenaRoom("x", (ArenaPart("x_arena_a", "a", 0, 100),))
    two = ArenaRoom("y", (ArenaPart("y_arena_a", "a", 0, 90), ArenaPart("y_arena_b", "b", 256, 8)))
    room = shared_room([one, two])
    assert room == ArenaRoom(
        "x", (ArenaPart("x_arena_a", "a", 0, 100), ArenaPart("x_arena_b", "b", 256, 8)), shared=True
    )
    assert [room.pointer(at) for at in (0, 255, 256)] == [
        "&x_arena_a[0]",
        "&x_arena_a[255]",
        "&x_arena_b[0]",
    ]
