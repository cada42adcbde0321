"""What a build makes for each board: application, footer, resident loader, full image."""

from __future__ import annotations

import subprocess
import zlib
from pathlib import Path

import pytest

from mcugen.boards import Board, all_boards, load_board
from mcugen.boards.board import LOADER_BYTES_MAX
from mcugen.compiler import BuildResult, build
from mcugen.errors import BoardError
from mcugen.firmware import build_loader, firmware_tree, loader_tree
from mcugen.footer import parse_info, read_info, whole_footer
from mcugen.image import read_image
from mcugen.manifest import read_manifest, sha256
from mcugen.sim.board import VirtualBoard
from mcugen.staging import write_tree
from mcugen.tflite import write_model
from tests.networks import small_mobilenet

BOARDS = [board for board in all_boards() if board.chip.family != "mps2"]
WITH_LOADER = [board for board in BOARDS if board.loader is not None]
WITHOUT_LOADER = [board for board in BOARDS if board.loader is None]
STRICT = ("-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror", "-Os", "-fsyntax-only")
MODEL_H = Path(__file__).parent / "tiny_model" / "model.h"


def named(board: Board) -> str:
    return board.id


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "small_mobilenet.tflite"
    path.write_bytes(write_model(small_mobilenet()))
    return path


def built(model: Path, board: Board, folder: Path, cache: Path) -> BuildResult:
    return build(model, target=board.id, output=folder, object_cache=cache)


def from_hex(path: Path) -> tuple[int, bytes]:
    """Start and bytes of an Intel HEX file without gaps."""
    upper, start, data = 0, None, bytearray()
    for line in path.read_text().split():
        record = bytes.fromhex(line[1:])
        assert sum(record) & 0xFF == 0
        count, address, kind, content = record[0], record[1:3], record[3], record[4:-1]
        if kind == 4:
            upper = int.from_bytes(content, "big") << 16
        elif kind == 0:
            at = upper + int.from_bytes(address, "big")
            start = at if start is None else start
            assert at == start + len(data)
            data += content[:count]
    assert start is not None
    return start, bytes(data)


@pytest.mark.parametrize("board", BOARDS, ids=named)
def test_the_c_compiles_strictly(board: Board, tmp_path: Path) -> None:
    write_tree(tmp_path, {**firmware_tree(board), **loader_tree(board)})
    (tmp_path / "firmware" / "model.h").write_text(MODEL_H.read_text())
    (tmp_path / "console" / "model.h").write_text(MODEL_H.read_text())
    for folder in ("console", "firmware", "loader") if board.loader else ("console", "firmware"):
        sources = sorted(path.name for path in (tmp_path / folder).glob("*.c"))
        done = subprocess.run(
            ["arm-none-eabi-gcc", *board.compile_flags, *STRICT, "-I.", "-I../console", *sources],
            cwd=tmp_path / folder,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("board", WITH_LOADER, ids=named)
def test_the_loader_fits_and_says_whose_it_is(
    board: Board, tmp_path: Path, object_cache: Path
) -> None:
    write_tree(tmp_path, loader_tree(board))
    loader = build_loader(tmp_path, board, tmp_path / "objects", object_cache)
    base = board.flash.base
    assert loader.load_address == base
    assert len(loader.bin) <= LOADER_BYTES_MAX <= board.application.start - base
    info = read_info(
        lambda address, length: loader.bin[address - base : address - base + length],
        base,
        base + len(loader.bin),
    )
    assert info is not None
    assert info.board == board.id
    assert info == parse_info(info.pack())


@pytest.mark.parametrize("board", [load_board("stm32f7"), load_board("stm32f4")], ids=named)
def test_all_files_hold_the_same_bytes(
    board: Board, model: Path, tmp_path: Path, object_cache: Path
) -> None:
    folder = tmp_path / "build"
    manifest = built(model, board, folder, object_cache).manifest
    binary = (folder / "firmware.bin").read_bytes()
    start = board.application.start
    assert read_image(folder / "firmware.elf").bin == binary
    assert from_hex(folder / "firmware.hex") == (start, binary)
    footer = whole_footer(binary, start)
    assert footer is not None
    assert footer.length == len(binary) - 32
    assert footer.model.hex() == sha256(model)[:32]
    assert footer.crc32 == manifest.footer_crc32 == zlib.crc32(binary[:-32])

    loader = read_image(folder / "loader.elf").bin
    full = (folder / "firmware-full.bin").read_bytes()
    gap = start - board.flash.base - len(loader)
    assert full == loader + b"\xff" * gap + binary
    assert from_hex(folder / "firmware-full.hex") == (board.flash.base, full)
    assert manifest.loader_bytes == len(loader)
    assert manifest.application_start == start
    assert manifest.product_id == board.chip.product_id
    assert manifest.sectors == board.flash.sectors
    assert {"loader.elf", "firmware-full.bin", "firmware-full.hex"} <= manifest.files.keys()
    assert read_manifest(folder) == manifest


@pytest.mark.parametrize("board", WITHOUT_LOADER, ids=named)
def test_a_family_that_is_compiled_only(
    board: Board, model: Path, tmp_path: Path, object_cache: Path
) -> None:
    folder = tmp_path / "build"
    manifest = built(model, board, folder, object_cache).manifest
    assert manifest.loader_bytes is None
    assert not [name for name in manifest.files if name.startswith(("firmware-full", "loader"))]
    image = read_image(folder / "firmware.elf", folder / "firmware.bin")
    assert image.load_address == board.flash.base
    assert whole_footer(image.bin, image.load_address) is not None
    assert read_manifest(folder) == manifest
    with pytest.raises(BoardError) as caught:
        VirtualBoard(board, image)
    assert caught.value.code == "B003"
    assert board.chip.family in caught.value.what


def test_nothing_in_the_loader_could_protect_or_unprotect_the_chip() -> None:
    """No name of what writes option bytes or erases all, and none of ST's protection commands."""
    for board in WITH_LOADER:
        text = "\n".join(loader_tree(board).values()).upper()
        for word in ("OPTKEY", "OPTSTRT", "OPTLOCK", "0X08192A3B", "0X4C5D6E7F", "CR_MER"):
            assert word not in text
        for code in ("0X63", "0X73", "0X82", "0X92"):
            assert f"{code}U" not in text
            assert f"= {code}," not in text
