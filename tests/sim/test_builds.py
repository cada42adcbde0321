"""Build folders: the same bytes everywhere, C that compiles strictly, a library on its own."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mcugen import fit
from mcugen.boards import Board, Region, load_board
from mcugen.compiler import build
from mcugen.emit import emit_model
from mcugen.errors import FitError, UsageError
from mcugen.inputs import default_inputs, model_input
from mcugen.ir import Graph
from mcugen.kernels import Choice
from mcugen.manifest import read_manifest
from mcugen.ops.registry import OPERATORS
from mcugen.sim.host import host_flags
from mcugen.staging import write_tree
from mcugen.tflite import read_model, write_model
from mcugen.verify import verify
from tests.conftest import EXAMPLE_MODEL, HostBuilder, program_of
from tests.networks import small_mobilenet
from tests.one_value import KINDS
from tests.row_networks import expanding_network

STRICT = (
    "-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Wsign-conversion", "-Wshadow", "-Wpedantic",
    "-Wstrict-prototypes", "-Wundef", "-Werror", "-fsyntax-only",
)  # fmt: skip
ARM = ("arm-none-eabi-gcc", "-mcpu=cortex-m7", "-mthumb")
BUILD_KEYS = {
    "status", "target", "arena_bytes", "arena_lower_bound", "flash_bytes", "ram_bytes",
    "weights_bytes", "code_bytes", "macs", "layers",
}  # fmt: skip
ON_BOARD = [
    kind
    for kind, operator in sorted(OPERATORS.items())
    if not operator.static and kind not in ("EXPAND_DIMS", "RESHAPE", "SQUEEZE")
]


@pytest.fixture
def small_model(tmp_path: Path) -> Path:
    path = tmp_path / "small_mobilenet.tflite"
    path.write_bytes(write_model(small_mobilenet()))
    return path


def test_two_folders_give_the_same_bytes(small_model: Path, tmp_path: Path) -> None:
    contents = []
    for folder in (tmp_path / "a", tmp_path / "elsewhere" / "much" / "deeper"):
        build(small_model, target="stm32f7", output=folder)
        contents.append(
            {
                path.relative_to(folder).as_posix(): path.read_bytes()
                for path in sorted(folder.rglob("*"))
                if path.is_file()
            }
        )
    assert contents[0].keys() == contents[1].keys()
    different = [name for name in contents[0] if contents[0][name] != contents[1][name]]
    assert not different
    assert {"firmware.elf", "firmware.bin", "firmware.hex", "firmware.map"} <= contents[0].keys()


def test_build_answers_what_others_rely_on(
    small_model: Path, tmp_path: Path, object_cache: Path
) -> None:
    folder = tmp_path / "build"
    result = build(small_model, target="stm32f7", output=folder, object_cache=object_cache)
    answer = result.as_json()
    assert answer.keys() >= BUILD_KEYS
    json.dumps(answer)
    assert answer["flash_bytes"] == (folder / "firmware.bin").stat().st_size
    assert answer["weights_bytes"] + answer["code_bytes"] == answer["flash_bytes"]  # type: ignore[operator]
    assert read_manifest(folder) == result.manifest


def test_file_name_cannot_break_the_c(
    small_model: Path, tmp_path: Path, object_cache: Path
) -> None:
    odd = small_model.rename(tmp_path / '"); * %s \\ é.tflite')
    result = build(odd, target="stm32f7", output=tmp_path / "build", object_cache=object_cache)
    assert result.manifest.model == "___ _ _s _ _"


def test_changed_file_is_noticed(small_model: Path, tmp_path: Path, object_cache: Path) -> None:
    folder = tmp_path / "build"
    build(small_model, target="stm32f7", output=folder, object_cache=object_cache)
    binary = folder / "firmware.bin"
    binary.write_bytes(binary.read_bytes() + b"\0")
    with pytest.raises(UsageError) as caught:
        verify(folder, executions=("host",))
    assert caught.value.code == "U004"
    binary.unlink()
    with pytest.raises(UsageError) as caught:
        verify(folder, executions=("host",))
    assert caught.value.code == "U003"


@pytest.mark.parametrize("kernels", ["cmsis-nn", "fast"])
@pytest.mark.parametrize("kind", ["small_mobilenet", *ON_BOARD])
def test_generated_c_compiles_strictly(kind: str, kernels: Choice, tmp_path: Path) -> None:
    graph = (
        small_mobilenet()
        if kind == "small_mobilenet"
        else OPERATORS[kind].example(np.random.default_rng(3))
    )
    program = program_of(graph, kernels=kernels)
    write_tree(tmp_path, emit_model(program))
    own = [
        str(path.relative_to(tmp_path))
        for path in tmp_path.rglob("*.c")
        if "cmsis-nn" not in path.parts
    ]
    paths = ("-Icmsis-nn/Include", "-Icmsis-nn/Core", "-I.", "-Ikernels", "-Irows")
    host = ("cc", *host_flags())
    for compiler in (host, ARM):
        done = subprocess.run(
            [*compiler, *STRICT, *paths, *own], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr


def check_under_sanitizers(graph: Graph, host_build: HostBuilder) -> None:
    _, built = host_build(graph, sanitize=True)
    inputs = default_inputs(model_input(graph), seed=1, count=8)
    assert len(built.trace([one.data for one in inputs])) == 8


@pytest.mark.parametrize(
    ("kind", "seed"),
    [(kind, seed) for kind in ON_BOARD for seed in (4, 5, 6)[: 1 if kind in KINDS else 3]],
)
def test_single_operators_under_sanitizers(kind: str, seed: int, host_build: HostBuilder) -> None:
    check_under_sanitizers(OPERATORS[kind].example(np.random.default_rng(seed)), host_build)


def test_networks_under_sanitizers(host_build: HostBuilder) -> None:
    check_under_sanitizers(small_mobilenet(), host_build)
    check_under_sanitizers(read_model(EXAMPLE_MODEL), host_build)


def test_library_builds_with_its_own_cmake_file(
    small_model: Path, tmp_path: Path, object_cache: Path
) -> None:
    folder = tmp_path / "build"
    build(small_model, target="stm32f7", output=folder, object_cache=object_cache)
    project = tmp_path / "project"
    shutil.copytree(folder / "model", project / "model")
    (project / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.13)\nproject(app C)\n"
        "add_compile_options(-Wall -Wextra -Wconversion -Wsign-conversion -Werror)\n"
        "add_subdirectory(model)\n"
        "add_executable(app main.c)\ntarget_link_libraries(app model)\n"
    )
    (project / "main.c").write_text(
        '#include "model.h"\nint main(void) { return model_run(0, 0); }\n'
    )
    for command in (["cmake", "-B", "out", "-S", "."], ["cmake", "--build", "out"], ["out/app"]):
        done = subprocess.run(command, cwd=project, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_too_little_ram_is_a_table() -> None:
    program = program_of(small_mobilenet())
    board = load_board("stm32f7")
    kept = board.ram.size - board.arena_limit

    def with_arena(limit: int) -> Board:
        ram = Region("RAM", board.ram.base, kept + limit)
        return replace(
            board, memory=(ram,), application=replace(board.application, ram=(ram.name,))
        )

    fit.check(program, with_arena(program.plan.arena_bytes))
    with pytest.raises(FitError) as caught:
        fit.check(program, with_arena(program.plan.arena_bytes - 1))
    error = caught.value
    assert error.code == "F001"
    assert error.exit_status == 1
    assert "layer 2 `pw_1` binds" in error.where
    assert len(error.details) == 6


def test_too_little_ram_for_any_rows_is_a_table_of_rows(tmp_path: Path) -> None:
    """What binds is a run of layers, and an arena that was asked for has an error of its own."""
    program = program_of(expanding_network(), arena="least")
    least = program.plan.arena_bytes
    board = load_board("stm32f7")
    fit.check(program, board, least)
    with pytest.raises(FitError) as caught:
        fit.check(program, board, least - 1)
    error = caught.value
    assert (error.code, error.exit_status) == ("F003", 1)
    assert "layers 0 `conv_2d` to 2 `conv_2d_2`, a row at a time, binds" in error.where
    assert error.details[1].startswith("0 conv_2d to 2 conv_2d_2, a row at a time")
    assert f"--arena {least}" in error.hint
    model = tmp_path / "expanding.tflite"
    model.write_bytes(write_model(expanding_network()))
    with pytest.raises(FitError) as caught:
        build(model, target="stm32f7", output=tmp_path / "build", arena=least - 4)
    assert caught.value.code == "F003"
    assert not (tmp_path / "build").exists()


def test_too_little_flash_is_refused() -> None:
    program = program_of(small_mobilenet())
    board = load_board("stm32f7")
    small = replace(board, flash=replace(board.flash, size=0x8000 + 100))
    with pytest.raises(FitError) as caught:
        fit.check(program, small)
    assert caught.value.code == "F002"
