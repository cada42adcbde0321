"""Two builds side by side: which layers correspond, what is counted, what keeps them apart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcugen.compare import Comparison, Figure, Recorded, compare_builds
from mcugen.report.diff import render_diff
from mcugen.report.layout import Table
from tests.builds_to_compare import NEW, OLD


def pairs(found: Comparison) -> list[tuple[str | None, str | None]]:
    return [(pair.old and pair.old.name, pair.new and pair.new.name) for pair in found.layers]


def totals(found: Comparison) -> dict[str, Figure]:
    return {figure.name: figure for figure in found.totals}


def test_layers_correspond_by_name_and_then_by_operator() -> None:
    assert pairs(compare_builds(OLD, NEW)) == [
        ("conv_1", "conv_1"),
        ("pool", None),
        ("dense", "dense_a"),
        (None, "extra"),
        ("out", "out"),
    ]
    back = [(two, one) for one, two in pairs(compare_builds(NEW, OLD))]
    assert sorted(map(str, back)) == sorted(map(str, pairs(compare_builds(OLD, NEW))))


def test_what_differs() -> None:
    found = compare_builds(OLD, NEW)
    assert [pair.differs for pair in found.layers] == [True, True, False, True, False]
    assert not any(pair.differs for pair in compare_builds(OLD, OLD).layers)
    assert totals(found)["arena"].change == -2000
    assert totals(found)["arena"].share == pytest.approx(-0.25)
    assert totals(found)["accuracy"].change == pytest.approx(0.015)


def test_instructions_are_counted_or_estimated_in_both() -> None:
    found = compare_builds(OLD, NEW)
    assert found.counted
    assert (totals(found)["instructions"].old, totals(found)["instructions"].new) == (10295, 3995)
    for old, new, whose in ((OLD, unverified(NEW), "new"), (unverified(OLD), NEW, "old")):
        found = compare_builds(old, new)
        estimated = totals(found)["instructions, estimated"]
        assert not found.counted
        assert (estimated.old, estimated.new) == (10170, 3925)
        assert found.layers[0].old is not None
        assert found.layers[0].old.instructions == 9000
        assert f"the {whose} build was not verified: instructions of both are estimates" in (
            found.notes
        )
    nothing = compare_builds(unverified(OLD), unverified(NEW))
    assert "not verified" not in " ".join(nothing.notes)
    assert "accuracy" not in totals(nothing)


def unverified(one: Recorded) -> Recorded:
    return Recorded(one.manifest)


def test_notes() -> None:
    assert compare_builds(OLD, OLD).notes == ()
    assert compare_builds(OLD, NEW).notes == (
        "the models differ",
        "accuracies are over other pictures",
    )
    other = replace(OLD.manifest, board="other", mcugen="0.2.0", toolchain="gcc 13")
    assert compare_builds(OLD, replace(OLD, manifest=other)).notes == (
        "the boards differ",
        "mcugen 0.1.0 before, 0.2.0 after",
        "the compilers differ",
    )


def test_text() -> None:
    blocks = render_diff(compare_builds(OLD, NEW))
    numbers, layers = [block for block in blocks if isinstance(block, Table)]
    cells = {row[0]: row[1:] for row in numbers.rows}
    assert cells["arena"] == ("8,000", "6,000", "-2,000 (-25.00%)")
    assert cells["accuracy"] == ("91.00%", "92.50%", "+1.50 points")
    assert cells["deepest stack"] == ("480", "480", "0")
    assert [row[0] for row in layers.rows] == [
        *("conv_1", "- pool", "dense -> dense_a", "+ extra", "out")
    ]
    assert layers.rows[0][2:7] == ("conv -> rows_convolve", "3,050", "-6,050", "420", "+20")
    assert blocks[-1] == "3 of 5 layers differ"
