"""``mcugen diff --markdown`` as it was reviewed. ``pytest --update-golden`` rewrites it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mcugen.compare import Recorded, compare_builds
from mcugen.report.diff import markdown_diff
from tests.builds_to_compare import NEW, OLD

GOLDEN = Path(__file__).parent / "diff.md"


def test_markdown(request: pytest.FixtureRequest) -> None:
    text = markdown_diff(compare_builds(OLD, NEW))
    if request.config.getoption("--update-golden"):
        GOLDEN.write_text(text, "utf-8")
    assert text == GOLDEN.read_text("utf-8")


def test_markdown_of_what_is_alike() -> None:
    text = markdown_diff(compare_builds(OLD, OLD))
    assert text.endswith("\nall layers are alike\n")
    assert "<details>" not in text


def test_names_are_no_markup() -> None:
    """Of the model and of layers: nothing of them ends a cell or begins a tag."""
    manifest = OLD.manifest
    evil = "a|b<script>`*_[x](y)"
    named = replace(
        manifest,
        model=evil,
        layers=(replace(manifest.layers[0], name=evil, cost=1), *manifest.layers[1:]),
    )
    text = markdown_diff(compare_builds(OLD, Recorded(named)))
    assert "a\\|b\\<script\\>\\`\\*\\_\\[x\\](y)" in text
    assert "<script" not in text.replace("\\<script", "")
