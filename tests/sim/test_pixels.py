"""Rows of a camera's picture as the header makes rows of the input of them: as ``--input`` does."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mcugen.emit import emit_model
from mcugen.inputs import load_input, model_input
from mcugen.ir import DType, Graph, Quant
from mcugen.ops import examples
from mcugen.ops.base import NoAttrs
from tests.conftest import program_of

HEIGHT, WIDTH = 24, 32
WARNINGS = ("-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror")

PROGRAM = """
#include <stdio.h>
#include <string.h>
#include "model.h"
/* Reads rows from stdin, in the format that argv[1] names, and writes the input's. */
int main(int argc, char **argv)
{
    static uint16_t words[MODEL_INPUT_WIDTH];
    static uint8_t bytes[3 * MODEL_INPUT_WIDTH];
    static ROW_TYPE row[MODEL_INPUT_WIDTH * MODEL_INPUT_CHANNELS];
    const char *format = argc > 1 ? argv[1] : "";
    for (;;) {
        if (!strcmp(format, "rgb565")) {
            if (fread(words, sizeof words, 1, stdin) != 1) {
                return 0;
            }
            model_row_of_rgb565(row, words);
        } else {
            const size_t size = strcmp(format, "grey") ? 3 : 1;
            if (fread(bytes, size * MODEL_INPUT_WIDTH, 1, stdin) != 1) {
                return 0;
            }
            (size == 3 ? model_row_of_rgb888 : model_row_of_grey)(row, bytes);
        }
        fwrite(row, sizeof row, 1, stdout);
    }
}
"""

INPUTS = {
    "usual": (DType.INT8, 1 / 127.5, -1, 3),
    "grey": (DType.INT8, 1 / 255, -128, 1),
    "unsigned": (DType.UINT8, 1 / 255, 0, 3),
    "power of two": (DType.INT8, 1 / 128, 0, 3),
    "odd": (DType.INT8, 0.00789, -3, 1),
    "odd unsigned": (DType.UINT8, 1.0287, 4, 3),
}
FLOATS = {"-1 to 1": (1 / 127.5, -1), "0 to 1": (1 / 255, -128), "0 to 255": (1.0, -128)}


def picture_model(kind: str) -> Graph:
    """A picture in, int8 numbers out."""
    if kind in FLOATS:
        scale, zero_point = FLOATS[kind]
        shape = (1, HEIGHT, WIDTH, 3)
        quant = Quant((float(np.float32(scale)),), (zero_point,))
        source = examples.variable("input", shape, None, DType.FLOAT32)
        return examples.single(
            "QUANTIZE", NoAttrs(), (source,), examples.variable("o", shape, quant)
        )
    dtype, scale, zero_point, channels = INPUTS[kind]
    shape = (1, HEIGHT, WIDTH, channels)
    quant = Quant((float(np.float32(scale)),), (zero_point,))
    source = examples.variable("input", shape, quant, dtype)
    made = examples.variable("output", shape, Quant((0.5,), (3,)))
    return examples.single("QUANTIZE", NoAttrs(), (source,), made)


def compiled(graph: Graph, folder: Path) -> Path:
    """The program with the model's header; it needs nothing of the library."""
    (folder / "model.h").write_text(emit_model(program_of(graph))["model.h"])
    row_type = graph.tensor(graph.inputs[0]).dtype.c_type
    (folder / "main.c").write_text(PROGRAM.replace("ROW_TYPE", row_type))
    line = ["cc", *WARNINGS, "-fsanitize=undefined", f"-I{folder}", str(folder / "main.c")]
    subprocess.run([*line, "-o", str(folder / "rows")], check=True)
    return folder / "rows"


def rows(program: Path, form: str, pixels: bytes) -> bytes:
    done = subprocess.run([str(program), form], input=pixels, capture_output=True, check=True)
    assert done.stderr == b""
    return done.stdout


def expected(graph: Graph, path: Path) -> bytes:
    return load_input(path, model_input(graph)).data


def colours() -> NDArray[np.uint8]:
    """All 256 values of each channel, a grey between two integers, and random ones."""
    pixels = np.random.default_rng(3).integers(0, 256, (HEIGHT * WIDTH, 3), np.uint8)
    for channel in range(3):
        pixels[channel * 256 : channel * 256 + 256, channel] = np.arange(256)
    pixels[-1] = 3, 55, 187
    return pixels.reshape(HEIGHT, WIDTH, 3)


def bitmap565(words: NDArray[np.uint16]) -> bytes:
    """A BMP file of 16-bit pixels with masks for 5, 6 and 5 bits."""
    height, width = words.shape
    data = words[::-1].astype("<u2").tobytes()
    masks = struct.pack("<III", 0xF800, 0x7E0, 0x1F)
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 16, 3, len(data), 0, 0, 0, 0)
    start = 14 + len(info) + len(masks)
    return struct.pack("<2sIHHI", b"BM", start + len(data), 0, 0, start) + info + masks + data


@pytest.mark.parametrize("kind", [*INPUTS, *FLOATS])
def test_rows_are_what_a_picture_file_gives(kind: str, tmp_path: Path) -> None:
    graph = picture_model(kind)
    program, picture = compiled(graph, tmp_path), tmp_path / "picture.png"
    pixels = colours()
    Image.fromarray(pixels).save(picture)
    assert rows(program, "rgb888", pixels.tobytes()) == expected(graph, picture)
    grey = np.arange(HEIGHT * WIDTH).astype(np.uint8).reshape(HEIGHT, WIDTH)
    Image.fromarray(grey).save(picture)
    assert rows(program, "grey", grey.tobytes()) == expected(graph, picture)
    words = np.random.default_rng(4).integers(0, 1 << 16, (HEIGHT, WIDTH), np.uint16)
    words[0] = np.arange(32) << 11
    words[1:3] = (np.arange(64) << 5).reshape(2, 32)
    words[3] = np.arange(32)
    (tmp_path / "picture.bmp").write_bytes(bitmap565(words))
    assert rows(program, "rgb565", words.tobytes()) == expected(graph, tmp_path / "picture.bmp")


@pytest.mark.parametrize("shape", [(1, 8), (1, 4, 4, 2), (1, 4, 4, 4)])
def test_what_is_no_picture_has_no_rows(shape: tuple[int, ...]) -> None:
    assert "row_of" not in header(shape, 1 / 127.5)


def test_a_range_that_is_not_known_has_no_rows() -> None:
    assert "row_of" in header((1, 4, 4, 3), 1 / 127.5)
    assert "row_of" not in header((1, 4, 4, 3), 1 / 50)


def header(shape: tuple[int, ...], scale: float) -> str:
    source = examples.variable("input", shape, Quant((scale,), (-1,)))
    made = examples.variable("output", shape, Quant((0.5,), (3,)))
    return emit_model(program_of(examples.single("QUANTIZE", NoAttrs(), (source,), made)))[
        "model.h"
    ]
