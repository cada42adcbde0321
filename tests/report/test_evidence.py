"""What several verifications of a build say together: nothing proven is lost, nothing hidden."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mcugen.manifest import Manifest, read_manifest
from mcugen.report.evidence import union_of, with_run
from mcugen.report.html import write_report
from mcugen.report.verification import FILE_NAME, load_verification, save_verification
from tests.report.answers import verified


@pytest.fixture
def manifest(small: Path) -> Manifest:
    return read_manifest(small)


def run(manifest: Manifest, *executions: str, inputs: int = 1) -> dict[str, Any]:
    """A verification that went well on so many inputs, the first of which are always the same."""
    answer = verified(manifest, *executions)
    (entry,), (said,) = answer["inputs"], answer["answers"]
    answer["inputs"] = [{**entry, "sha256": f"{number:064x}"} for number in range(inputs)]
    answer["answers"] = [said] * inputs
    return answer


def failed(answer: dict[str, Any], layer: int = 2) -> dict[str, Any]:
    answer["layer_details"][layer]["equal"] = False
    error = {"code": "V001", "what": "outputs differ", "where": "", "details": [], "hint": ""}
    return {**answer, "status": "different", "first_difference": {"layer": 2}, "error": error}


def virtual(answer: dict[str, Any]) -> dict[str, Any]:
    """What a virtual board at the port is verified to."""
    for layer in answer["layer_details"]:
        layer.update(instructions=1500, cycles=None)
    return {**answer, "instructions": 13_500, "cycles": None, "port_counts": "instructions"}


def test_a_quick_look_does_not_erase_the_proof(small: Path, manifest: Manifest) -> None:
    save_verification(small, manifest, run(manifest, "host", "board", inputs=8))
    before = write_report(small)
    save_verification(small, manifest, run(manifest, "host"))
    assert write_report(small) == before
    assert (before["exact"], before["executions"]) == (True, ["host", "board"])
    assert "Bit-exact." in (small / "report.html").read_text()


def test_executions_add_up(small: Path, manifest: Manifest) -> None:
    for answer in (
        run(manifest, "host", inputs=9),
        run(manifest, "board", inputs=2),
        run(manifest, "port", inputs=1),
    ):
        save_verification(small, manifest, answer)
    found = write_report(small)
    assert found["executions"] == ["host", "board", "port"]
    assert (found["instructions"], found["cycles"]) == (9_000, 18_000)
    assert found["verdict"] == (
        "equal: reference = host in every value (9 layers, 9 inputs);"
        " equal: reference = board in every value (9 layers, 2 inputs);"
        " equal: reference = port by the CRC-32 of every layer and in every output value"
        " (9 layers, 1 input)"
    )
    union = load_verification(small, manifest).answer
    assert union is not None
    assert [pair["inputs"] for pair in union["pairs"]] == [9, 2, 1]
    assert len(union["inputs"]) == len(union["answers"]) == 9


def test_what_ran_again_takes_the_place_of_what_it_repeats(manifest: Manifest) -> None:
    small, large = run(manifest, "host"), run(manifest, "host", "board", inputs=8)
    assert with_run((small,), large) == (large,)
    assert with_run((large,), dict(large)) == (large,)
    assert with_run((run(manifest, "board", inputs=9), small), large)[1:] == (large,)


def test_a_difference_stays_until_the_same_is_run_again(manifest: Manifest) -> None:
    bad, good = failed(run(manifest, "board", inputs=8)), run(manifest, "board", inputs=8)
    other = run(manifest, "host", inputs=9)
    runs = with_run(with_run((), bad), other)
    union = union_of(runs)
    assert union is not None
    assert (union["status"], union["error"]["code"]) == ("different", "V001")
    assert [layer["equal"] for layer in union["layer_details"]].count(False) == 1
    few = run(manifest, "board", inputs=1)
    assert with_run(runs, few) == (*runs, few), "fewer inputs are no answer to the difference"
    assert with_run(runs, good) == (other, good)


def test_a_difference_is_not_lost_behind_an_older_success(manifest: Manifest) -> None:
    good, bad = run(manifest, "board", inputs=8), failed(run(manifest, "board"))
    runs = with_run((good,), bad)
    assert runs == (good, bad)
    union = union_of(runs)
    assert union is not None
    assert union["status"] == "different"


def test_a_virtual_board_at_the_port_is_not_a_chip_there(small: Path, manifest: Manifest) -> None:
    save_verification(small, manifest, run(manifest, "port"))
    save_verification(small, manifest, virtual(run(manifest, "port")))
    found = write_report(small)
    assert found["executions"] == ["port", "virtual port"]
    assert (found["cycles"], found["clock_hz"]) == (18_000, 200_000_000)
    text = (small / "report.html").read_text()
    assert "reference and board at the port" in text
    assert "reference and virtual board at the port" in text


def test_each_run_carries_the_hash_of_its_image(small: Path, manifest: Manifest) -> None:
    save_verification(small, manifest, run(manifest, "host", inputs=2))
    save_verification(small, manifest, run(manifest, "board"))
    content = json.loads((small / FILE_NAME).read_text())
    hashes = [one["firmware_sha256"] for one in content["runs"]]
    assert hashes == [manifest.files["firmware.bin"]] * 2
    content["runs"][0]["firmware_sha256"] = "0" * 64
    (small / FILE_NAME).write_text(json.dumps(content))
    (left,) = load_verification(small, manifest).runs
    assert [pair["b"] for pair in left["pairs"]] == ["board"]


def test_no_more_than_the_last_fifty(manifest: Manifest) -> None:
    runs: tuple[Any, ...] = ()
    for number in range(60):
        one = run(manifest, "host")
        one["inputs"][0]["sha256"] = f"{number}"
        runs = with_run(runs, one)
    assert [one["inputs"][0]["sha256"] for one in runs] == [f"{n}" for n in range(10, 60)]
