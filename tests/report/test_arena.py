"""The arena's picture: which rectangles and which characters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcugen.api import build
from mcugen.ops.registry import OPERATORS
from mcugen.report.arena import Arena, Span, arena_of
from mcugen.report.arena_label import label_room
from mcugen.report.arena_outline import area, outline
from mcugen.report.arena_svg import NARROW, WIDE, Box, figure
from mcugen.report.arena_text import ASCII, BLOCKS, bar, draw_arena, glyphs_for
from mcugen.report.page_memory import buffer_rows
from mcugen.report.words import Answer
from mcugen.tflite import write_model


def buffer(
    name: str,
    layer: int | None,
    offset: int,
    size: int,
    steps: range,
    kind: str = "tensor",
    spans: tuple[tuple[int, int, int, int], ...] = (),
) -> dict[str, Any]:
    """Needed whole in all its steps, of one moment each, unless ``spans`` say something else."""
    return {
        "name": name,
        "kind": kind,
        "layer": layer,
        "offset": offset,
        "bytes": size,
        "start": steps.start,
        "end": steps.stop,
        "spans": spans or ((offset, offset + size, steps.start, steps.stop),),
    }


def step(live: int, first: int = 0, last: int = 0, rows: int = 0, moments: int = 1) -> Answer:
    return {"first": first, "last": last, "rows": rows, "live_bytes": live, "moments": moments}


BUILD = {
    "arena_bytes": 1200,
    "arena_lower_bound": 1200,
    "steps": [step(1200), step(900), step(604)],
    "buffers": [
        buffer("input", None, 0, 500, range(0, 1)),
        buffer("first_conv", 0, 600, 600, range(0, 2)),
        buffer("second_conv", 1, 0, 300, range(1, 3)),
        buffer("softmax", 2, 300, 4, range(2, 3)),
        buffer("first_conv", 0, 500, 100, range(0, 1), "scratch"),
    ],
}
ARENA = arena_of(BUILD)


def rows_of(
    low: int, start: int, later: int, end: int, longer: int
) -> list[tuple[int, int, int, int]]:
    """Four rows of 100 bytes from ``low`` on; each is born ``later`` than the one before it, and
    ends as much later as ``longer``."""
    return [
        (low + 100 * row, low + 100 * row + 100, start + later * row, end + longer * row)
        for row in range(4)
    ]


def boxes(arena: Arena = ARENA) -> dict[int, Box]:
    return {box.order: box for box in figure(arena).boxes}


def test_tags_and_names() -> None:
    assert [one.tag for one in ARENA.buffers] == ["in", "0", "1", "2", "s0"]
    assert ARENA.buffers[4].name == "scratch of first_conv"
    assert ARENA.binding == (0,)


def test_text() -> None:
    """1200 bytes in 12 rows of 100, three steps as wide as they get."""
    assert list(draw_arena(ARENA, ASCII, 80)) == [
        "1,200 |=====0======",
        "      |============",
        "      |============",
        "      |============",
        "  800 |============",
        "      |============",
        "      |::::::",
        "      |%%in%%",
        "  400 |%%%%%%      ==2===",
        "      |%%%%%%#####1######",
        "      |%%%%%%############",
        "      |%%%%%%############",
        "    0 |------------------",
        " step  0",
        "binds  ^^^^^^",
    ]


@pytest.mark.parametrize("screen", [80, 40, 9, 1])
@pytest.mark.parametrize("steps", [1, 2, 30, 36, 66, 67, 500])
def test_text_stays_within_a_screen(steps: int, screen: int) -> None:
    live = [step(4)] * steps
    buffers = [buffer(f"layer{n}", n, 4 * (n % 2), 4, range(n, n + 1)) for n in range(steps)]
    build = {**BUILD, "arena_bytes": 8, "arena_lower_bound": 4, "steps": live, "buffers": buffers}
    lines = list(draw_arena(arena_of(build), BLOCKS, screen))
    assert len(lines) == 15
    assert max(len(line) for line in lines) <= max(screen, len("binds  ^"))
    assert len({line.find(BLOCKS.wall) for line in lines[:-2]}) == 1
    assert lines[-1].count("^") == lines[-3].count(BLOCKS.floor)


def test_what_stdout_cannot_carry() -> None:
    assert glyphs_for("utf-8") is BLOCKS
    assert glyphs_for("cp437") is BLOCKS
    assert glyphs_for("latin-1") is ASCII
    assert glyphs_for("ascii") is ASCII
    assert glyphs_for("no such encoding") is ASCII
    assert glyphs_for(None) is ASCII


@pytest.mark.parametrize(
    ("share", "full"), [(0.0, 0), (0.0001, 1), (0.5, 12), (0.999, 24), (1.0, 24), (1.5, 24)]
)
def test_bar(share: float, full: int) -> None:
    assert bar(share, ASCII) == "#" * full + "." * (24 - full)


def test_rectangles_are_to_scale() -> None:
    plot, found = figure(ARENA), boxes()
    assert plot.bound is None
    whole = plot.frame.bottom - plot.frame.top
    assert found[0].height == pytest.approx(whole * 500 / 1200, abs=0.01)
    assert found[0].y + found[0].height == pytest.approx(plot.frame.bottom, abs=0.01)
    assert found[1].y == plot.frame.top
    column = (plot.frame.right - plot.frame.left) / 3
    assert found[1].width == pytest.approx(2 * column, abs=0.02)
    assert found[2].x == pytest.approx(plot.frame.left + column, abs=0.01)
    assert found[2].x + found[2].width == pytest.approx(plot.frame.right, abs=0.02)
    assert [(step.x, step.width) for step in plot.binding] == [(plot.frame.left, round(column, 2))]


def test_small_buffers_are_seen_and_lie_on_top() -> None:
    orders = [box.order for box in figure(ARENA).boxes]
    assert orders.index(3) == 4
    assert boxes()[3].height >= 1.5


def test_labels() -> None:
    found = boxes()
    assert [line.text for line in found[1].label] == ["first_conv"]
    assert [box.kind for _, box in sorted(found.items())] == [
        "input",
        "even",
        "odd",
        "even",
        "scratch",
    ]
    assert found[3].label == ()  # too thin even for its number
    assert found[3].title == "softmax: 4 bytes at 300 to 304, alive in step 2"
    assert found[2].title == "second_conv: 300 bytes at 0 to 300, alive in steps 1 to 2"


def test_labels_break_turn_and_shrink() -> None:
    """A column is 952 / 15 = 63 wide; the plot is 386 high."""
    name = "depthwise_conv"
    build = {
        "arena_bytes": 400,
        "arena_lower_bound": 400,
        "steps": [step(400)] * 15,
        "buffers": [
            buffer("a_very_long_" + name, 0, 0, 400, range(0, 1)),
            buffer(name, 1, 0, 40, range(1, 2)),
            buffer(name, 2, 0, 16, range(2, 3)),
            buffer(name, 3, 0, 2, range(3, 4)),
        ],
    }
    found = boxes(arena_of(build))
    assert [line.text for line in found[0].label] == ["a_very_long_depthwise_conv"]
    assert found[0].turned
    assert [line.text for line in found[1].label] == ["depthwise_", "conv"]
    assert not found[1].turned
    assert [line.text for line in found[2].label] == ["2"]
    assert found[3].label == ()


def test_a_bound_that_is_not_met() -> None:
    plot = figure(arena_of({**BUILD, "arena_lower_bound": 1000}))
    assert plot.peak_text == "peak 1,200 bytes"
    assert plot.bound is not None
    assert plot.bound.text == "lower bound 1,000"
    assert plot.frame.top < plot.bound.at < plot.frame.bottom


# Layer 0 is written over rows of the input, four rows in one call; layers 1 and 2 run together, a
# row at a time, through a window, and layer 2 is written over rows of layer 0.
BY_ROWS = {
    "arena_bytes": 500,
    "arena_lower_bound": 500,
    "steps": [step(500, 0, 0, 0, 4), step(400, 1, 2, 1, 8), step(400, 3, 3)],
    "buffers": [
        buffer(name, layer, offset, size, steps, kind, tuple(spans))
        for name, layer, offset, size, steps, kind, spans in (
            ("input", None, 100, 400, range(0, 1), "tensor", rows_of(100, 0, 0, 1, 1)),
            ("zero", 0, 0, 400, range(0, 2), "tensor", rows_of(0, 0, 1, 5, 2)),
            ("one", 1, 400, 100, range(1, 2), "line", [(400, 450, 4, 6), (450, 500, 7, 12)]),
            ("two", 2, 0, 400, range(1, 3), "tensor", rows_of(0, 5, 2, 13, 0)),
            ("three", 3, 400, 100, range(2, 3), "tensor", [(400, 500, 12, 13)]),
        )
    ],
}
ROWS = arena_of(BY_ROWS)


def test_time_goes_from_call_to_call_where_rows_come_and_go() -> None:
    assert [(one.start, one.end) for one in ROWS.steps] == [(0, 4), (4, 12), (12, 13)]
    assert ROWS.moves
    assert not ARENA.moves
    assert [row.lies_on for row in buffer_rows(ROWS)] == ["", "in", "", "0", ""]


def test_text_by_rows() -> None:
    """The input makes way for layer 0, and that for layer 2."""
    assert list(draw_arena(ROWS, ASCII, 40)) == [
        "  500 |%%%in%%%      ####1#####3#",
        "      |%%%%%%%%####  ############",
        "      |%%%%%%=======0=========2==",
        "      |%%%%%%====================",
        "  333 |%%%%%%====================",
        "      |%%%%======================",
        "      |%%%%======================",
        "      |%%========================",
        "  166 |%%========================",
        "      |%%========================",
        "      |==========================",
        "      |==========================",
        "    0 |--------------------------",
        " step  0",
        "binds  ^^^^^^^^",
    ]


def test_steps_in_which_rows_move_are_wide() -> None:
    for frame in (WIDE, NARROW):
        plot = figure(ROWS, frame)
        assert [tick.text for tick in plot.steps] == ["0", "1", "2"]
        left, middle, right = plot.dividers
        assert (left, plot.binding[0].x) == (frame.left, frame.left)
        assert right - middle > middle - left
        assert frame.right - right == pytest.approx(0.3 * (frame.right - frame.left), abs=0.1)
    assert [tick.text for tick in figure(ROWS).runs] == [
        "in one call",
        "layers 1 to 2, 1 row at a time",
    ]


def same(number: int) -> float:
    return number


def test_an_outline_has_no_edge_between_what_touches() -> None:
    stairs = (Span(0, 10, 0, 4), Span(10, 20, 0, 2), Span(20, 25, 1, 2))
    assert outline(stairs, same, same) == (
        "M0 0H4M2 10H4M0 20H1M1 25H2M0 0V20M1 20V25M2 10V25M4 0V10"
    )
    assert area(stairs[:1], same, same) == "M0 10H4V0H0Z"


def test_shapes_have_all_their_rows() -> None:
    found = boxes(ROWS)
    assert [bool(found[order].area) for order in range(5)] == [True, True, True, True, False]
    assert found[0].area.count("M") == 4
    assert found[0].title == "input: 400 bytes at 100 to 500, alive in step 0, row by row"


def test_a_name_stands_where_its_buffer_is_all_the_time() -> None:
    assert label_room(ROWS.buffers[0]) == Span(200, 500, 0, 2)
    assert label_room(ROWS.buffers[2]) == Span(400, 500, 4, 12)
    assert [line.text for line in boxes(ROWS)[3].label] == ["two"]


def test_names_do_not_lie_on_each_other() -> None:
    """Two line buffers that take turns at the same bytes."""
    turns = [
        buffer("a", 1, 0, 20, range(0, 1), "line", ((0, 20, 0, 1), (0, 20, 2, 3))),
        buffer("b", 2, 0, 20, range(0, 1), "line", ((0, 20, 1, 2), (0, 20, 3, 4))),
    ]
    build = {"arena_bytes": 20, "arena_lower_bound": 20, "steps": [step(20, 1, 2, 1, 4)]}
    one, two = boxes(arena_of({**build, "buffers": turns})).values()
    assert [line.text for line in (*one.label, *two.label)] == ["rows of a", "rows of b"]
    assert abs(one.label_x - two.label_x) > 60


def test_where_one_memory_ends_and_the_next_begins() -> None:
    arrays = [{"memory": "DTCM", "offset": 0}, {"memory": "AXI", "offset": 600}]
    plot = figure(arena_of({**BUILD, "arena": arrays}))
    (wall,) = plot.walls
    assert wall.text == "AXI from 600 on"
    assert wall.at == (plot.frame.top + plot.frame.bottom) / 2
    assert figure(ARENA).walls == ()


def test_an_input_that_the_first_moment_writes_over(tmp_path: Path) -> None:
    graph = OPERATORS["SOFTMAX"].example(np.random.default_rng([0, *b"SOFTMAX"]))
    model = tmp_path / "softmax.tflite"
    model.write_bytes(write_model(graph))
    built = build(model, target="stm32f7", output=tmp_path / "build").manifest
    spans = [(buffer.name, bool(buffer.spans)) for buffer in built.buffers]
    assert spans == [("input", False), (built.layers[0].name, True)]
    assert "arena" in (tmp_path / "build" / "report.html").read_text()
