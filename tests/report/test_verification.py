"""The last verification is kept with its build, and believed only where it is about that build."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mcugen.errors import UsageError
from mcugen.manifest import read_manifest
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
    assert (found.answer, found.note) == (answer, "")
    assert "/somewhere" not in (small / FILE_NAME).read_text()


def test_none(small: Path) -> None:
    found = load_verification(small, read_manifest(small))
    assert found.answer is None
    assert found.note == "It has not been verified since it was built."


@pytest.mark.parametrize("field", ["model_sha256", "firmware_sha256", "mcugen", "schema"])
def test_of_another_build(small: Path, field: str) -> None:
    save(small)
    content = json.loads((small / FILE_NAME).read_text())
    content[field] = 2 if field == "schema" else "another"
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


def test_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "x"
    write_whole(path, "first")
    write_whole(path, "zw\u00f6lf \udcff")
    assert path.read_bytes() == b"zw\xc3\xb6lf \\udcff"
    with pytest.raises(UsageError) as caught:
        write_whole(tmp_path / "missing" / "x", "text")
    assert caught.value.code == "U005"
    assert sorted(tmp_path.iterdir()) == [path]
