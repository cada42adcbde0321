"""The arena's picture: which rectangles and which characters."""

from __future__ import annotations

from typing import Any

import pytest

from mcugen.report.arena import Arena, arena_of
from mcugen.report.arena_svg import Box, figure
from mcugen.report.arena_text import ASCII, BLOCKS, bar, draw_arena, glyphs_for


def buffer(
    name: str, layer: int | None, offset: int, size: int, steps: range, kind: str = "tensor"
) -> dict[str, Any]:
    return {
        "name": name,
        "kind": kind,
        "layer": layer,
        "offset": offset,
        "bytes": size,
        "start": steps.start,
        "end": steps.stop,
    }


BUILD = {
    "arena_bytes": 1200,
    "arena_lower_bound": 1200,
    "steps": [{"live_bytes": 1200}, {"live_bytes": 900}, {"live_bytes": 604}],
    "buffers": [
        buffer("input", None, 0, 500, range(0, 1)),
        buffer("first_conv", 0, 600, 600, range(0, 2)),
        buffer("second_conv", 1, 0, 300, range(1, 3)),
        buffer("softmax", 2, 300, 4, range(2, 3)),
        buffer("first_conv", 0, 500, 100, range(0, 1), "scratch"),
    ],
}
ARENA = arena_of(BUILD)


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
    live = [{"live_bytes": 4}] * steps
    buffers = [buffer(f"layer{n}", n, 4 * (n % 2), 4, range(n, n + 1)) for n in range(steps)]
    build = {"arena_bytes": 8, "arena_lower_bound": 4, "steps": live, "buffers": buffers}
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
    assert found[1].width == pytest.approx(2 * plot.column, abs=0.02)
    assert found[2].x == pytest.approx(plot.frame.left + plot.column, abs=0.01)
    assert found[2].x + found[2].width == pytest.approx(plot.frame.right, abs=0.02)
    assert plot.binding == (plot.frame.left,)


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
        "steps": [{"live_bytes": 400}] * 15,
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
