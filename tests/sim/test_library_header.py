"""What ``model.h`` offers besides: constants, real numbers in and out, and one build only."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from mcugen.compiler import build
from mcugen.emit import emit_model
from mcugen.image import read_image
from mcugen.inputs import load_input, model_input
from mcugen.ir import DType, Graph, Quant
from mcugen.ops import examples
from mcugen.ops.base import NoAttrs
from mcugen.sim.host import host_flags
from mcugen.staging import write_tree
from mcugen.tflite import write_model
from mcugen.toolchain import Compiler, Unit
from tests.conftest import program_of
from tests.networks import small_mobilenet

SCALE, ZERO_POINT = float(np.float32(0.0371)), -7


def requantising(dtype: DType, zero_point: int) -> Graph:
    """8-bit numbers in, int8 numbers out."""
    return examples.single(
        "QUANTIZE",
        NoAttrs(),
        (examples.variable("input", (1, 8), Quant((SCALE,), (zero_point,)), dtype),),
        examples.variable("output", (1, 8), Quant((0.5,), (3,))),
    )


def library(graph: Graph, folder: Path) -> Path:
    program = program_of(graph)
    write_tree(folder, emit_model(program))
    return folder


def compiler_for(folder: Path) -> Compiler:
    includes = sorted({path.parent.relative_to(folder) for path in folder.rglob("*.h")})
    return Compiler("cc", (*host_flags(), "-w", *(f"-I{include}" for include in includes)))


def archive(folder: Path, name: str) -> Path:
    """The library as ``lib<name>.a``, for this machine."""
    sources = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.c"))
    units = [Unit(source) for source in sources]
    objects = compiler_for(folder).compile(folder, units, folder / "objects")
    made = folder / f"lib{name}.a"
    subprocess.run(["ar", "rcs", str(made), *map(str, objects)], check=True)
    return made


def run(folder: Path, program: str, *archives: Path) -> subprocess.CompletedProcess[str]:
    """Compiles ``program`` against the header in ``folder``, links it with archives, runs it."""
    source, executable = folder / "main.c", folder / "main"
    source.write_text(program)
    built = subprocess.run(
        ["cc", "-std=c11", "-Wall", "-Wextra", "-Werror", f"-I{folder}", str(source)]
        + [str(path) for path in (*archives, "-o", executable)],
        capture_output=True,
        text=True,
    )
    source.unlink()
    if built.returncode != 0:
        return built
    return subprocess.run([str(executable)], capture_output=True, text=True)


RUNS_THE_MODEL = '#include "model.h"\nint main(void) { return model_run(0, 0); }\n'


@pytest.fixture(scope="module")
def two_builds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Path]]:
    """Folder and archive of two libraries with the same names of layers."""
    builds = {}
    for name, zero_point in (("one", ZERO_POINT), ("two", ZERO_POINT + 1)):
        folder = library(requantising(DType.INT8, zero_point), tmp_path_factory.mktemp(name))
        builds[name] = (folder, archive(folder, name))
    return builds


@pytest.mark.parametrize("first", ["one", "two"])
def test_a_header_links_with_its_own_library_only(
    two_builds: dict[str, tuple[Path, Path]], first: str
) -> None:
    second = {"one": "two", "two": "one"}[first]
    header, own = two_builds[first]
    other = two_builds[second][1]
    assert run(header, RUNS_THE_MODEL, own).returncode == 0
    wrong = run(header, RUNS_THE_MODEL, other)
    assert wrong.returncode != 0
    assert "undefined reference to `model_run_" in wrong.stderr


def test_two_libraries_in_one_program_do_not_link(
    two_builds: dict[str, tuple[Path, Path]], tmp_path: Path
) -> None:
    """Each file with the header of its own library: names would be taken from either."""
    objects = []
    for name, (folder, _) in two_builds.items():
        source = tmp_path / f"{name}.c"
        source.write_text(
            '#include "model.h"\n'
            f"int run_{name}(void);\nint run_{name}(void) {{ return model_run(0, 0); }}\n"
        )
        objects += compiler_for(folder).compile(
            tmp_path, [Unit(source.name, (f"-I{folder}",))], tmp_path
        )
    (tmp_path / "main.c").write_text(
        "int run_one(void);\nint run_two(void);\nint main(void) { return run_one() + run_two(); }\n"
    )
    archives = [str(archive) for _, archive in two_builds.values()]
    for order in (archives, archives[::-1]):
        linked = subprocess.run(
            ["cc", str(tmp_path / "main.c"), *map(str, objects), *order, "-o", str(tmp_path / "a")],
            capture_output=True,
            text=True,
        )
        assert linked.returncode != 0
        assert "multiple definition of `model_input'" in linked.stderr


NUMBERS = """
#include <stdio.h>
#include "model.h"
int main(void)
{
    float real;
    while (scanf("%f", &real) == 1) {
        const int quantised = model_quantize(real);
        printf("%d %.9g\\n", quantised, (double)model_dequantize((int8_t)quantised));
    }
    return 0;
}
"""


@pytest.mark.parametrize(("dtype", "zero_point"), [(DType.INT8, -7), (DType.UINT8, 200)])
def test_numbers_go_in_as_verify_puts_them_in(
    dtype: DType, zero_point: int, tmp_path: Path
) -> None:
    graph = requantising(dtype, zero_point)
    folder = library(graph, tmp_path)
    rng = np.random.default_rng(11)
    ties = (np.arange(-300, 300) + 0.5) * np.float32(SCALE)
    reals = np.concatenate(
        [ties, rng.normal(0, 5, 1416), [0.0, -0.0, 1e30, -1e30, 1e-40, 3e9, 7, 9]]
    )
    reals = reals.astype(np.float32)
    text = " ".join(f"{float(real).hex()}" for real in reals)
    (folder / "numbers.c").write_text(NUMBERS)
    subprocess.run(
        ["cc", "-O2", f"-I{folder}", str(folder / "numbers.c"), "-o", str(folder / "numbers")],
        check=True,
    )
    said = subprocess.run(
        [str(folder / "numbers")], input=f"{text} inf -inf nan", capture_output=True, text=True
    )
    answers = [line.split() for line in said.stdout.splitlines()]
    expected = b""
    for row in reals.reshape(-1, 8):
        np.save(tmp_path / "row.npy", row.reshape(1, 8))
        expected += load_input(tmp_path / "row.npy", model_input(graph)).data
    low, high = np.iinfo(dtype.numpy).min, np.iinfo(dtype.numpy).max
    values = [int(quantised) for quantised, _ in answers]
    assert values[:-3] == np.frombuffer(expected, dtype.numpy).tolist()
    assert values[-3:] == [high, low, low]
    assert all(
        float(real) == (np.int8(np.uint8(value & 0xFF)) - 3) * 0.5
        for value, (_, real) in zip(values, answers, strict=True)
    )


CONSTANTS = """
#include "model.h"
static const char *const names[MODEL_LAYERS] = MODEL_LAYER_NAMES;
_Static_assert(MODEL_INPUT_HEIGHT == 12 && MODEL_INPUT_WIDTH == 12, "");
_Static_assert(MODEL_INPUT_CHANNELS == 3, "");
_Static_assert(MODEL_INPUT_BYTES == 12 * 12 * 3 && MODEL_OUTPUT_BYTES == MODEL_CLASSES, "");
_Static_assert(MODEL_INPUT_ZERO_POINT == -1 && MODEL_OUTPUT_ZERO_POINT == -128, "");
_Static_assert(MODEL_CLASSES == 4 && sizeof(names) / sizeof(names[0]) == 9, "");
int main(void)
{
    const float scales = MODEL_INPUT_SCALE * 128 + MODEL_OUTPUT_SCALE * 256;
    return names[8][0] == 's' && names[0][5] == '0' && scales == 2.0f ? 0 : 1;
}
"""


def test_constants_say_what_the_model_is(tmp_path: Path) -> None:
    assert run(library(small_mobilenet(), tmp_path), CONSTANTS).returncode == 0


def test_a_real_valued_edge_has_no_scale(tmp_path: Path) -> None:
    graph = examples.single(
        "DEQUANTIZE",
        NoAttrs(),
        (examples.variable("input", (1, 8), Quant((SCALE,), (0,))),),
        examples.variable("output", (1, 8), dtype=DType.FLOAT32),
    )
    header = (library(graph, tmp_path) / "model.h").read_text()
    assert "model_quantize(" in header
    assert "#define MODEL_CLASSES 8" in header
    assert "MODEL_OUTPUT_SCALE" not in header
    assert "model_dequantize(" not in header


@pytest.mark.parametrize(("board", "line"), [("nucleo-f746zg", 32), ("nucleo-f446re", 16)])
def test_the_arena_starts_on_a_line_of_the_cache(
    board: str, line: int, tmp_path: Path, object_cache: Path
) -> None:
    (tmp_path / "small.tflite").write_bytes(write_model(small_mobilenet()))
    output = tmp_path / "build"
    build(tmp_path / "small.tflite", target=board, output=output, object_cache=object_cache)
    defined = f"static MODEL_ARENA_ATTR _Alignas({line}) int8_t model_arena"
    assert defined in (output / "model/model.c").read_text()
    assert read_image(output / "firmware.elf").symbol("model_arena").address % line == 0
