"""`verify --elf`: the library in a program of somebody's own, found, entered, compared, watched."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from mcugen.boards import load_board
from mcugen.cli import main
from mcugen.compiler import build
from mcugen.errors import DeviceError, DifferenceError, UsageError
from mcugen.flash.port import SerialPort
from mcugen.image import read_image
from mcugen.linked import read_program
from mcugen.manifest import read_manifest
from mcugen.sim.board import VirtualBoard
from mcugen.sim.flash_memory import FlashMemory
from mcugen.sim.own_library import changed_constants, find_library
from mcugen.sim.own_program import OwnProgram
from mcugen.tflite import write_model
from mcugen.verify import verify
from mcugen.verify.own import look_into
from tests.lines import on_pseudo_terminal
from tests.networks import small_mobilenet
from tests.own_firmware import BOARD, OwnFirmware, build_own, raw_binary, script

LIMIT = 100_000_000


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, object_cache: Path) -> OwnFirmware:
    return build_own(tmp_path_factory.mktemp("own"), small_mobilenet(), object_cache)


@pytest.fixture(scope="module")
def elf(own: OwnFirmware, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return own.link(tmp_path_factory.mktemp("elf") / "app")


def refused(own: OwnFirmware, elf: Path) -> UsageError:
    with pytest.raises(UsageError) as caught:
        look_into(own.folder, read_manifest(own.folder), elf)
    assert caught.value.hint
    return caught.value


def test_a_firmware_written_by_hand_is_exact(own: OwnFirmware, elf: Path) -> None:
    places = read_image(own.folder / "firmware.elf").symbols, read_program(elf).names.symbols
    arena, weights = places[1]["model_arena"], places[1]["model_conv_0_weights"]
    assert arena.address in range(0x2000_0000, 0x2001_0000)
    assert weights.address in range(0x0808_0000, 0x0810_0000)
    assert weights.address != places[0]["model_conv_0_weights"].address
    report = verify(own.folder, executions=("board",), elf=elf, count=2)
    assert report.error is None
    by_names = {(pair.a, pair.b): pair for pair in report.pairs}
    assert by_names["reference", "elf"].by == "values"
    assert by_names["reference", "elf"].mismatches == 0
    assert report.stray_writes == ()
    assert report.stack_bytes is not None
    assert 0 < report.stack_bytes < 1000
    answer = report.as_json()
    assert answer["elf"]["changed"] == []
    assert Path(answer["elf"]["file"]) == elf


def test_instructions_are_the_models_alone(own: OwnFirmware, elf: Path) -> None:
    """What the same code takes on mcugen's firmware, where the console is around it."""
    alone = verify(own.folder, executions=(), elf=elf, count=1).instructions
    around = verify(own.folder, executions=("board",), count=1).instructions
    assert len(alone) == len(around)
    for mine, theirs in zip(alone, around, strict=True):
        assert 0 < mine < theirs


@pytest.mark.parametrize("stream_input", [False, True])
def test_by_rows_and_as_they_come(stream_input: bool, tmp_path: Path, object_cache: Path) -> None:
    own = build_own(
        tmp_path / "own",
        small_mobilenet(),
        object_cache,
        arena="least",
        stream_input=stream_input,
    )
    report = verify(own.folder, executions=(), elf=own.link(tmp_path / "app"), count=2)
    assert report.error is None
    assert report.stray_writes == ()
    assert min(report.instructions) > 0


def test_code_that_runs_from_ram(own: OwnFirmware, tmp_path: Path) -> None:
    moved = script(ram_code="*(.text*)", rom_code="*startup*(.text*)", ram="ITCM")
    elf = own.link(tmp_path / "app", script=moved)
    assert read_program(elf).names.symbols["model_output"].address < 0x4000
    report = verify(own.folder, executions=(), elf=elf, count=1)
    assert report.error is None
    assert min(report.instructions) > 0


def with_weight(text: str) -> str:
    """The first number of the last weights is another one."""
    return re.sub(r"(_weights\[\d+\] = \{\s+)(-?\d+),(?![\s\S]*_weights\[)", other_number, text)


def other_number(found: re.Match[str]) -> str:
    return f"{found[1]}{-int(found[2]) if int(found[2]) else 1},"


def test_a_broken_weight_is_named_by_its_layer(own: OwnFirmware, tmp_path: Path) -> None:
    elf = own.link(tmp_path / "app", change={"model/model_weights.c": with_weight})
    report = verify(own.folder, executions=(), elf=elf)
    error = report.error
    assert isinstance(error, DifferenceError)
    assert error.code == "V001"
    (changed,) = report.as_json()["elf"]["changed"]
    layer = re.match(r"`model_(\w+)_weights` is not what was built: byte 0 ", changed)
    assert layer is not None
    assert f"`{layer[1]}`" in error.what
    assert changed in error.details
    assert (
        error.hint == f"rerun with `--dump-layer {report.as_json()['first_difference']['layer']}`"
    )


def test_a_constant_that_no_input_shows_is_no_yes(own: OwnFirmware, elf: Path) -> None:
    report = replace(
        verify(own.folder, executions=(), elf=elf, count=1),
        own=replace(look_into(own.folder, read_manifest(own.folder), elf), changed=("`a` is not",)),
    )
    assert report.error is not None
    assert (report.error.code, report.error.where) == ("V004", "`a` is not")


def with_stray_store(text: str) -> str:
    """Layer 1 writes to a variable of the application, too."""
    bodies = list(re.finditer(r"static int run_\w+\(void\)\n\{\n", text))
    at = bodies[1].end()
    store = "    extern volatile uint32_t turns;\n    turns = 7;\n"
    return text[:at] + store + text[at:]


def test_a_stray_store_is_named(own: OwnFirmware, tmp_path: Path) -> None:
    elf = own.link(
        tmp_path / "app",
        change={
            "model/model.c": with_stray_store,
            "loop.c": lambda text: text.replace("static volatile", "volatile"),
        },
    )
    report = verify(own.folder, executions=(), elf=elf, count=1)
    assert report.error is not None
    assert report.error.code == "V002"
    assert "turns" in report.error.where
    assert report.error.where.startswith("layer 1 ")


def test_a_crash_is_named(own: OwnFirmware, tmp_path: Path) -> None:
    def with_wild_store(text: str) -> str:
        return with_stray_store(text).replace("turns = 7", "*(volatile int *)0xA0000000u = 7")

    elf = own.link(tmp_path / "app", change={"model/model.c": with_wild_store})
    with pytest.raises(DeviceError, match="stores to 0xa0000000") as caught:
        verify(own.folder, executions=(), elf=elf, count=1)
    assert caught.value.code == "D003"
    assert "run_" in caught.value.where


def test_a_program_that_is_not_one(own: OwnFirmware, elf: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="U001"):
        read_program(tmp_path / "nothing.elf")
    text = tmp_path / "text.elf"
    text.write_text("not a program")
    assert (refused(own, text).code, "not an ELF file" in refused(own, text).what) == ("U009", True)
    here = shutil.which("true")
    assert here is not None
    assert "32-bit cores" in refused(own, Path(here).resolve()).what
    (unlinked,) = elf.parent.glob("objects/loop.c.o")
    assert "not a linked program" in refused(own, unlinked).what


@pytest.mark.parametrize("seed", range(3))
def test_a_damaged_file_is_an_error(own: OwnFirmware, elf: Path, tmp_path: Path, seed: int) -> None:
    """Whatever is wrong: a program that can be run, or an error of mcugen."""
    rng, good = random.Random(seed), elf.read_bytes()
    header = int.from_bytes(good[32:36], "little")  # of the sections
    built, manifest = read_image(own.folder / "firmware.elf"), read_manifest(own.folder)
    refusals = 0
    for number in range(40):
        damaged = bytearray(good)
        for _ in range(rng.randint(1, 8)):
            at = rng.choice([rng.randrange(52), rng.randrange(header, len(good)), 0])
            damaged[at or rng.randrange(len(good))] = rng.randrange(256)
        path = tmp_path / f"{number}.elf"
        path.write_bytes(bytes(damaged[: rng.choice([len(good), rng.randrange(len(good))])]))
        try:
            program = read_program(path)
            library = find_library(program, built, manifest)
            changed_constants(program, built, manifest)
            OwnProgram(load_board(BOARD), program, library, manifest, LIMIT)
        except UsageError:
            refusals += 1
    assert 0 < refusals < 40


def test_a_section_that_the_file_does_not_hold(own: OwnFirmware, elf: Path, tmp_path: Path) -> None:
    """The largest section's header says more bytes than follow in the file."""
    cut = bytearray(elf.read_bytes())
    headers = int.from_bytes(cut[32:36], "little")
    with elf.open("rb") as stream:
        names = [section.name for section in ELFFile(stream).iter_sections()]
    size = headers + 40 * names.index(".weights") + 20
    cut[size : size + 4] = len(cut).to_bytes(4, "little")
    path = tmp_path / "cut.elf"
    path.write_bytes(bytes(cut))
    error = refused(own, path)
    assert (error.code, "`.weights` goes beyond" in error.what) == ("U009", True)


def test_a_stripped_program(own: OwnFirmware, elf: Path, tmp_path: Path) -> None:
    stripped = tmp_path / "stripped.elf"
    subprocess.run(["arm-none-eabi-strip", "-o", stripped, elf], check=True)
    error = refused(own, stripped)
    assert (error.code, "no symbols" in error.what) == ("U010", True)


def test_the_library_of_another_build(own: OwnFirmware, tmp_path: Path, object_cache: Path) -> None:
    other = build_own(tmp_path / "other", small_mobilenet(), object_cache, arena="least")
    error = refused(own, other.link(tmp_path / "app"))
    assert (error.code, "of another build" in error.what) == ("U010", True)
    digest = re.search(
        r"model_run_(\w{12})", (other.folder / "model" / "model.h").read_text(encoding="utf-8")
    )
    assert digest is not None
    assert digest[1] in error.where


def without_the_model(text: str) -> str:
    return re.sub(r"mcugen_console_\w+\(.*\);", "", text)


def test_what_nothing_calls_was_removed(own: OwnFirmware, tmp_path: Path) -> None:
    nothing = own.link(tmp_path / "nothing", change={"loop.c": without_the_model})
    assert "there is no library `model`" in refused(own, nothing).what

    def only_the_output(text: str) -> str:
        declared = "extern const int8_t *model_output(void);\nstatic volatile"
        asked = without_the_model(text).replace("turns++", "turns += *model_output()")
        return asked.replace("static volatile", declared, 1)

    error = refused(own, own.link(tmp_path / "app", change={"loop.c": only_the_output}))
    assert "has no function `model_run_" in error.what
    assert "-Wl,--undefined=model_run_" in error.hint


def calls_directly(text: str) -> str:
    """The program runs the model without the console and without a hook."""
    called = (
        "model_input()[0] = (int8_t)turns;\n        turns += (uint32_t)model_run(NULL, NULL)"
        " + (uint32_t)model_output()[0];"
    )
    changed = without_the_model(text).replace("own_work();", called)
    return changed.replace(
        '#include "board.h"', '#include <stddef.h>\n#include "board.h"\n#include "model.h"'
    )


def test_link_time_optimisation_that_lost_a_function(own: OwnFirmware, tmp_path: Path) -> None:
    elf = own.link(
        tmp_path / "app",
        flags=("-flto",),
        link_flags=("-flto", "-O2"),
        change={"loop.c": calls_directly},
    )
    error = refused(own, elf)
    assert error.code == "U010"
    assert "-fno-lto" in error.hint


def test_link_time_optimisation_that_loses_nothing(own: OwnFirmware, tmp_path: Path) -> None:
    """Through the console's table the functions stay; the arena gets another name."""
    elf = own.link(tmp_path / "app", flags=("-flto",), link_flags=("-flto", "-O2"))
    report = verify(own.folder, executions=(), elf=elf, count=1)
    assert report.error is None


def test_a_static_that_was_given_a_number(own: OwnFirmware, elf: Path, tmp_path: Path) -> None:
    """As link-time optimisation does where two files have a static of one name."""
    renamed = tmp_path / "renamed.elf"
    names = "model_arena=model_arena.lto_priv.0"
    subprocess.run(["arm-none-eabi-objcopy", "--redefine-sym", names, elf, renamed], check=True)
    assert "model_arena" not in read_program(renamed).names.symbols
    assert verify(own.folder, executions=(), elf=renamed, count=1).error is None


def test_memory_that_the_board_has_not(own: OwnFirmware, tmp_path: Path) -> None:
    elsewhere = script().replace("ORIGIN = 0x20010000", "ORIGIN = 0x24000000")
    error = refused(own, own.link(tmp_path / "app", script=elsewhere))
    assert (error.code, "0x24000" in error.what) == ("U009", True)
    assert any("SRAM1" in line for line in error.details)


FULL = """
    .fill_itcm (NOLOAD) : { . += 15K + 512; } > ITCM
    .fill_dtcm (NOLOAD) : { . += 64K - 512 - SIZEOF(.arena); } > DTCM
    sram_used = ADDR(.stack) + SIZEOF(.stack);
    .fill_sram (NOLOAD) : { . += ORIGIN(SRAM) + LENGTH(SRAM) - sram_used - 512; } > SRAM
    .fill_sram2 (NOLOAD) : { . += 15K + 512; } > SRAM2
}
"""


def test_a_program_that_leaves_no_room(own: OwnFirmware, tmp_path: Path) -> None:
    roomy = script().replace(
        "MEMORY\n{", "MEMORY\n{\n    SRAM2 : ORIGIN = 0x2004C000, LENGTH = 16K"
    )
    full = roomy.rstrip().removesuffix("}") + FULL
    error = refused(own, own.link(tmp_path / "app", script=full))
    assert (error.code, "1,024 bytes of RAM" in error.what) == ("U009", True)


@pytest.mark.parametrize("board", ["nucleo-h743zi", "nucleo-l4r5zi"])
def test_any_board(board: str, tmp_path: Path, object_cache: Path) -> None:
    """No peripheral is needed, so boards will do that the virtual board cannot boot."""
    own = build_own(tmp_path / "own", small_mobilenet(), object_cache, board=board)
    report = verify(own.folder, executions=(), elf=own.folder / "firmware.elf", count=1)
    assert report.error is None
    assert report.as_json()["elf"]["changed"] == []


@pytest.mark.parametrize("stream_input", [False, True])
def test_an_arena_of_the_callers(stream_input: bool, tmp_path: Path, object_cache: Path) -> None:
    """The library has none: it gets one in RAM that the program leaves free."""
    own = build_own(
        tmp_path / "own",
        small_mobilenet(),
        object_cache,
        arena="least",
        stream_input=stream_input,
    )

    def with_an_arena(text: str) -> str:
        given = (
            "    static _Alignas(MODEL_ARENA_ALIGNMENT) int8_t own[MODEL_ARENA_BYTES];\n"
            "    (void)model_set_arena(own);\n    board_start();"
        )
        return text.replace("    board_start();", given).replace(
            '#include "board.h"', '#include "board.h"\n#include "model.h"'
        )

    elf = own.link(
        tmp_path / "app", flags=("-DMODEL_CALLER_ARENA",), change={"loop.c": with_an_arena}
    )
    report = verify(own.folder, executions=(), elf=elf, count=2)
    assert report.error is None
    assert report.stray_writes == ()


def test_weights_outside_the_chip_and_an_arena_in_two_memories(
    tmp_path: Path, object_cache: Path
) -> None:
    own = build_own(
        tmp_path / "own",
        small_mobilenet(),
        object_cache,
        board="stm32f746g-disco",
        places={"arena": ["DTCM", "SRAM1"], "weights": ["QSPI"]},
    )
    manifest = read_manifest(own.folder)
    assert manifest.external is not None
    report = verify(own.folder, executions=(), elf=own.folder / "firmware.elf", count=1)
    assert report.error is None
    assert report.as_json()["elf"]["changed"] == []


def test_two_libraries_in_one_program(tmp_path: Path, object_cache: Path) -> None:
    model = tmp_path / "model.tflite"
    model.write_bytes(write_model(small_mobilenet()))
    folder = tmp_path / "build"
    build([model, model], names=["wake", "gate"], target=BOARD, output=folder)
    for name in ("wake", "gate"):
        report = verify(folder, model=name, executions=(), elf=folder / "firmware.elf", count=1)
        assert report.error is None


def test_the_same_firmware_over_a_port(own: OwnFirmware, elf: Path) -> None:
    board = load_board(BOARD)
    flash = FlashMemory(board.flash)
    flash.put(board.flash.base, raw_binary(elf))
    with on_pseudo_terminal(VirtualBoard(board, None, flash=flash)) as path:
        report = verify(own.folder, executions=(), open_port=lambda: SerialPort(path), count=2)
    assert report.error is None
    assert report.as_json()["port_board"] == "doorbell, revision B"


def test_the_command(own: OwnFirmware, elf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(own.folder), "--elf", str(elf), "--count", "1"]) == 0
    said = capsys.readouterr().out
    assert f"elf           {elf}, SHA-256 " in said
    assert "equal: reference = elf in every value" in said
