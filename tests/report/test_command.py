"""``report``, and what ``build`` and ``verify`` leave for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mcugen.cli import main
from mcugen.manifest import read_manifest
from mcugen.report.verification import FILE_NAME, save_verification
from tests.report.answers import verified


def test_text_and_file(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = read_manifest(small)
    save_verification(small, manifest, verified(manifest, "board", "port"))
    assert main(["report", str(small)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "small on nucleo-f746zg",
        "",
        f"RAM    {manifest.ram_bytes:,} of 327,680 bytes",
        f"flash  {manifest.flash_bytes:,} of 1,015,808 bytes",
        "9,000 instructions an inference, at most",
        "18,000 cycles an inference, at most: 0.1 ms at 200 MHz",
        "equal: reference = board in every value, = port by the CRC-32 of every layer and in every"
        " output value (9 layers, 1 input)",
        f"wrote {small / 'report.html'}",
    ]
    assert (small / "report.html").read_text().startswith("<!DOCTYPE html>")


def test_json_and_another_file(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "r.html"
    assert main(["report", str(small), "-o", str(output), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["schema"] == 1
    assert (answer["command"], answer["status"]) == ("report", "ok")
    assert answer["report"] == str(output)
    assert (answer["fits"], answer["exact"], answer["executions"]) == (True, None, [])
    assert output.is_file()
    assert not (small / "report.html").exists()


def test_not_a_build(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("error[U003]: ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("output", ["", "missing/r.html"])
def test_where_nothing_can_be_written(
    small: Path, tmp_path: Path, output: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(small), "-o", str(tmp_path / output)]) == 2
    assert capsys.readouterr().err.startswith("error[U005]: ")


@pytest.mark.parametrize("name", ["manifest.json", "firmware.bin", "verification.json"])
def test_what_was_built_is_not_replaced(
    small: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = read_manifest(small)
    save_verification(small, manifest, verified(manifest, "board"))
    before = (small / name).read_bytes()
    (small / "link").symlink_to(name)
    for path in (small / name, small / "model" / ".." / name, small / "link"):
        assert main(["report", str(small), "-o", str(path)]) == 2
        assert capsys.readouterr().err.startswith("error[U005]: ")
    assert (small / name).read_bytes() == before


def test_build_and_verify_write_it(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "b"
    words = [str(small / "model.tflite"), "-t", "stm32f7", "-o", str(folder)]
    assert main(["build", *words, "--json"]) == 0
    built = json.loads(capsys.readouterr().out)
    assert (built["schema"], built["report"]) == (1, str(folder / "report.html"))
    assert "Not verified." in (folder / "report.html").read_text()
    assert main(["verify", str(folder), "--sim", "--count", "1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["report"] == str(folder / "report.html")
    text = (folder / "report.html").read_text()
    assert "Bit-exact." in text
    assert f"{found['stack_bytes']:,} of 4,096 bytes" in text
    # The report was written from what is kept.
    assert main(["report", str(folder), "-q"]) == 0
    assert (folder / "report.html").read_text() == text


def test_verify_tells_what_it_found_even_where_it_cannot_keep_it(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (small / FILE_NAME).mkdir()
    words = ["verify", str(small), "--sim=host", "--count", "1"]
    assert main(words) == 2
    printed = capsys.readouterr()
    assert printed.out.splitlines()[-1].startswith("equal: reference = host")
    assert printed.err.startswith("error[U005]: ")
    assert main([*words, "--json"]) == 2
    answer = json.loads(capsys.readouterr().out)
    assert (answer["status"], answer["error"]["code"]) == ("error", "U005")
    assert answer["pairs"][0]["mismatches"] == 0
