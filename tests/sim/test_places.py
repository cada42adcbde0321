"""Arena and weights in memories that were named: linked there, exact, and watched."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from mcugen.boards import Board, ExternalFlash, Region, load_board, load_board_of_build
from mcugen.boards.places import Places, find_places
from mcugen.cli.board import program_external
from mcugen.compiler import BuildResult, build
from mcugen.emit import emit_model
from mcugen.errors import DeviceError, FitError, ToolchainError
from mcugen.firmware import build_firmware, firmware_tree
from mcugen.image import Image, read_image
from mcugen.ir import Graph
from mcugen.manifest import Manifest, read_manifest
from mcugen.memory.rows.plan import Arena
from mcugen.protocol.session import Session
from mcugen.report.arena_text import ASCII
from mcugen.report.build import render_build
from mcugen.report.html import write_report
from mcugen.sim.board import VirtualBoard
from mcugen.sim.flash_memory import FlashMemory
from mcugen.sim.watch import library_of
from mcugen.staging import write_tree
from mcugen.tflite import write_model
from mcugen.verify import verify
from mcugen.verify.report import VerifyReport
from tests.conftest import EXAMPLE_MODEL, program_of
from tests.networks import small_mobilenet
from tests.row_networks import expanding_network
from tests.sim.test_board_builds import STRICT, from_hex

DISCO = load_board("stm32f746g-disco")
QSPI = DISCO.externals[0]
BOARDS = Path(__file__).parents[2] / "firmware" / "boards"


def region(name: str) -> Region:
    return next(one for one in DISCO.memory if one.name == name)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "small_mobilenet.tflite"
    path.write_bytes(write_model(small_mobilenet()))
    return path


@pytest.fixture(scope="module")
def placed(
    model: Path, tmp_path_factory: pytest.TempPathFactory, object_cache: Path
) -> BuildResult:
    """Arena in DTCM, weights in QSPI."""
    return build(
        model,
        target=DISCO.id,
        output=tmp_path_factory.mktemp("placed") / "build",
        places={"arena": ["dtcm"], "weights": ["qspi"]},
        object_cache=object_cache,
    )


def image_of(result: BuildResult) -> Image:
    return read_image(result.folder / "firmware.elf", result.folder / "firmware.bin")


def assert_exact(report: VerifyReport, result: BuildResult) -> None:
    assert report.error is None
    assert report.pairs


def test_every_layer_is_exact(placed: BuildResult) -> None:
    executions = ("host", "board", "qemu")
    assert_exact(verify(placed.folder, executions=executions, count=3), placed)


def test_the_128_px_network_in_dtcm_with_weights_in_qspi(
    tmp_path: Path, object_cache: Path
) -> None:
    """It runs by rows where 64 KB of DTCM are too little for whole layers."""
    result = build(
        EXAMPLE_MODEL,
        target=DISCO.id,
        output=tmp_path / "build",
        places={"arena": ["DTCM"], "weights": ["QSPI"]},
        object_cache=object_cache,
    )
    (array,) = result.manifest.arena
    assert array.address in region("DTCM")
    assert array.address + array.bytes <= region("DTCM").end
    assert any(step.rows for step in result.manifest.steps)
    assert "too little room in DTCM" in " ".join(result.notes)
    assert result.manifest.flash_bytes < 24_000
    assert_exact(verify(result.folder, executions=("board",), count=2), result)


def test_arena_and_weights_lie_where_they_were_to(placed: BuildResult) -> None:
    image, manifest = image_of(placed), placed.manifest
    arena = image.symbol("model_arena")
    assert arena.address in region("DTCM")
    assert arena.address + arena.size <= region("DTCM").end
    assert arena.address >= image.address_of("_stack_top")
    assert manifest.arena[0].memory == "DTCM"
    weights = [name for name in image.symbols if name.endswith(("_weights", "_bias"))]
    assert weights
    assert all(image.address_of(name) in QSPI.region for name in weights)
    assert manifest.external is not None
    assert manifest.weights_bytes <= manifest.external.bytes < manifest.weights_bytes + 64


def test_the_parts_of_the_image_are_files_of_their_own(placed: BuildResult) -> None:
    folder, part = placed.folder, placed.manifest.external
    assert part is not None
    (segment,) = image_of(placed).external
    start, from_hex_file = from_hex(folder / part.hex_file)
    assert start == segment.load_address == part.address == QSPI.base
    assert from_hex_file == segment.data == (folder / part.file).read_bytes()
    assert segment.data not in (folder / "firmware.bin").read_bytes()
    start, inside = from_hex(folder / "firmware.hex")
    assert (start, inside) == (DISCO.application.start, (folder / "firmware.bin").read_bytes())
    assert part.program == QSPI.program.format(file="weights.hex")
    assert {part.file, part.hex_file} <= set(placed.manifest.files)
    assert read_manifest(folder) == placed.manifest
    assert {one.kind for one in placed.manifest.image_parts} == {"code", "footer"}


def board_of(result: BuildResult) -> VirtualBoard:
    return VirtualBoard(DISCO, image_of(result), library=library_of(result.manifest))


def test_other_weights_in_qspi_are_refused(placed: BuildResult) -> None:
    """They are programmed on another way than the image, and may be those of another build."""
    data = bytes(placed.manifest.input.bytes)
    part = placed.manifest.external
    assert part is not None
    for wrong in (part.address, part.address + part.bytes - 1):
        board = board_of(placed)
        byte = (placed.folder / part.file).read_bytes()[wrong - part.address]
        board.externals[0].put(wrong, bytes([byte ^ 1]))
        with pytest.raises(DeviceError) as caught:
            board.run(data)
        assert caught.value.code == "D014"
        assert "weights.hex" in caught.value.hint


def test_a_byte_of_qspi_that_changes_is_seen_in_its_layer(placed: BuildResult) -> None:
    """The core reads what the flash outside holds, and nothing else."""
    data = bytes(range(256)) * 100
    data = data[: placed.manifest.input.bytes]
    good, bad = board_of(placed), board_of(placed)
    layer = placed.manifest.layers[1].name
    symbol = image_of(placed).symbol(f"model_{layer}_weights")
    expected = good.run(data).outputs
    bad.run(data)
    bad.cpu.write(symbol.address, bytes(symbol.size))
    found = bad.run(data).outputs
    assert expected[0] == found[0]
    assert expected[1] != found[1]


def test_a_board_that_is_switched_on_has_the_weights(placed: BuildResult) -> None:
    """As ``mcugen board`` does it: the weights as from a bench, the image as from a host."""
    flash = FlashMemory(DISCO.flash)
    flash.put(DISCO.flash.base, (placed.folder / "firmware-full.bin").read_bytes())
    data = bytes(placed.manifest.input.bytes)
    answers = []
    for weights in (True, False):
        board = VirtualBoard(DISCO, None, flash=flash)
        assert not weights or program_external(board, placed.folder)
        session = Session(board)
        if weights:
            answers.append(session.run(data).output)
        else:
            with pytest.raises(DeviceError, match="does not hold the weights"):
                session.run(data)
    assert answers == [board_of(placed).run(data).output]


def test_weights_of_another_board_stay_where_they_are(placed: BuildResult, tmp_path: Path) -> None:
    other = VirtualBoard(load_board("nucleo-f746zg"), None)
    assert not program_external(other, placed.folder)
    assert not program_external(VirtualBoard(DISCO, None), tmp_path)


def test_nothing_is_read_before_the_controller_is_set_up(placed: BuildResult) -> None:
    board = board_of(placed)
    address = placed.manifest.external
    assert address is not None
    first = board.cpu.read(address.address, 64)
    assert len(set(first)) == 1
    board.read(0.0)
    assert board.cpu.read(address.address, 64) == image_of(placed).external[0].data[:64]


def test_the_default_has_all_in_flash_and_ram(
    model: Path, tmp_path: Path, object_cache: Path
) -> None:
    result = build(model, target=DISCO.id, output=tmp_path / "build", object_cache=object_cache)
    image = image_of(result)
    assert not image.external
    assert result.manifest.external is None
    assert not (result.folder / "weights.bin").exists()
    assert image.address_of("_bss_start") <= image.address_of("model_arena")
    assert image.address_of("model_arena") < image.address_of("_bss_end")
    assert "EXTERNAL" not in (result.folder / "firmware" / "linker.ld").read_text()


def narrow_board(folder: Path) -> Path:
    """A 32F746GDISCOVERY with less DTCM, of which the stack leaves 256 bytes."""
    path = folder / "narrow.toml"
    path.write_text(
        (BOARDS / "stm32f746g-disco.toml")
        .read_text()
        .replace("base = 0x2000_0000\nsize = 0x1_0000", "base = 0x2000_E000\nsize = 0x2000")
        .replace("stack_bytes = 4096", f"stack_bytes = {0x2000 - 32 - 256}")
    )
    return path


def apart_board(folder: Path) -> Path:
    """A 32F746GDISCOVERY whose application has SRAM1 and SRAM2, and 4 KB of DTCM besides."""
    path = folder / "apart.toml"
    path.write_text(
        (BOARDS / "stm32f746g-disco.toml")
        .read_text()
        .replace('ram = ["DTCM", "SRAM1", "SRAM2"]', 'ram = ["SRAM1", "SRAM2"]')
        .replace("size = 0x1_0000", "size = 0x1000")
    )
    return path


@dataclass(frozen=True)
class Division:
    """A network on a board of which DTCM is too small for it."""

    graph: Callable[[], Graph]
    board: Callable[[Path], Path]
    arena: Arena | None = None


DIVISIONS = {
    "behind the stack": Division(small_mobilenet, narrow_board),
    "by rows": Division(small_mobilenet, narrow_board, "least"),
    "outside of RAM": Division(expanding_network, apart_board),
}


@pytest.fixture(scope="module", params=DIVISIONS.values(), ids=DIVISIONS)
def divided(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, object_cache: Path
) -> BuildResult:
    """An arena in two memories that are not adjacent, the first of which is too small for it."""
    folder = tmp_path_factory.mktemp("divided")
    network = folder / "network.tflite"
    network.write_bytes(write_model(request.param.graph()))
    return build(
        network,
        target=str(request.param.board(folder)),
        output=folder / "build",
        arena=request.param.arena,
        places={"arena": ["DTCM", "SRAM2"]},
        object_cache=object_cache,
    )


def test_an_arena_in_two_memories(divided: BuildResult) -> None:
    dtcm, sram2 = divided.manifest.arena
    image = image_of(divided)
    memories = load_board_of_build(divided.folder, divided.manifest.board).memory
    assert (dtcm.symbol, sram2.symbol) == ("model_arena_dtcm", "model_arena_sram2")
    assert (dtcm.memory, sram2.memory) == ("DTCM", "SRAM2")
    assert (dtcm.offset, sram2.offset) == (0, dtcm.available)
    for array in (dtcm, sram2):
        assert image.address_of(array.symbol) == array.address
        assert array.address in next(one for one in memories if one.name == array.memory)
        assert 0 < array.bytes <= array.available
    tops = {0: 0, 1: 0}
    for buffer in divided.manifest.buffers:
        space = int(buffer.offset >= sram2.offset)
        end = buffer.offset + buffer.bytes
        assert space or end <= dtcm.bytes
        tops[space] = max(tops[space], end)
    assert -(-tops[0] // 4) * 4 == dtcm.bytes
    assert -(-tops[1] // 4) * 4 == sram2.offset + sram2.bytes == divided.manifest.arena_bytes


def test_an_arena_in_two_memories_is_exact(divided: BuildResult) -> None:
    executions = ("host", "board", "qemu")
    assert_exact(verify(divided.folder, executions=executions, count=2), divided)


def test_stores_are_watched_in_both_memories(divided: BuildResult) -> None:
    """A layer that may not write its own output is caught, whichever memory that is in."""
    manifest = divided.manifest
    data = bytes(manifest.input.bytes)
    board = load_board_of_build(divided.folder, manifest.board)
    memories = set()
    for number, piece in enumerate(manifest.pieces):
        memories.add(piece.at >= manifest.arena[1].offset)
        moved = replace(piece, bytes=piece.bytes - 1, at=piece.at + 1)
        pieces = (*manifest.pieces[:number], moved, *manifest.pieces[number + 1 :])
        assert strays(board_for(board, divided, replace(manifest, pieces=pieces)), data)
    assert memories == {False, True}
    assert not strays(board_for(board, divided, manifest), data)


def board_for(board: Board, result: BuildResult, manifest: Manifest) -> VirtualBoard:
    return VirtualBoard(board, image_of(result), library=library_of(manifest))


def strays(board: VirtualBoard, data: bytes) -> bool:
    return bool(board.run(data).stray_writes)


def test_rows_that_come_into_two_memories(model: Path, tmp_path: Path, object_cache: Path) -> None:
    result = build(
        model,
        target=str(narrow_board(tmp_path)),
        output=tmp_path / "build",
        stream_input=True,
        arena="least",
        places={"arena": ["DTCM", "SRAM2"]},
        object_cache=object_cache,
    )
    assert_exact(verify(result.folder, executions=("host", "board"), count=2), result)


def test_what_does_not_fit_is_refused_with_the_table(
    model: Path, tmp_path: Path, object_cache: Path
) -> None:
    with pytest.raises(FitError) as caught:
        build(
            model,
            target=str(narrow_board(tmp_path)),
            output=tmp_path / "build",
            places={"arena": ["DTCM"]},
            object_cache=object_cache,
        )
    error = caught.value
    assert error.code == "F001"
    assert "more room in DTCM than" in error.what
    assert "256 of 256 bytes are left for the arena" in error.where
    assert error.details[0].split() == ["layer", "writes", "alive", "over", "by"]
    assert "--arena-in" in error.hint
    assert not (tmp_path / "build").exists()


def test_weights_that_do_not_fit_outside(model: Path, tmp_path: Path, object_cache: Path) -> None:
    text = (BOARDS / "stm32f746g-disco.toml").read_text()
    (tmp_path / "small.toml").write_text(text.replace("size = 0x100_0000", "size = 0x400"))
    with pytest.raises(FitError) as caught:
        build(
            model,
            target=str(tmp_path / "small.toml"),
            output=tmp_path / "build",
            places={"weights": ["QSPI"]},
            object_cache=object_cache,
        )
    assert caught.value.code == "F002"
    assert "QSPI" in caught.value.what


def linked(folder: Path, places: Places, cache: Path) -> Image:
    program = program_of(small_mobilenet())
    write_tree(folder, {f"model/{path}": text for path, text in emit_model(program).items()})
    write_tree(folder, firmware_tree(DISCO, places=places))
    return build_firmware(folder, DISCO, folder / "objects", cache)


def test_the_linker_has_the_last_word_on_dtcm(tmp_path: Path, object_cache: Path) -> None:
    places = find_places(DISCO, {"arena": ["DTCM"]})
    arena = linked(tmp_path / "fits", places, object_cache).symbol("model_arena")
    (place,) = places.arena
    short = replace(places, arena=(replace(place, bytes=arena.size - 32),))
    with pytest.raises(ToolchainError) as caught:
        linked(tmp_path / "short", short, object_cache)
    assert "the arena does not lie in DTCM" in "\n".join(caught.value.details)


def test_the_linker_keeps_variables_out_of_the_arena(tmp_path: Path, object_cache: Path) -> None:
    places = find_places(DISCO, {"arena": ["SRAM1"]})
    (place,) = places.arena
    image = linked(tmp_path / "fits", places, object_cache)
    assert image.address_of("model_arena") == region("SRAM1").base
    early = replace(place, start=image.address_of("_ram_used_end") // 32 * 32)
    with pytest.raises(ToolchainError) as caught:
        linked(tmp_path / "early", Places((early,)), object_cache)
    assert "variables reach into the arena" in "\n".join(caught.value.details)


def sections(folder: Path, *flags: str) -> dict[str, str]:
    """Name and type of the sections of the library's own two files, compiled on their own."""
    found = {}
    for source in ("model.c", "model_weights.c"):
        compiler = ["arm-none-eabi-gcc", "-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-sp-d16"]
        command = [*compiler, "-mfloat-abi=hard", "-O2", "-w", *flags, "-c", source, "-o", "it.o"]
        headers = sorted({f"-I{path.parent}" for path in folder.rglob("*.h")})
        subprocess.run([*command, *headers], cwd=folder, check=True)
        listing = subprocess.run(
            ["arm-none-eabi-readelf", "-SW", "it.o"],
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for line in listing.splitlines():
            words = line.replace("[ ", "[").split()
            if len(words) > 3 and words[1].startswith("."):
                found[words[1]] = words[2]
    return found


@pytest.mark.parametrize("flag", ["-fdata-sections", "-fno-data-sections"])
def test_sections_have_a_name_with_and_without_data_sections(flag: str, tmp_path: Path) -> None:
    """What link scripts go by; the arena takes no room in the image whatever they do."""
    write_tree(tmp_path, emit_model(program_of(small_mobilenet())))
    found = sections(tmp_path, flag)
    assert found[".bss.model_arena"] == "NOBITS"
    assert found[".rodata.model_weights"] == "PROGBITS"
    assert not any(name.startswith(".rodata.model_conv") for name in found)


def test_attributes_of_ones_own(tmp_path: Path) -> None:
    write_tree(tmp_path, emit_model(program_of(small_mobilenet())))
    arena = '-DMODEL_ARENA_ATTR=__attribute__((section(".bss.fast")))'
    weights = '-DMODEL_WEIGHTS_ATTR=__attribute__((section(".flash_outside")))'
    found = sections(tmp_path, arena, weights)
    assert found[".bss.fast"] == "NOBITS"
    assert ".flash_outside" in found
    assert not {".bss.model_arena", ".rodata.model_weights"} & set(found)


def test_the_c_for_flash_outside_compiles_strictly(tmp_path: Path) -> None:
    write_tree(tmp_path, firmware_tree(DISCO, places=find_places(DISCO, {"weights": ["QSPI"]})))
    sources = [f"firmware/{name}" for name in ("external.c", *QSPI.sources, "main.c", "port.c")]
    includes = ("-Iconsole", "-Ifirmware")
    done = subprocess.run(
        ["arm-none-eabi-gcc", *DISCO.compile_flags, *STRICT, *includes, *sources],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_a_chip_whose_memories_are_far_apart(
    model: Path, tmp_path: Path, object_cache: Path
) -> None:
    """Compiled and linked only: the virtual board has no such chip."""
    result = build(
        model,
        target="nucleo-h743zi",
        output=tmp_path / "build",
        places={"arena": ["dtcm", "axi"]},
        object_cache=object_cache,
    )
    (array,) = result.manifest.arena
    assert (array.symbol, array.memory) == ("model_arena_dtcm", "DTCM")
    assert array.address == 0x2000_0000
    assert result.manifest.ram_bytes < 8192


def test_the_report_accounts_for_what_is_outside(placed: BuildResult) -> None:
    write_report(placed.folder)
    page = (placed.folder / "report.html").read_text("utf-8")
    assert "weights, outside the chip" in page
    assert "Arena in DTCM" in page
    lines = [
        str(block)
        for block in render_build({**placed.as_json(), "report": ""}, ASCII, 80, details=False)
    ]
    part = placed.manifest.external
    assert part is not None
    assert any(part.program in line for line in lines)
    assert any("in DTCM" in line and "'QSPI'" in line for line in lines)


def test_every_external_flash_says_how_it_is_programmed() -> None:
    assert isinstance(QSPI, ExternalFlash)
    assert "weights.hex" in QSPI.program.format(file="weights.hex")


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("memories", [["SRAM1"], ["DTCM", "SRAM2"]])
def test_two_models_in_named_memories(
    apart: bool, memories: list[str], tmp_path: Path, object_cache: Path
) -> None:
    """One behind another where their arenas lie apart, else on each other; both are exact."""
    graphs = {"wake": small_mobilenet(), "gate": expanding_network()}
    for name, graph in graphs.items():
        (tmp_path / f"{name}.tflite").write_bytes(write_model(graph))
    result = build(
        [tmp_path / f"{name}.tflite" for name in graphs],
        names=tuple(graphs),
        target=str(narrow_board(tmp_path)),
        output=tmp_path / "build",
        arena_apart=apart,
        places={"arena": memories, "weights": ["QSPI"]},
        object_cache=object_cache,
    )
    spans = {}
    for model in result.models:
        for array in model.manifest.arena:
            assert array.memory in memories
            assert array.symbol.startswith(model.manifest.name if apart else "wake")
            spans[array.symbol] = (array.address, array.address + array.bytes)
    ordered = sorted(spans.values())
    assert all(one[1] <= other[0] for one, other in itertools.pairwise(ordered))
    for name in graphs:
        executions = ("host", "board")
        assert_exact(verify(result.folder, model=name, executions=executions, count=2), result)
