"""A build folder is written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcugen.errors import UsageError
from mcugen.manifest import FILE_NAME
from mcugen.staging import staged, write_tree


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_folder_appears_when_all_is_done(tmp_path: Path) -> None:
    with staged(tmp_path / "build") as folder:
        write_tree(folder, {"model/model.c": "int x;\n"})
        assert not (tmp_path / "build").exists()
    assert (tmp_path / "build/model/model.c").read_text() == "int x;\n"
    assert leftovers(tmp_path) == ["build"]


def test_failure_leaves_the_old_build(tmp_path: Path) -> None:
    with staged(tmp_path / "build") as folder:
        write_tree(folder, {FILE_NAME: "old"})
    with pytest.raises(ZeroDivisionError), staged(tmp_path / "build") as folder:
        write_tree(folder, {FILE_NAME: f"{1 // 0}"})
    assert (tmp_path / "build" / FILE_NAME).read_text() == "old"
    assert leftovers(tmp_path) == ["build"]


def test_build_replaces_a_build(tmp_path: Path) -> None:
    for text in ("old", "new"):
        with staged(tmp_path / "build") as folder:
            write_tree(folder, {FILE_NAME: text, text: text})
    assert leftovers(tmp_path / "build") == [FILE_NAME, "new"]


@pytest.mark.parametrize("make", ["file", "foreign folder"])
def test_what_is_not_a_build_is_not_replaced(tmp_path: Path, make: str) -> None:
    output = tmp_path / "precious"
    if make == "file":
        output.write_text("mine")
    else:
        output.mkdir()
        (output / "thesis.tex").write_text("mine")
    with pytest.raises(UsageError) as caught, staged(output):
        pass
    assert caught.value.code == "U005"
    assert leftovers(tmp_path) == ["precious"]


def test_unwritable_place_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError) as caught, staged(tmp_path / "file" / "build"):
        pass
    assert caught.value.code == "U005"
