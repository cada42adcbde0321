"""The codes, their documentation and the text of an error."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from mcugen.errors import FAMILIES, DifferenceError, McugenError, UsageError

DOCS = Path(__file__).parents[2] / "docs" / "errors.md"
CODES = {code: meaning for family in FAMILIES for code, meaning in family.codes.items()}


def documented() -> list[tuple[str, str, str, int]]:
    """Code, meaning, way out, and exit status of the section that a row stands in."""
    rows = []
    status = -1
    for line in DOCS.read_text().splitlines():
        if heading := re.fullmatch(r"## .*: exit status (\d+)", line):
            status = int(heading[1])
        if row := re.fullmatch(r"\| ([A-Z]\d{3}) \| (.*) \| (.*) \|", line):
            rows.append((row[1], row[2], row[3], status))
    return rows


def test_every_code_is_documented_once_with_its_meaning() -> None:
    assert Counter(code for code, *_ in documented()) == Counter(CODES.keys())
    assert {code: meaning for code, meaning, *_ in documented()} == CODES


def test_every_documented_code_has_a_way_out() -> None:
    assert [code for code, _, way_out, _ in documented() if len(way_out) < 20] == []


def test_documented_exit_statuses() -> None:
    expected = {code: family.exit_status for family in FAMILIES for code in family.codes}
    assert {code: status for code, _, _, status in documented()} == expected


def test_every_family_is_listed() -> None:
    assert set(FAMILIES) == set(McugenError.__subclasses__())


def test_a_code_belongs_to_one_family() -> None:
    assert len(CODES) == sum(len(family.codes) for family in FAMILIES)


def test_a_code_of_another_family_is_refused() -> None:
    with pytest.raises(ValueError, match="no code V001"):
        UsageError("V001", "outputs differ")


def test_text_of_an_error() -> None:
    error = DifferenceError(
        "V001",
        "outputs differ at layer 7 `dw3`",
        where="output[0,4,2,11] reference -17, board -16",
        details=("same:  host build agrees with the reference",),
        hint="rerun with `--dump-layer 7`",
    )
    assert str(error) == (
        "error[V001]: outputs differ at layer 7 `dw3`\n"
        "  where: output[0,4,2,11] reference -17, board -16\n"
        "  same:  host build agrees with the reference\n"
        "\n"
        "hint: rerun with `--dump-layer 7`"
    )


def test_text_of_an_error_without_place_and_hint() -> None:
    assert str(UsageError("U001", "`x` cannot be read")) == "error[U001]: `x` cannot be read"
