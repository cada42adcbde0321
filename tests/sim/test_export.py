"""`mcugen export`: every folder compiled as its build system would, or held against its rules."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

import mcugen
from mcugen import api
from mcugen.boards import load_board
from mcugen.cli import main
from mcugen.compiler import build
from mcugen.errors import UsageError
from mcugen.exporting import FLAVOURS, export
from mcugen.exporting.run import MARK
from mcugen.exporting.sources import Sources
from mcugen.manifest import read_manifest
from mcugen.tflite import write_model
from mcugen.toolchain import Compiler, Unit
from tests.conftest import TESTS
from tests.networks import small_mobilenet

EXAMPLES = TESTS.parent / "examples"
BOARD = load_board("stm32f7")
MAIN = '#include "{name}.h"\nint main(void) {{ return {name}_run(0, 0); }}\n'


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, object_cache: Path) -> Path:
    folder = tmp_path_factory.mktemp("export")
    model = folder / "small.tflite"
    model.write_bytes(write_model(small_mobilenet()))
    build(model, target="stm32f7", output=folder / "build", object_cache=object_cache)
    return folder / "build"


@pytest.fixture(scope="module")
def two(built: Path, object_cache: Path) -> Path:
    """A build of two libraries that share kernels."""
    model = built.parent / "small.tflite"
    output = built.parent / "two"
    build(
        [model, model],
        names=["wake", "gate"],
        target="stm32f7",
        output=output,
        object_cache=object_cache,
    )
    return output


def compile_c(
    folder: Path, work: Path, cache: Path, *, include: str, flags: tuple[str, ...] = ()
) -> tuple[Path, ...]:
    """Every C file below ``folder``, with one include path."""
    compiled = (*BOARD.cpu_flags, "-ffunction-sections", "-fdata-sections", *flags, f"-I{include}")
    compiler = Compiler("arm-none-eabi-gcc", compiled, cache)
    paths = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.c"))
    return compiler.compile(folder, [Unit(path) for path in paths], work)


def link(objects: tuple[Path, ...], name: str, work: Path, include: Path) -> None:
    """With a main that runs the model: nothing is missing, nothing is there twice."""
    main_c = work / "main.c"
    main_c.write_text(MAIN.format(name=name))
    subprocess.run(
        [
            *("arm-none-eabi-gcc", *BOARD.cpu_flags, f"-I{include}", "--specs=nosys.specs"),
            *(main_c, *objects, "-o", work / "app.elf", "-lm"),
        ],
        check=True,
        capture_output=True,
    )


def whole(folder: Path, build_folder: Path, flavour: str) -> Path:
    """Exports, and sees to what every flavour has."""
    output = folder / flavour
    result = export(build_folder, flavour=flavour, output=output)
    assert sorted(result.files) == sorted(
        path.relative_to(output).as_posix() for path in output.rglob("*") if path.is_file()
    )
    manifest = read_manifest(build_folder)
    given = json.loads((output / MARK).read_text())
    assert (given["as"], given["model_sha256"]) == (flavour, manifest.model_sha256)
    notices = (output / "NOTICES.txt").read_text()
    (cmsis,) = (one for one in manifest.backends if one.name == "CMSIS-NN")
    for path in cmsis.files:
        if path.endswith((".c", ".h")) and "mcugen" not in path:
            assert path.rpartition("/")[2] in notices
            (copy,) = output.rglob(path.rpartition("/")[2])
            assert "SPDX-License-Identifier: Apache-2.0" in copy.read_text()
    licences = [*output.rglob("LICENSE*.txt")]
    assert len(licences) == 1
    assert "Apache License" in licences[0].read_text()
    return output


def test_cmake(built: Path, tmp_path: Path) -> None:
    """On this machine, with the example's main, and run."""
    folder = whole(tmp_path, built, "cmake")
    (tmp_path / "main.c").write_text((EXAMPLES / "own_project" / "main.c").read_text())
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.13)\nproject(app C)\n"
        f"add_subdirectory({folder} exported)\nadd_executable(app main.c)\n"
        "target_link_libraries(app PRIVATE model_console)\n"
    )
    for command in (["cmake", "-S", ".", "-B", "out"], ["cmake", "--build", "out"], ["out/app"]):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    assert re.fullmatch(r"small: class \d with -?\d+\n", done.stdout)


@pytest.mark.parametrize("builds", ["built", "two"])
def test_flat(
    builds: str, tmp_path: Path, object_cache: Path, request: pytest.FixtureRequest
) -> None:
    build_folder = request.getfixturevalue(builds)
    folder = whole(tmp_path, build_folder, "flat")
    assert not [path for path in folder.iterdir() if path.is_dir()]
    objects = compile_c(folder, tmp_path / "objects", object_cache, include=".", flags=("-O2",))
    for name in read_manifest(build_folder).models:
        link(objects, name, tmp_path, folder)


def test_one_folder_has_no_folders_in_its_includes() -> None:
    """Later releases of CMSIS-NN name a folder."""
    tree = {
        "model/cmsis-nn/Include/Internal/compiler.h": "",
        "model/cmsis-nn/Source/one.c": '#  include "Internal/compiler.h"\n#include <sys/x.h>\n',
    }
    flat = Sources(tree, ("model",)).flat()
    assert flat["one.c"] == '#  include "compiler.h"\n#include <sys/x.h>\n'


def test_two_files_that_would_be_one() -> None:
    tree = {"model/a/one.c": "int a;", "model/b/one.c": "int b;"}
    with pytest.raises(UsageError, match="U006") as caught:
        Sources(tree, ("model",)).flat()
    assert "one.c" in caught.value.what


# https://docs.arduino.cc/arduino-cli/library-specification/
REQUIRED = ("name", "version", "author", "maintainer", "sentence", "paragraph", "category", "url")
CATEGORIES = ("Data Processing",)

ARDUINO_H = """
#include <stdint.h>
#include <stddef.h>
#define F_CPU 16000000u
struct Line { void begin(long); size_t write(uint8_t); int read(); void flush(); };
extern Line Serial;
"""


def test_arduino(built: Path, tmp_path: Path, object_cache: Path) -> None:
    """src is compiled recursively with -Os by a core of its own; a sketch is C++."""
    folder = whole(tmp_path, built, "arduino")
    lines = (folder / "library.properties").read_text().splitlines()
    properties = dict(line.split("=", 1) for line in lines)
    assert len(properties) == len(lines)
    assert {*REQUIRED, "architectures", "includes"} == set(properties)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,62}", properties["name"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", properties["version"])
    assert properties["category"] in CATEGORIES
    assert (folder / "src" / properties["includes"]).is_file()
    assert {path.parent.name for path in folder.rglob("*.[ch]")} == {"src"}
    flags = ("-Os", "-std=gnu11")
    objects = compile_c(folder / "src", tmp_path / "o", object_cache, include=".", flags=flags)
    link(objects, "model", tmp_path, folder / "src")
    (tmp_path / "Arduino.h").write_text(ARDUINO_H)
    for sketch in folder.glob("examples/*/*.ino"):
        assert sketch.parent.name == sketch.stem
        subprocess.run(
            [
                *("arm-none-eabi-g++", *BOARD.cpu_flags, "-std=gnu++14", "-fsyntax-only"),
                *("-Wall", "-Wextra", "-Werror", f"-I{folder / 'src'}"),
                *("-include", tmp_path / "Arduino.h", "-x", "c++", sketch),
            ],
            check=True,
        )


# https://docs.platformio.org/en/latest/manifests/library-json/
KEYS = {
    *("name", "version", "description", "keywords", "authors", "license", "frameworks"),
    *("platforms", "headers", "build"),
}
BUILD_KEYS = {"srcDir", "includeDir", "flags"}


def test_platformio(built: Path, tmp_path: Path, object_cache: Path) -> None:
    folder = whole(tmp_path, built, "platformio")
    described = json.loads((folder / "library.json").read_text())
    assert set(described) <= KEYS
    assert set(described["build"]) <= BUILD_KEYS
    assert re.fullmatch(r"[^/\\:?\"<>|]{1,100}", described["name"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", described["version"])
    source = folder / described["build"]["srcDir"]
    assert all((source / header).is_file() for header in described["headers"])
    flags = tuple(described["build"]["flags"])
    objects = compile_c(source, tmp_path / "objects", object_cache, include=".", flags=flags)
    link(objects, "model", tmp_path, source)


ZEPHYR = """
cmake_minimum_required(VERSION 3.20)
project(zephyr C)
set(interface "")
function(zephyr_include_directories)
    include_directories(${ARGV})
    set_property(GLOBAL APPEND PROPERTY interface ${ARGV})
endfunction()
macro(zephyr_library_named name)
    set(current ${name})
    add_library(${name} STATIC)
    get_property(seen GLOBAL PROPERTY interface)
    target_include_directories(${name} PUBLIC ${seen})
endmacro()
macro(zephyr_library_include_directories)
    target_include_directories(${current} PRIVATE ${ARGV})
endmacro()
macro(zephyr_library_compile_options)
    target_compile_options(${current} PRIVATE ${ARGV})
endmacro()
macro(zephyr_library_sources)
    target_sources(${current} PRIVATE ${ARGV})
endmacro()
macro(zephyr_library_sources_ifdef option)
    if(${option})
        target_sources(${current} PRIVATE ${ARGN})
    endif()
endmacro()
"""
"""What these functions of Zephyr's CMake do, as far as a library sees it."""


MODULE = "name: mcugen_model\nbuild:\n  cmake: zephyr\n  kconfig: zephyr/Kconfig\n"
"""https://docs.zephyrproject.org/latest/develop/modules.html"""


@pytest.mark.parametrize("console", ["OFF", "ON"])
def test_zephyr(built: Path, tmp_path: Path, console: str) -> None:
    folder = whole(tmp_path, built, "zephyr")
    assert (folder / "zephyr" / "module.yml").read_text() == MODULE
    options = re.findall(
        r"^config (\w+)\n\tbool \"[^\"\n]+\"\n(?:\tdepends on \w+\n)?\thelp\n(?:\t  .+\n)+",
        (folder / "zephyr" / "Kconfig").read_text(),
        re.MULTILINE,
    )
    assert options == ["MCUGEN_MODEL", "MCUGEN_MODEL_CONSOLE"]
    assert {path.name for path in (folder / "include").iterdir()} == {
        *("model.h", "mcugen_console.h", "mcugen_models.h", "mcugen_model.h", "mcugen_counts.h")
    }
    used = "mcugen_console_poll" if console == "ON" else "model_output"
    header = "mcugen_console.h" if console == "ON" else "model.h"
    (tmp_path / "main.c").write_text(
        f'#include "{header}"\n#include "model.h"\n'
        f"int main(void) {{ {used}(); return model_run(0, 0); }}\n"
    )
    (tmp_path / "CMakeLists.txt").write_text(
        f"{ZEPHYR}set(CONFIG_MCUGEN_MODEL ON)\nset(CONFIG_MCUGEN_MODEL_CONSOLE {console})\n"
        f"add_subdirectory({folder / 'zephyr'} module)\nadd_executable(app main.c)\n"
        "target_link_libraries(app PRIVATE mcugen_model m)\n"
        "target_link_options(app PRIVATE --specs=nosys.specs)\n"
    )
    toolchain = f"-DCMAKE_TOOLCHAIN_FILE={EXAMPLES / 'own_project' / 'cortex-m7.cmake'}"
    startless = "-DCMAKE_EXE_LINKER_FLAGS=-mcpu=cortex-m7 -mthumb"
    for command in (
        ["cmake", "-S", ".", "-B", "out", toolchain, startless],
        ["cmake", "--build", "out"],
    ):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_cubeide(built: Path, tmp_path: Path, object_cache: Path) -> None:
    """One include path, which hides nothing of the HAL's; names that a makefile can hold."""
    folder = whole(tmp_path, built, "cubeide")
    assert not [path.name for path in (folder / "Inc").iterdir() if path.name.startswith("cmsis")]
    for path in folder.rglob("*"):
        assert re.fullmatch(r"[A-Za-z0-9_.-]+", path.name)
    assert len({path.stem for path in folder.rglob("*.c")}) == len([*folder.rglob("*.c")])
    flags = ("-O2", "-std=gnu11", "-g3", "-ffunction-sections")
    objects = compile_c(
        folder / "Src", tmp_path / "objects", object_cache, include="../Inc", flags=flags
    )
    link(objects, "model", tmp_path, folder / "Inc")


def test_an_export_is_replaced_and_nothing_else(built: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    export(built, flavour="flat", output=output)
    export(built, flavour="arduino", output=output)
    assert (output / "library.properties").is_file()
    assert not (output / "model.c").exists()
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "notes.txt").write_text("precious")
    with pytest.raises(UsageError, match="U005"):
        export(built, flavour="flat", output=mine)
    assert [path.name for path in mine.iterdir()] == ["notes.txt"]


def test_what_is_refused(built: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="U006") as caught:
        export(built, flavour="keil", output=tmp_path / "out")
    assert "arduino" in caught.value.hint
    with pytest.raises(UsageError, match="U003"):
        export(tmp_path, flavour="flat", output=tmp_path / "out")


def test_the_command(built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "out"
    assert main(["export", str(built), "--as", "zephyr", "-o", str(output)]) == 0
    said = capsys.readouterr().out
    assert "CONFIG_MCUGEN_MODEL=y" in said
    assert "Zephyr was not tried" in said
    assert main(["export", str(built), "--as", "flat", "-o", str(output), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["command"], answer["as"], answer["status"]) == ("export", "flat", "ok")
    assert "model.c" in answer["files"]


def test_python(built: Path, tmp_path: Path) -> None:
    result = api.export(built, flavour="cmake", output=str(tmp_path / "out"))
    assert result.folder == tmp_path / "out"
    assert mcugen.export is api.export


def test_command_and_package_know_the_same_flavours() -> None:
    from mcugen.cli.export import _FLAVOURS

    assert set(_FLAVOURS) == set(FLAVOURS)
