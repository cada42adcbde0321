"""``diff`` from the command line, on a build's folder and one that something was found of."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from mcugen.cli import main
from mcugen.manifest import read_manifest
from mcugen.report.evaluations import FILE_NAME, load_evaluations, save_evaluation
from mcugen.report.verification import save_verification
from tests.report.answers import evaluated, verified


@pytest.fixture
def proven(small: Path, tmp_path: Path) -> Path:
    """The same build, verified and evaluated."""
    folder = shutil.copytree(small, tmp_path / "proven")
    manifest = read_manifest(folder)
    save_verification(folder, manifest, verified(manifest, "board"))
    save_evaluation(folder, manifest, evaluated(manifest))
    return folder


def test_forms(small: Path, proven: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", str(small), str(proven)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("small on nucleo-f746zg\n")
    assert "the old build was not verified" in printed
    assert printed.endswith("all layers are alike\n")
    assert main(["diff", str(proven), str(proven), "--markdown"]) == 0
    printed = capsys.readouterr().out
    assert "| instructions | 9,000 | 9,000 | 0 |\n" in printed
    assert "| accuracy | 75.00% | 75.00% | 0 |\n" in printed
    assert main(["diff", str(proven), str(small), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["command"], answer["status"], answer["counted"]) == ("diff", "ok", False)
    assert answer["totals"][-1] == {"name": "accuracy", "unit": "%", "old": 0.75, "new": None}
    assert len(answer["layers"]) == 9


def test_what_is_no_build(small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", str(small), str(tmp_path / "none")]) == 2
    assert main(["diff", str(small), str(small), "--json", "--markdown"]) == 2
    assert main(["diff", str(small)]) == 2
    told = capsys.readouterr()
    assert told.err.startswith("error[U003]: ")
    assert '"code": "U007"' in told.out


def test_an_evaluation_of_another_build_or_a_damaged_one_is_none(proven: Path) -> None:
    manifest = read_manifest(proven)
    (found,) = load_evaluations(proven, manifest)
    save_evaluation(proven, manifest, {**found, "accuracy": 0.5})
    save_evaluation(proven, manifest, {**found, "pictures": 5})
    assert [one["accuracy"] for one in load_evaluations(proven, manifest)] == [0.5, 0.75]
    path = proven / FILE_NAME
    text = path.read_text("utf-8")
    path.write_text(text.replace("0.75", "0.99"), "utf-8")
    assert load_evaluations(proven, manifest) == ()
    path.write_text(text.replace(manifest.files["firmware.bin"], "0" * 64), "utf-8")
    assert load_evaluations(proven, manifest) == ()
    path.write_text("[" * 10_000, "utf-8")
    assert load_evaluations(proven, manifest) == ()
