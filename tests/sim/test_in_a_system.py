"""Examples of a library among caches, tasks and threads, and what the documents show of them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from mcugen.boards import load_board
from mcugen.emit import emit_model
from mcugen.staging import write_tree
from tests.conftest import TESTS, program_of
from tests.networks import small_mobilenet
from tests.row_networks import expanding_network

ROOT = TESTS.parent
EXAMPLES = ROOT / "examples"
STAND_INS = TESTS / "sim" / "stand_ins"
KERNEL = EXAMPLES / "own_console" / "kernel"
STRICT = ("-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wshadow", "-O2")


@pytest.mark.parametrize("name", ["dma", "freertos", "zephyr"])
def test_it_compiles(name: str, tmp_path: Path) -> None:
    graph = expanding_network() if name == "dma" else small_mobilenet()
    write_tree(tmp_path / "model", emit_model(program_of(graph, stream_input=name == "dma")))
    includes = [f"-I{path}" for path in (tmp_path / "model", STAND_INS, KERNEL)]
    source = EXAMPLES / "in_a_system" / f"{name}.c"
    flags = [*load_board("stm32f7").compile_flags, *STRICT, *includes]
    command = ["arm-none-eabi-gcc", *flags, "-c", source, "-o", tmp_path / "object.o"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_what_the_document_shows_stands_in_an_example() -> None:
    """Of each file that it names, the lines below the name."""
    document = (ROOT / "docs" / "own-project.md").read_text(encoding="utf-8")
    shown = re.findall(r"\(\.\./(examples/\w+/\w+\.c)\)[^`]*?\n\n```c\n(.*?)```", document, re.S)
    assert {path.rpartition("/")[2] for path, _ in shown} == {
        "camera.c",
        "dma.c",
        "freertos.c",
        "two_instances.c",
        "zephyr.c",
    }
    for path, lines in shown:
        assert lines in (ROOT / path).read_text(encoding="utf-8"), path
