"""A run a step at a time, and hooks that end it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from mcugen.emit import emit_model
from mcugen.ir import Graph
from mcugen.program import Program
from mcugen.staging import write_tree
from tests.conftest import program_of
from tests.networks import small_mobilenet
from tests.row_networks import expanding_network
from tests.sim.test_library_header import archive

PROGRAM = r"""
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct told { uint32_t pieces; uint32_t stop_at; };

static int told(void *context, uint32_t layer, uint32_t offset, const void *data, uint32_t bytes)
{
    struct told *told = context;
    (void)layer, (void)offset, (void)data, (void)bytes;
    return ++told->pieces == told->stop_at ? 77 : 0;
}

static int8_t picture[MODEL_INPUT_BYTES];
static int8_t right[MODEL_OUTPUT_BYTES];

static void check(int holds, const char *what)
{
    if (!holds) {
        printf("not so: %s\n", what);
        exit(1);
    }
}

int main(void)
{
    struct told all = {0, 0};
    check(fread(picture, 1, sizeof(picture), stdin) == sizeof(picture), "input");
    memcpy(model_input(), picture, sizeof(picture));
    check(model_run(told, &all) == 0, "run");
    memcpy(right, model_output(), sizeof(right));

    /* Step by step, told of the same pieces. */
    struct told stepped = {0, 0};
    uint32_t step = 0, calls = 0;
    int status;
    memcpy(model_input(), picture, sizeof(picture));
    do {
        status = model_step(&step, told, &stepped);
        calls++;
    } while (status == MODEL_MORE);
    check(status == 0 && calls == MODEL_STEPS && step == MODEL_STEPS, "all steps");
    check(stepped.pieces == all.pieces, "pieces");
    check(memcmp(right, model_output(), sizeof(right)) == 0, "output");
    check(model_step(&step, NULL, NULL) == MODEL_WRONG_USE, "a step behind the last");

    /* The hook ends a run at any piece, and a step; nothing more is told. */
    for (uint32_t stop = 1; stop <= all.pieces; stop++) {
        struct told stopped = {0, stop};
        memcpy(model_input(), picture, sizeof(picture));
        check(model_run(told, &stopped) == 77 && stopped.pieces == stop, "a run that is ended");
        stopped.pieces = 0;
        step = 0;
        memcpy(model_input(), picture, sizeof(picture));
        do {
            status = model_step(&step, told, &stopped);
        } while (status == MODEL_MORE);
        check(status == 77 && stopped.pieces == stop, "a step that is ended");
        check(model_step(&step, NULL, NULL) == MODEL_WRONG_USE, "a step after that");
    }

    /* After that all is well again. */
    step = 0;
    memcpy(model_input(), picture, sizeof(picture));
    do {
        status = model_step(&step, NULL, NULL);
    } while (status == MODEL_MORE);
    check(status == 0 && memcmp(right, model_output(), sizeof(right)) == 0, "once more");
    printf("%u steps, %u pieces\n", (unsigned)MODEL_STEPS, (unsigned)all.pieces);
    return 0;
}
"""


def steps_and_pieces(program: Program, folder: Path) -> tuple[int, int]:
    """Of the program, once all that it checks holds."""
    library = folder / "model"
    write_tree(library, emit_model(program))
    made = archive(library, "model")
    (folder / "main.c").write_text(PROGRAM)
    flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-Imodel"]
    command = ["cc", *flags, "main.c", str(made), "-o", "main"]
    subprocess.run(command, cwd=folder, check=True)
    size = program.schedule.tensor(program.schedule.inputs[0]).nbytes
    data = np.random.default_rng(3).integers(0, 256, size, np.uint8).tobytes()
    done = subprocess.run([folder / "main"], input=data, capture_output=True)
    assert done.returncode == 0, done.stdout.decode()
    steps, _, pieces, _ = done.stdout.decode().split()
    return int(steps), int(pieces)


@pytest.mark.parametrize("graph", [small_mobilenet(), expanding_network()], ids=["first", "second"])
def test_whole_layers(graph: Graph, tmp_path: Path) -> None:
    program = program_of(graph)
    layers = len(program.schedule.steps)
    assert steps_and_pieces(program, tmp_path) == (layers, layers)


def test_layers_by_rows(tmp_path: Path) -> None:
    program = program_of(expanding_network(), arena="least")
    steps, pieces = steps_and_pieces(program, tmp_path)
    assert steps < len(program.schedule.steps) < pieces
