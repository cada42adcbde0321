"""``check`` from the command line, on a build of which something was found."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from mcugen.cli import main
from mcugen.manifest import read_manifest
from mcugen.report.evaluations import save_evaluation
from mcugen.report.verification import save_verification
from tests.report.answers import evaluated, verified

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def proven(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Verified and evaluated: 9,000 instructions, 488 bytes of stack, 75 % right."""
    folder = shutil.copytree(small, tmp_path / "proven")
    manifest = read_manifest(folder)
    save_verification(folder, manifest, verified(manifest, "board"))
    save_evaluation(folder, manifest, evaluated(manifest))
    monkeypatch.chdir(tmp_path)
    return folder


def test_within(proven: Path, capsys: Capture) -> None:
    limits = ("--max-ram", "100K", "--max-instructions", "9K", "--max-stack", "488")
    assert main(["check", str(proven), *limits, "--min-accuracy", "0.75"]) == 0
    told = capsys.readouterr()
    assert told.out.endswith("within all limits (4)\n")
    assert told.err == ""


def test_over(proven: Path, capsys: Capture) -> None:
    assert main(["check", str(proven), "--max-instructions", "8999", "--max-ram", "1K"]) == 1
    told = capsys.readouterr()
    assert "error[C001]: the build is over its limits in RAM and instructions\n" in told.err
    assert "instructions: 9,000, at most 8,999: 1 too much; most in `" in told.err
    assert "NO" in told.out


def test_as_json(proven: Path, capsys: Capture) -> None:
    assert main(["check", str(proven), "--max-stack", "400", "--max-ram", "1M", "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert (answer["command"], answer["status"]) == ("check", "over")
    assert [one["status"] for one in answer["limits"]] == ["ok", "over"]
    assert answer["limits"][1]["excess"] == 88
    assert answer["error"]["code"] == "C001"


def test_what_nobody_measured(small: Path, capsys: Capture) -> None:
    assert main(["check", str(small), "--max-stack", "1K", "--min-accuracy", "0.5"]) == 2
    told = capsys.readouterr()
    assert "error[U011]: " in told.err
    assert f"`mcugen verify {small} --sim`" in told.err
    assert f"`mcugen eval {small} --dataset FOLDER`" in told.err


def test_the_file_and_what_goes_before_it(proven: Path, capsys: Capture) -> None:
    Path("mcugen.toml").write_text('[check]\nmax-ram = "1K"\nmax-stack = "1K"\n', "utf-8")
    assert main(["check", str(proven)]) == 1
    assert main(["check", str(proven), "--max-ram", "1M"]) == 0
    Path("other.toml").write_text("[check]\nmax-stack = 487\n", "utf-8")
    assert main(["check", str(proven), "--config", "other.toml"]) == 1
    told = capsys.readouterr()
    assert "in stack" in told.err


def test_what_it_cannot_do(proven: Path, capsys: Capture) -> None:
    for arguments in (
        [str(proven)],
        [str(proven), "--max-ram", "much"],
        [str(proven), "--config", "none.toml"],
        [str(proven), "--max-ram", "1M", "--model", "other"],
        ["none", "--max-ram", "1M"],
    ):
        assert main(["check", *arguments]) == 2
    codes = [line[6:10] for line in capsys.readouterr().err.splitlines() if "error[" in line]
    assert codes == ["U007", "U006", "U001", "U006", "U003"]
