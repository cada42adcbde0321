"""Names of libraries, and several of them in one firmware or one program."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from mcugen.compiler import BuildResult, build
from mcugen.emit import emit_model
from mcugen.errors import UsageError
from mcugen.image import read_image
from mcugen.manifest import read_manifest, read_model_manifest
from mcugen.sim.host import host_flags
from mcugen.staging import write_tree
from mcugen.tflite import write_model
from mcugen.toolchain import Compiler, Unit
from mcugen.verify import verify
from tests.conftest import program_of
from tests.networks import small_mobilenet
from tests.row_networks import expanding_network

WAKE, GATE = small_mobilenet(), expanding_network()
EVERYWHERE = ("host", "board", "qemu")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("models")
    paths = folder / "wake.tflite", folder / "gate.tflite"
    for path, graph in zip(paths, (WAKE, GATE), strict=True):
        path.write_bytes(write_model(graph))
    return paths


def build_both(
    models: tuple[Path, Path], folder: Path, object_cache: Path, **options: bool
) -> BuildResult:
    return build(
        models,
        names=("wake", "gate"),
        target="stm32f7",
        output=folder / "out",
        object_cache=object_cache,
        **options,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    "options", [{}, {"arena_apart": True}, {"stream_input": True}], ids=["shared", "apart", "rows"]
)
def test_both_are_exact_in_one_firmware(
    models: tuple[Path, Path], tmp_path: Path, object_cache: Path, options: dict[str, bool]
) -> None:
    built = build_both(models, tmp_path, object_cache, **options)
    for name in ("wake", "gate"):
        report = verify(tmp_path / "out", model=name, executions=EVERYWHERE, count=2)
        assert report.error is None
        assert report.manifest.name == name
        assert {pair.b for pair in report.pairs} >= set(EVERYWHERE)
    arenas = [model.manifest.arena_bytes for model in built.models]
    image = read_image(tmp_path / "out" / "firmware.elf")
    if "arena_apart" in options:
        sizes = [image.symbol(f"{name}_arena").size for name in ("wake", "gate")]
        assert sizes == arenas
    else:
        assert image.symbol("wake_arena").size == max(arenas)
        assert "gate_arena" not in image.symbols


def test_kernels_are_there_once(
    models: tuple[Path, Path], tmp_path: Path, object_cache: Path
) -> None:
    both = build_both(models, tmp_path, object_cache).manifest
    alone = [
        build(
            path, target="stm32f7", output=tmp_path / path.stem, object_cache=object_cache
        ).manifest
        for path in models
    ]
    image = read_image(tmp_path / "wake" / "firmware.elf")
    kernels = sum(
        symbol.size
        for name, symbol in image.symbols.items()
        if name.startswith("arm_") and symbol.is_function
    )
    assert kernels > 4000
    assert both.flash_bytes < sum(one.flash_bytes for one in alone) - kernels


def test_a_model_must_be_chosen(
    models: tuple[Path, Path], tmp_path: Path, object_cache: Path
) -> None:
    build_both(models, tmp_path, object_cache)
    folder = tmp_path / "out"
    assert read_manifest(folder).name == "wake"
    assert read_model_manifest(folder, "gate").number == 1
    for wrong in (None, "door", ""):
        with pytest.raises(UsageError) as caught:
            read_model_manifest(folder, wrong)
        assert caught.value.code == "U006"
        assert "wake, gate" in caught.value.hint


@pytest.mark.parametrize(
    ("names", "what"),
    [
        (("wake",), "2 models and 1 name"),
        (("wake", "wake"), "two models are called"),
        (("a", "a_b"), "two libraries of one firmware"),
        (("Wake", "gate"), "cannot be called `Wake`"),
        (("wake", "1st"), "cannot be called `1st`"),
        (("firmware", "gate"), "cannot be called `firmware`"),
        (("int", "gate"), "cannot be called `int`"),
        (("wa/ke", "gate"), "cannot be called `wa/ke`"),
        (("", "gate"), "cannot be called ``"),
        (("w" * 32, "gate"), "cannot be called"),
    ],
)
def test_names_that_cannot_be(
    models: tuple[Path, Path], tmp_path: Path, names: tuple[str, ...], what: str
) -> None:
    with pytest.raises(UsageError) as caught:
        build(models, names=names, target="stm32f7", output=tmp_path / "out")
    assert caught.value.code == "U006"
    assert what in caught.value.what
    assert not (tmp_path / "out").exists()


def archive(folder: Path, name: str) -> Path:
    """A library of its own as ``lib<name>.a``, for this machine."""
    graph = WAKE if name == "wake" else GATE
    library = folder / name
    write_tree(library, emit_model(program_of(graph, name=name)))
    return compiled(library)


def compiled(library: Path) -> Path:
    includes = sorted({path.parent.relative_to(library) for path in library.rglob("*.h")})
    compiler = Compiler("cc", (*host_flags(), "-w", *(f"-I{include}" for include in includes)))
    sources = sorted(path.relative_to(library).as_posix() for path in library.rglob("*.c"))
    objects = compiler.compile(library, [Unit(path) for path in sources], library / "objects")
    made = library / f"lib{library.name}.a"
    made.unlink(missing_ok=True)
    subprocess.run(["ar", "rcs", str(made), *map(str, objects)], check=True)
    return made


def program(*names: str) -> str:
    """Runs one after the other on what comes in, and gives all outputs."""
    capitals = [(name, name.upper()) for name in names]
    lines = [f'#include "{name}.h"' for name in names]
    lines += ["#include <stdio.h>", "int main(void)", "{"]
    for name, capital in capitals:
        lines.append(f"if (fread({name}_input(), 1, {capital}_INPUT_BYTES, stdin) == 0) return 1;")
    lines += [f"if ({name}_run(NULL, NULL) != 0) return 1;" for name in names]
    for name, capital in capitals:
        lines.append(f"fwrite({name}_output(), 1, {capital}_OUTPUT_BYTES, stdout);")
    return "\n".join((*lines, "return 0;", "}", ""))


def linked(folder: Path, *names: str) -> subprocess.CompletedProcess[str]:
    (folder / "main.c").write_text(program(*names))
    command = ["cc", "-Wall", "-Wextra", "-Werror", "main.c"]
    command += [word for name in names for word in (f"-I{name}", f"{name}/lib{name}.a")]
    command += ["-o", f"run_{len(names)}_{names[0]}"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def output_of(folder: Path, inputs: dict[str, bytes]) -> bytes:
    assert linked(folder, *inputs).returncode == 0
    made = folder / f"run_{len(inputs)}_{next(iter(inputs))}"
    data = b"".join(inputs.values())
    return subprocess.run([made], input=data, capture_output=True, check=True).stdout


def test_two_libraries_in_one_program(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    inputs = {
        name: rng.integers(0, 256, graph.tensor(graph.inputs[0]).nbytes, np.uint8).tobytes()
        for name, graph in (("wake", WAKE), ("gate", GATE))
    }
    for name in inputs:
        archive(tmp_path, name)
    alone = [output_of(tmp_path, {name: data}) for name, data in inputs.items()]
    assert output_of(tmp_path, inputs) == b"".join(alone)
    assert all(alone)


def test_kernels_of_two_versions_do_not_link(tmp_path: Path) -> None:
    for name in ("wake", "gate"):
        archive(tmp_path, name)
    changed = False
    for path in (tmp_path / "gate").rglob("*.c"):
        text = path.read_text(errors="replace")
        stamp = "mcugen_cmsis_nn_"
        if stamp in text:
            at = text.index(stamp) + len(stamp)
            path.write_text(text.replace(text[at : at + 12], "0123456789ab"))
            changed = True
    assert changed
    compiled(tmp_path / "gate")
    done = linked(tmp_path, "wake", "gate")
    assert done.returncode != 0
    assert "multiple definition of `mcugen_cmsis_nn'" in done.stderr


def test_a_library_says_no_name_that_is_not_its_own(tmp_path: Path) -> None:
    made = archive(tmp_path, "wake")
    listed = subprocess.run(
        ["nm", "--defined-only", "-g", str(made)], capture_output=True, text=True, check=True
    )
    names = {line.split()[-1] for line in listed.stdout.splitlines() if len(line.split()) == 3}
    kernels = ("arm_", "mcugen_", "add_s8", "softmax_s8")
    assert {name for name in names if not name.startswith((*kernels, "wake_"))} == set()
    assert len([name for name in names if name.startswith("wake_")]) > 5
    text = "".join(path.read_text() for path in (tmp_path / "wake").glob("*.[ch]"))
    assert "model_" not in text
    assert "MODEL_" not in text
