"""A library that works in its caller's memory: two instances, and what is no arena."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mcugen.boards import load_board
from mcugen.compiler import compile_graph
from mcugen.emit import emit_model
from mcugen.ir import Graph
from mcugen.kernels import Target, backends
from mcugen.memory.rows.plan import Arena
from mcugen.memory.spaces import Space
from mcugen.program import Program, Source
from mcugen.sim.host import SANITIZERS, build_host, host_flags
from mcugen.staging import write_tree
from mcugen.toolchain import GENERATED_WARNINGS, Compiler, Unit
from tests.conftest import program_of
from tests.networks import small_mobilenet
from tests.row_networks import expanding_network

ONE = """
#define BYTES MODEL_ARENA_BYTES
#define SET(memory) model_set_arena(memory)
#define SET_PART(memory) model_set_arena((memory) + 1)
"""
TWO = """
#define BYTES (ALIGNED + MODEL_ARENA_AXI_BYTES)
#define ALIGNED \\
    ((MODEL_ARENA_DTCM_BYTES + MODEL_ARENA_ALIGNMENT - 1) / MODEL_ARENA_ALIGNMENT * \\
     MODEL_ARENA_ALIGNMENT)
#define SET(memory) model_set_arena((memory), (memory) == NULL ? NULL : &(memory)[ALIGNED])
#define SET_PART(memory) model_set_arena((memory), NULL)
"""
RUN = """
static int infer(const int8_t *input)
{
    memcpy(model_input(), input, MODEL_INPUT_BYTES);
    return model_run(NULL, NULL);
}
"""
PUSH = """
static int infer(const int8_t *input)
{
    const int status = model_begin(NULL, NULL);
    return status != 0 ? status : model_push(input, MODEL_INPUT_HEIGHT);
}
"""
PROGRAM = """
#include <stdio.h>
#include <string.h>

#include "model.h"
%s
%s
#define GUARD 64
struct memory {
    _Alignas(MODEL_ARENA_ALIGNMENT) int8_t bytes[BYTES + GUARD];
};

static struct memory memories[2];
static int8_t inputs[2][MODEL_INPUT_BYTES];
static int8_t nothing[MODEL_INPUT_BYTES];

static int is_intact(const struct memory *memory)
{
    for (size_t at = BYTES; at < sizeof(memory->bytes); at++) {
        if (memory->bytes[at] != 0x55) {
            return 0;
        }
    }
    return 1;
}

int main(void)
{
    int8_t outputs[2][MODEL_OUTPUT_BYTES];
    int8_t *none = NULL;
    if (fread(inputs, sizeof(inputs), 1, stdin) != 1) {
        return 1;
    }
    if (%s != MODEL_WRONG_ARENA || SET(none) != MODEL_WRONG_ARENA || model_output() != NULL) {
        return 2;
    }
    for (int number = 0; number < 2; number++) {
        memset(&memories[number], 0x55, sizeof(memories[number]));
        if (SET(memories[number].bytes) != 0 || infer(inputs[number]) != 0) {
            return 3;
        }
        memcpy(outputs[number], model_output(), MODEL_OUTPUT_BYTES);
        if (!is_intact(&memories[number])) {
            return 4;
        }
    }
    /* What the other instance did left this one alone. */
    if (SET(memories[0].bytes) != 0 || !KEEPS(outputs[0])) {
        return 5;
    }
    /* No arena is left behind by one that was refused. */
    if (SET_PART(memories[0].bytes) != MODEL_WRONG_ARENA || %s != MODEL_WRONG_ARENA) {
        return 6;
    }
    fwrite(outputs, sizeof(outputs), 1, stdout);
    return (int)nothing[0];
}
"""
KEEPS = "#define KEEPS(output) (memcmp(model_output(), (output), MODEL_OUTPUT_BYTES) == 0)\n"
LOSES = "#define KEEPS(output) ((output) != NULL && model_output() == NULL)\n"
"""A picture that comes in rows belongs to the arena in which it was begun."""


def two_spaces(graph: Graph, arena: Arena | None, stream_input: bool) -> Program:
    """The arena in two memories, a third of it in the first one."""
    whole = program_of(graph, arena=arena, stream_input=stream_input)
    first = whole.plan.arena_bytes // 3 // 32 * 32
    return compile_graph(
        graph,
        Source(graph.name, "0" * 64),
        Target(load_board("stm32f7").chip.cpu, backends()),
        arena=arena,
        stream_input=stream_input,
        spaces=(Space("dtcm", first), Space("axi", 1 << 20)),
    )


def outputs_of(program: Program, folder: Path, inputs: list[bytes], cache: Path) -> bytes:
    """What the library answers that has an arena of its own."""
    write_tree(folder / "model", emit_model(program))
    sizes = [program.schedule.tensor(step.output).nbytes for step in program.schedule.steps]
    traces = build_host(folder / "model", folder / "work", sizes, cache=cache).trace(inputs)
    return b"".join(trace[-1] for trace in traces)


def run_program(program: Program, folder: Path, given: bytes, cache: Path) -> bytes:
    streamed = program.plan.takes_rows
    spaces = TWO if len(program.arena.parts) > 1 else ONE
    begins = "model_begin(NULL, NULL)" if streamed else "model_run(NULL, NULL)"
    text = PROGRAM % (spaces, (LOSES + PUSH) if streamed else (KEEPS + RUN), begins, begins)
    return run_text(text, program, folder, given, cache)


def run_text(text: str, program: Program, folder: Path, given: bytes, cache: Path) -> bytes:
    """What a program answers that owns the arenas of the library beside it."""
    library = emit_model(program)
    write_tree(folder, {**{f"model/{path}": one for path, one in library.items()}, "p.c": text})
    includes = sorted({f"-I{path.parent}" for path in folder.rglob("*.h")})
    flags = ("-std=c11", "-O1", "-DMODEL_CALLER_ARENA", *SANITIZERS, *host_flags(), *includes)
    own = ("p.c", "model/model.c", "model/model_weights.c")
    sources = ["p.c", *(f"model/{path}" for path in library if path.endswith(".c"))]
    units = [Unit(one, (*GENERATED_WARNINGS, "-Werror") if one in own else ()) for one in sources]
    compiler = Compiler("cc", flags, cache)
    objects = compiler.compile(folder, units, folder / "objects")
    compiler.link(folder, objects, (), folder / "p")
    done = subprocess.run([str(folder / "p")], input=given, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout


@pytest.mark.parametrize("parts", [1, 2])
@pytest.mark.parametrize("arena", [None, "least"])
@pytest.mark.parametrize("stream_input", [False, True])
def test_two_instances(
    parts: int, arena: Arena | None, stream_input: bool, tmp_path: Path, object_cache: Path
) -> None:
    graph = expanding_network()
    if parts == 1:
        program = program_of(graph, arena=arena, stream_input=stream_input)
    else:
        program = two_spaces(graph, arena, stream_input)
    assert len(program.arena.parts) == parts
    size = graph.tensor(graph.inputs[0]).nbytes
    given = np.random.default_rng(parts).integers(-128, 128, 2 * size, np.int8).tobytes()
    expected = outputs_of(program, tmp_path / "own", [given[:size], given[size:]], object_cache)
    assert run_program(program, tmp_path / "callers", given, object_cache) == expected


EXAMPLE = Path(__file__).parents[2] / "examples" / "own_project" / "two_instances.c"


def test_the_example(tmp_path: Path, object_cache: Path) -> None:
    program = program_of(small_mobilenet())
    size = program.schedule.tensor(program.schedule.inputs[0]).nbytes
    given = np.random.default_rng(7).integers(-128, 128, 2 * size, np.int8).tobytes()
    expected = outputs_of(program, tmp_path / "own", [given[:size], given[size:]], object_cache)
    folder = tmp_path / "callers"
    assert run_text(EXAMPLE.read_text(), program, folder, given, object_cache) == expected


def test_the_example_is_the_documents() -> None:
    document = (Path(__file__).parents[2] / "docs" / "own-project.md").read_text(encoding="utf-8")
    (part,) = (
        part.split("```")[0] for part in document.split("```c\n")[1:] if "classify_both" in part
    )
    assert part in EXAMPLE.read_text(encoding="utf-8")


def test_the_default_is_not_slower(tmp_path: Path) -> None:
    """Without the macro no code asks for an arena: the preprocessor leaves none of it."""
    write_tree(tmp_path, emit_model(program_of(small_mobilenet())))
    includes = sorted({f"-I{path.parent}" for path in tmp_path.rglob("*.h")})
    assert "MODEL_CALLER_ARENA" in (tmp_path / "model.c").read_text()
    read = subprocess.run(
        ["cc", "-E", "-P", *host_flags(), *includes, "model.c"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert "set_arena" not in read
    assert "model_arena ==" not in read


def test_arenas_of_two_libraries(tmp_path: Path, object_cache: Path) -> None:
    """Of which one has its caller's, and the other one its own."""
    mine, other = replace(program_of(small_mobilenet()), name="mine"), program_of(small_mobilenet())
    assert mine.arena.parts[0].symbol == "mine_arena"
    assert "MINE_CALLER_ARENA" in emit_model(mine)["mine.c"]
    assert "MINE_" not in emit_model(other)["model.c"]
