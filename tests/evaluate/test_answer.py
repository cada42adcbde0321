"""``mcugen eval`` on the small network: what it answers, and what it refuses."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mcugen.boards import load_board
from mcugen.cli import main
from mcugen.errors import BoardError, DifferenceError
from mcugen.evaluate import Evaluation, evaluate, run
from mcugen.inputs import picture_input
from mcugen.manifest import read_manifest
from mcugen.reference import agreed_trace, make_references
from mcugen.report.evaluation import render_evaluation
from mcugen.report.evaluations import load_evaluations
from mcugen.report.layout import Table
from mcugen.tflite import parse_model, write_model
from tests.evaluate.evaluations import LABELS, MCUGEN, PICTURES, command, evaluated, here
from tests.networks import small_mobilenet


def test_the_answer_is_what_the_reference_says_of_every_picture(
    folder: Path, dataset: Path
) -> None:
    answer = evaluated(folder, dataset, [], board=2)
    graph = small_mobilenet()
    references = make_references(write_model(graph), parse_model(write_model(graph), "small"))
    confusion = np.zeros((4, 4), int)
    wrong = []
    with np.load(dataset) as arrays:
        for number, picture in enumerate(arrays["images"]):
            one = picture_input("", picture, graph.tensor(graph.inputs[0]))
            trace, _ = agreed_trace(references, one.data)
            found = int(np.argmax(np.frombuffer(trace[graph.outputs[0]], np.int8)))
            truth = int(arrays["labels"][number])
            confusion[truth, found] += 1
            if truth != found:
                wrong.append({"picture": str(number), "class": truth, "taken_for": found})
    right = int(np.trace(confusion))
    assert 0 < right < PICTURES
    assert answer["status"] == "ok"
    assert answer["confusion"] == confusion.tolist()
    assert (answer["pictures"], answer["right"], answer["reference_right"]) == (50, right, right)
    assert answer["accuracy"] == answer["reference_accuracy"] == right / PICTURES
    assert answer["wrong"] == wrong[:10]
    for number, one in enumerate(answer["classes"]):
        row, column = confusion[number].sum(), confusion[:, number].sum()
        assert one["recall"] == confusion[number, number] / row
        assert one["precision"] == (confusion[number, number] / column if column else None)
    outputs = [graph.output(op).elements for op in graph.ops]
    assert (answer["values"], answer["mismatches"]) == (PICTURES * sum(outputs), 0)
    sample = answer["board_sample"]
    assert (sample["pictures"], sample["mismatches"]) == ([0, 25], 0)
    assert sample["values"] == 2 * sum(outputs)


def test_a_difference_is_named(broken: Path, dataset: Path) -> None:
    found: Evaluation = evaluate(broken, dataset=dataset, runner=here([]), fresh=True, board=1)
    answer, error = found.as_json(), found.error
    assert isinstance(error, DifferenceError)
    assert error.what == "outputs differ at layer 0 `conv_0`"
    first = answer["first_difference"]
    assert (first["layer"], first["name"], first["a"], first["b"]) == (
        *(0, "conv_0", "reference", "host"),
    )
    place = ",".join(str(axis) for axis in first["index"])
    assert error.where == (
        f"output[{place}] reference {first['a_value']}, host {first['b_value']}, "
        f"picture {first['input']}"
    )
    assert answer["status"] == "different"
    assert 0 < answer["mismatches"] < answer["values"]
    assert answer["board_sample"]["mismatches"] > 0


def test_a_difference_of_the_virtual_board_alone(
    broken: Path, folder: Path, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host build agrees, and the verdict does not say that nothing differs."""
    run_board = run.run_board
    monkeypatch.setattr(run, "run_board", lambda build, *others: run_board(broken, *others))
    found = evaluate(folder, dataset=dataset, runner=here([]), board=1)
    answer = found.as_json()
    assert (answer["status"], answer["mismatches"]) == ("different", 0)
    assert (answer["first_difference"]["b"], answer["board_sample"]["b"]) == ("board", "board")
    sample = answer["board_sample"]
    assert str(render_evaluation(answer)[-1]).endswith(
        f" differ, and {sample['mismatches']:,} of {sample['values']:,} values on the virtual board"
    )


@pytest.mark.parametrize(
    ("seen", "code"),
    [({"stray_writes": ("at 0x20000000",)}, "V002"), ({"stack_bytes": 99_999}, "V003")],
)
def test_an_exact_board_may_misbehave(
    folder: Path, dataset: Path, seen: dict[str, Any], code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_board = run.run_board
    monkeypatch.setattr(run, "run_board", lambda *given: replace(run_board(*given), **seen))
    found = evaluate(folder, dataset=dataset, runner=here([]), board=1)
    assert found.error is not None
    assert found.error.code == code
    answer = found.as_json()
    assert (answer["status"], answer["first_difference"]) == ("different", None)
    sample = answer["board_sample"]
    assert sample["stray_writes"] == len(seen.get("stray_writes", ()))
    assert sample["stack_bytes"] == seen.get("stack_bytes", sample["stack_bytes"])


def test_a_difference_is_exit_status_1(
    broken: Path, dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = command(broken, dataset, "--jobs", "1", "--board", "0")[len(MCUGEN) :]
    assert main([*line, "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert (answer["command"], answer["status"], answer["error"]["code"]) == (
        *("eval", "different", "V001"),
    )
    assert main(line) == 1
    shown = capsys.readouterr()
    assert "NOT equal" in shown.out
    assert shown.err.startswith("error[V001]: outputs differ at layer 0 `conv_0`\n")


def test_a_difference_in_a_later_picture_has_its_number(folder: Path, dataset: Path) -> None:
    """Numbers are of the data set, not of the chunk."""

    def forged(work: Any, task: Any, parts: Any, make: Any) -> Generator[Any, None, None]:
        for part in parts:
            if part.start == 40:
                (name, source) = next(
                    pair for pair in task.library if pair[0] == "model/model_weights.c"
                )
                changed = source.replace(b"-19,", b" 90,", 1)
                rest = tuple(pair for pair in task.library if pair[0] != name)
                task = replace(task, key="forged", library=(*rest, (name, changed)))
            yield work(task, make(part))

    found = evaluate(folder, dataset=dataset, runner=forged, fresh=True)
    assert found.as_json()["first_difference"]["input"] >= 40


def test_usage(
    folder: Path, dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = command(folder, dataset)[len(MCUGEN) :]
    assert main([*line, "--jobs", "2", "--dask", "tcp://127.0.0.1:1"]) == 2
    assert main([*line, "--dask", ""]) == 2
    assert main([*line, "--limit", "0"]) == 2
    labels = tmp_path / "labels.txt"
    labels.write_text("one\ntwo\n")
    assert main([*line, "--labels", str(labels)]) == 2
    assert main(["eval", str(folder), "--dataset", str(tmp_path / "absent")]) == 2
    codes = [text for text in capsys.readouterr().err.splitlines() if text.startswith("error")]
    assert [code[6:10] for code in codes] == ["U007", "U006", "U006", "U002", "U001"]
    assert not list(folder.glob("eval/*"))


def test_a_board_that_is_not_modelled_is_told_at_once(
    folder: Path, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    h7 = load_board("nucleo-h743zi")
    monkeypatch.setattr(run, "load_board_of_build", lambda folder, name: h7)
    ran: list[range] = []
    with pytest.raises(BoardError) as caught:
        evaluate(folder, dataset=dataset, runner=here(ran), board=1)
    assert (caught.value.code, ran) == ("B003", [])
    assert "`--board 0`" in caught.value.hint
    assert evaluated(folder, dataset, ran)["board_sample"] is None


def test_the_text_shows_classes_by_name(folder: Path, dataset: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.txt"
    labels.write_text("\n".join(LABELS))
    answer = evaluated(folder, dataset, [], labels=labels, board=1)
    blocks = render_evaluation(answer)
    matrix, worst, mistakes = [block for block in blocks if isinstance(block, Table)]
    assert [row[0] for row in matrix.rows] == ["0 boot", "1 coat", "2 bag", "3 shirt"]
    counts = [[0 if cell == "." else int(cell) for cell in row[1:]] for row in matrix.rows]
    assert counts == answer["confusion"]
    recalls = [float(row[2].removesuffix(" %")) for row in worst.rows]
    assert recalls == sorted(recalls)
    assert mistakes.rows[0][2] == str(max(one["pictures"] for one in answer["confusions"]))
    text = [block for block in blocks if isinstance(block, str)]
    assert f"data set   pictures.npz: {PICTURES} pictures" in text
    assert text[-1].startswith("equal: reference = host in all ")
    assert text[-1].endswith("; = virtual board in every value of 1 of them")


def test_many_classes_make_no_matrix() -> None:
    count = 17
    matrix = np.eye(count, dtype=int).tolist()
    classes = [
        {"class": number, "pictures": 1, "right": 1, "recall": 1.0, "precision": 1.0}
        for number in range(count)
    ]
    answer = {
        **{"model": "m", "board": "b", "dataset": "d", "pictures": count, "input": "i"},
        **{"dataset_pictures": 99, "right": count, "reference_right": count, "labels": []},
        **{"reference": ["r", "s"], "reference_disagreements": 3, "layers": 1, "values": 5},
        **{"mismatches": 0, "first_difference": None, "board_sample": None, "wrong": []},
        **{"confusion": matrix, "classes": classes, "confusions": []},
    }
    blocks = render_evaluation(answer)
    assert len([block for block in blocks if isinstance(block, Table)]) == 1
    assert "data set   d: 17 of 99 pictures" in blocks
    assert "           they differ in 3 bytes" in blocks


def test_the_build_keeps_what_was_found(
    folder: Path, dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With thumbnails of the wrong pictures, which the answer does not have."""
    assert (
        main([*command(folder, dataset, "--jobs", "1", "--board", "0", "--json")[len(MCUGEN) :]])
        == 0
    )
    answer = json.loads(capsys.readouterr().out)
    assert "thumbnails" not in answer
    (kept,) = load_evaluations(folder, read_manifest(folder))
    assert (
        kept.items()
        >= {key: value for key, value in answer.items() if key not in ("schema", "command")}.items()
    )
    assert len(kept["thumbnails"]) == len(answer["wrong"]) == 10
    shown = Image.open(io.BytesIO(base64.b64decode(kept["thumbnails"][0])))
    with np.load(dataset) as arrays:
        pixels = arrays["images"][int(answer["wrong"][0]["picture"])]
    assert np.array_equal(np.asarray(shown), pixels)
    assert kept["thumbnails"][0] in (folder / "report.html").read_text("utf-8")
