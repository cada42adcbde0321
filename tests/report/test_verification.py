"""The last verification is kept with its build, and believed only where it is about that build."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mcugen.errors import UsageError
from mcugen.manifest import read_manifest, sha256_of_json
from mcugen.report.html import write_report
from mcugen.report.verification import FILE_NAME, load_verification, save_verification
from mcugen.report.write import write_whole
from tests.report.answers import verified


def save(folder: Path) -> dict[str, Any]:
    manifest = read_manifest(folder)
    answer = verified(manifest, "host", "board")
    save_verification(folder, manifest, answer)
    return answer


def test_what_is_kept_comes_back_without_paths(small: Path) -> None:
    answer = save(small)
    del answer["dump"]
    found = load_verification(small, read_manifest(small))
    assert (found.runs, found.note) == ((answer,), "")
    assert "/somewhere" not in (small / FILE_NAME).read_text()


def test_none(small: Path) -> None:
    found = load_verification(small, read_manifest(small))
    assert found.answer is None
    assert found.note == "It has not been verified since it was built."


@pytest.mark.parametrize("field", ["model_sha256", "firmware_sha256", "mcugen", "schema"])
def test_of_another_build(small: Path, field: str) -> None:
    save(small)
    content = json.loads((small / FILE_NAME).read_text())
    (content if field == "schema" else content["runs"][0])[field] = "another"
    (small / FILE_NAME).write_text(json.dumps(content))
    found = load_verification(small, read_manifest(small))
    assert found.answer is None
    assert "another build" in found.note


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:100],
        lambda text: text.replace('"equal": true', '"equal": false', 1),
        lambda text: "[]",
        lambda text: "null",
        lambda text: "{}",
        lambda text: "\ufeff" + text,
        lambda text: "[" * 100_000,
    ],
)
def test_damaged(small: Path, damage: Any) -> None:
    save(small)
    path = small / FILE_NAME
    path.write_text(damage(path.read_text()))
    found = load_verification(small, read_manifest(small))
    assert found.answer is None
    assert "damaged" in found.note


def forge(folder: Path, answer: Any) -> str:
    """Keeps ``answer`` under its right digest; returns what is said of it."""
    content = json.loads((folder / FILE_NAME).read_text())
    content["runs"][0].update(answer=answer, answer_sha256=sha256_of_json(answer))
    (folder / FILE_NAME).write_text(json.dumps(content))
    found = load_verification(folder, read_manifest(folder))
    write_report(folder)
    return "" if found.answer is not None else found.note


# What no report reads.
UNREAD = {"model", "elf"}

# What is None where nothing observed it.
COUNTS = {"instructions", "cycles", "clock_hz", "stack_bytes", "stray_writes"}
# What may be any text, or None.
TEXTS = {"port_counts", "port_board"}


def test_an_answer_that_lacks_something(small: Path) -> None:
    answer = save(small)
    assert forge(small, answer) == ""
    for key in sorted(answer.keys() - UNREAD - {"dump"}):
        rest = {name: value for name, value in answer.items() if name != key}
        assert "damaged" in forge(small, rest), key
    for key in ("inputs", "answers", "pairs", "layer_details"):
        assert "damaged" in forge(small, {**answer, key: [{}, *answer[key][1:]]}), key


@pytest.mark.parametrize("value", [None, 5, "x", [5], {}, {"top": 5}])
def test_an_answer_of_other_types(small: Path, value: Any) -> None:
    answer = save(small)
    assert "damaged" in forge(small, value)
    numbers = {key for key in answer if isinstance(answer[key], int)} | COUNTS
    suits = {None: COUNTS | TEXTS, 5: numbers, "x": {*TEXTS, "board", "estimate_note"}}
    fine = suits.get(value, set()) if isinstance(value, int | str | None) else set()
    for key in sorted(answer.keys() - UNREAD - {"dump", "first_difference"}):
        assert (forge(small, {**answer, key: value}) == "") == (key in fine), key


def test_an_answer_at_odds_with_itself(small: Path) -> None:
    answer = save(small)
    first, *others = answer["layer_details"]
    for changes in (
        {"layer_details": others},
        {"layer_details": [{**first, "instructions": None}, *others]},
        {"answers": []},
        {"pairs": [{**answer["pairs"][0], "b": "toaster"}]},
        {"status": "different"},
        {"status": "different", "error": {"code": "V001"}},
    ):
        assert "damaged" in forge(small, {**answer, **changes}), changes


def test_not_even_a_file(small: Path) -> None:
    (small / FILE_NAME).mkdir()
    assert "damaged" in load_verification(small, read_manifest(small)).note
    with pytest.raises(UsageError, match="is not a file") as caught:
        save(small)
    assert caught.value.code == "U005"


def test_it_is_no_part_of_the_build(small: Path) -> None:
    before = read_manifest(small)
    save(small)
    assert read_manifest(small) == before


@pytest.mark.parametrize("path", ["", ".", "..", "/", "/dev/null"])
def test_where_no_file_can_be(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="is not a file") as caught:
        write_whole(Path(path), "text")
    assert caught.value.code == "U005"
    assert list(tmp_path.iterdir()) == []


def test_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "x"
    write_whole(path, "first")
    write_whole(path, "zw\u00f6lf \udcff")
    assert path.read_bytes() == b"zw\xc3\xb6lf \\udcff"
    with pytest.raises(UsageError) as caught:
        write_whole(tmp_path / "missing" / "x", "text")
    assert caught.value.code == "U005"
    assert sorted(tmp_path.iterdir()) == [path]
