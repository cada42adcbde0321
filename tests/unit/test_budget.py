"""Limits of a build: how they are written, what is over, and who is to blame."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mcugen.budget import LIMITS, Checked, Limit, check_budget, given_limits, read_limits
from mcugen.compare import Recorded
from mcugen.errors import UsageError
from mcugen.manifest import Step
from mcugen.report.check import render_check
from mcugen.report.layout import Table
from tests.builds_to_compare import OLD

BY_OPTION = {limit.option: limit for limit in LIMITS}
BUILD = replace(
    OLD,
    manifest=replace(
        OLD.manifest, steps=(Step(0, 1, 4, 6000, 9), Step(2, 2, 0, 900, 1), Step(3, 3, 0, 20, 1))
    ),
)


@pytest.mark.parametrize(
    ("option", "text", "value"),
    [
        ("max-ram", "102400", 102_400),
        ("max-ram", "100K", 102_400),
        ("max-flash", "1.5m", 1_572_864),
        ("max-stack", "1G", 1_073_741_824),
        ("max-instructions", "45M", 45_000_000),
        ("max-instructions", "0.5K", 500),
        ("max-instructions", "45000000.0", 45_000_000),
        ("min-accuracy", "0.9", 0.9),
        ("min-accuracy", "1", 1.0),
    ],
)
def test_values(option: str, text: str, value: float) -> None:
    assert BY_OPTION[option].parse(text) == value


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("max-ram", ""),
        ("max-ram", "-1"),
        ("max-ram", "10 K"),
        ("max-ram", "100KB"),
        ("max-ram", "0.3"),
        ("max-instructions", "1e400"),
        ("min-accuracy", "90"),
        ("min-accuracy", "nan"),
        ("min-accuracy", "90%"),
    ],
)
def test_what_is_no_value(option: str, text: str) -> None:
    with pytest.raises(ValueError, match=f"`{option}`: "):
        given_limits({option: text})


def checked(build: Recorded = BUILD, **limits: str) -> Checked:
    texts = {option.replace("_", "-"): text for option, text in limits.items()}
    return check_budget(build, given_limits(texts), lambda limit: f"mcugen {limit.measured_by}")


def test_at_the_limit_is_within_it() -> None:
    found = checked(
        max_ram="12000",
        max_arena="8000",
        max_flash="30000",
        max_stack="480",
        max_instructions="10295",
        min_accuracy="0.91",
    )
    assert found.error is None
    assert found.as_json()["status"] == "ok"
    assert render_check(found)[-1] == "within all limits (6)"


def test_what_is_over_with_its_layers() -> None:
    found = checked(
        max_ram="11999",
        max_arena="7K",
        max_flash="29K",
        max_stack="0.25K",
        max_instructions="10K",
        min_accuracy="0.95",
    )
    assert found.error is not None
    assert (found.error.code, found.error.exit_status) == ("C001", 1)
    assert found.error.details == (
        "RAM: 12,000 bytes, at most 11,999 bytes: 1 byte too much; the arena binds at"
        " `conv_1 to pool` 6,000 bytes",
        "arena: 8,000 bytes, at most 7,168 bytes: 832 bytes too much; binds at"
        " `conv_1 to pool` 6,000 bytes",
        "flash: 30,000 bytes, at most 29,696 bytes: 304 bytes too much; largest weights:"
        " `dense` 5,000 bytes, `conv_1` 400 bytes",
        "stack: 480 bytes, at most 256 bytes: 224 bytes too much",
        "instructions: 10,295, at most 10,000: 295 too much; most in"
        " `conv_1` 9,100, `dense` 810, `pool` 310",
        "accuracy: 91.00 %, at least 95.00 %: 4.00 % too little",
    )
    told = found.as_json()
    assert told["status"] == "over"
    assert told["limits"][4]["binds"][0] == {"layer": "conv_1", "amount": 9100}


def test_what_was_never_measured_is_no_pass() -> None:
    bare = Recorded(BUILD.manifest)
    found = checked(bare, max_ram="12000", max_stack="1K", min_accuracy="0.9")
    assert found.error is not None
    assert (found.error.code, found.error.exit_status) == ("U011", 2)
    assert found.error.details == (
        "stack was never measured: `mcugen verify --sim`",
        "accuracy was never measured: `mcugen eval --dataset FOLDER`",
    )
    assert found.as_json()["status"] == "unmeasured"
    (table,) = (block for block in render_check(found) if isinstance(block, Table))
    assert [row[-1] for row in table.rows] == ["yes", "?", "?"]


def test_over_goes_before_unmeasured_and_tells_both() -> None:
    found = checked(Recorded(BUILD.manifest), max_ram="1K", max_stack="1K")
    assert found.error is not None
    assert found.error.code == "C001"
    assert "stack was never measured: `mcugen verify --sim`" in found.error.details


def written(folder: Path, text: str) -> Path:
    path = folder / "mcugen.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_file(tmp_path: Path) -> None:
    text = '[check]\nmax-ram = "100K"\nmax-flash = 300000\nmin-accuracy = 0.9\n'
    assert read_limits(written(tmp_path, text)) == {
        BY_OPTION["max-ram"]: 102_400,
        BY_OPTION["max-flash"]: 300_000,
        BY_OPTION["min-accuracy"]: 0.9,
    }
    assert read_limits(written(tmp_path, "")) == {}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[check]\nmax-rom = 1", "there is no limit `max-rom`"),
        ("[chekc]\nmax-ram = 1", "`chekc` is nothing that mcugen knows"),
        ("check = 5", "`check` must be a table"),
        ("[check]\nmax-ram = true", "`max-ram` must be a number or a text"),
        ("[check]\nmax-ram = [1]", "`max-ram` must be a number or a text"),
        ('[check]\nmax-ram = "much"', "`max-ram`: 'much' is no number of bytes"),
        ("[check", "not a TOML file"),
    ],
)
def test_a_file_that_is_wrong(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_limits(written(tmp_path, text))
    assert what in caught.value.what
    assert "mcugen.toml" in caught.value.where


def test_limits_are_those_of_the_command() -> None:
    from mcugen.cli.check import _HELP

    assert list(_HELP) == [limit.option for limit in LIMITS]
    assert all(isinstance(limit, Limit) for limit in LIMITS)
