"""A build folder is written whole or not at all."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import mcugen.staging
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


@pytest.mark.parametrize(
    ("how", "where"), [("kill", "call"), ("interrupt", "call"), ("interrupt", "line")]
)
@pytest.mark.parametrize("steps", ["one", "two"])
def test_ended_anywhere_the_old_or_the_new_build_is_whole(
    how: str, where: str, steps: str, tmp_path: Path
) -> None:
    program = Path(__file__).with_name("staging_child.py")
    done = subprocess.run(
        [sys.executable, str(program), how, where, steps, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=program.parents[2],
        env={**os.environ, "PYTHONPATH": str(program.parents[2])},
    )
    assert done.returncode == 0, done.stderr
    found = Counter(done.stdout.splitlines())
    whole = {"old old build", "new new build"}
    if (how, steps) == ("kill", "two"):  # between the two, only the next build knows where it is
        assert found.pop("broken:[] old build") == 1
    assert set(found) == whole
    assert min(found.values()) > 5, "it is ended before and after it takes the place"


def test_an_error_between_the_two_renames_leaves_the_old_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mcugen.staging, "exchange", lambda first, second: False)
    with staged(tmp_path / "build") as folder:
        write_tree(folder, {FILE_NAME: "old"})
    with pytest.raises(UsageError), staged(tmp_path / "build") as folder:
        folder.rmdir()
    assert (tmp_path / "build" / FILE_NAME).read_text() == "old"
    assert leftovers(tmp_path) == ["build"]


def test_two_builds_at_once_leave_each_other_alone(tmp_path: Path) -> None:
    with staged(tmp_path / "build") as first:
        write_tree(first, {FILE_NAME: "first"})
        with staged(tmp_path / "build") as second:
            write_tree(second, {FILE_NAME: "second"})
        assert leftovers(tmp_path) == [first.parent.name, "build"]
        assert (tmp_path / "build" / FILE_NAME).read_text() == "second"
    assert (tmp_path / "build" / FILE_NAME).read_text() == "first"
    assert leftovers(tmp_path) == ["build"]


def test_only_what_is_ours_is_cleared_away(tmp_path: Path) -> None:
    ours, thesis, linked = (f".build.mcugen-{end}" for end in ("abandond", "mythesis", "linked__"))
    (tmp_path / ours / "new" / "model").mkdir(parents=True)
    others = [
        thesis,
        ".build.mcugen-mine",
        ".build-abcdefgh",
        ".other.mcugen-abandond",
        "build.old",
    ]
    for name in others:
        (tmp_path / name / "precious").mkdir(parents=True)
    (tmp_path / linked).symlink_to(tmp_path / "build.old")
    with staged(tmp_path / "build") as folder:
        write_tree(folder, {FILE_NAME: ""})
    assert leftovers(tmp_path) == sorted(["build", linked, *others])
    assert all((tmp_path / name / "precious").is_dir() for name in others)


def test_a_link_to_a_build_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "build").symlink_to("elsewhere")
    for text in ("old", "new"):
        with staged(tmp_path / "build") as folder:
            write_tree(folder, {FILE_NAME: text})
    assert (tmp_path / "elsewhere" / FILE_NAME).read_text() == "new"
    assert leftovers(tmp_path) == ["build", "elsewhere"]


def test_the_folder_that_the_command_runs_in_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with (
        pytest.raises(UsageError, match=re.escape("the one that the command runs in")),
        staged(Path(".")),
    ):
        pass
    assert leftovers(tmp_path) == []
