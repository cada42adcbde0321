"""``mcugen eval`` on the small network: exact, countable, resumable, and the same whoever works."""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcugen import compiler
from mcugen.boards import load_board
from mcugen.cli import main
from mcugen.errors import BoardError, DifferenceError, McugenError, ToolchainError, UsageError
from mcugen.evaluate import Evaluation, cluster, evaluate, run
from mcugen.evaluate.cluster import on_cluster
from mcugen.evaluate.work import Chunk, Outcome, Runner, Task, evaluate_chunk
from mcugen.inputs import picture_input
from mcugen.reference import agreed_trace, make_references
from mcugen.report.evaluation import render_evaluation
from mcugen.report.layout import Table
from mcugen.tflite import parse_model, write_model
from mcugen.verify.processes import worker_processes
from tests.networks import small_mobilenet

PICTURES = 50  # two chunks of 20 and one of 10
LABELS = ("boot", "coat", "bag", "shirt")
MCUGEN = (sys.executable, "-m", "mcugen")


def build_small(folder: Path, object_cache: Path) -> Path:
    model = folder / "small.tflite"
    model.write_bytes(write_model(small_mobilenet()))
    compiler.build(model, target="stm32f7", output=folder / "build", object_cache=object_cache)
    return folder / "build"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, object_cache: Path) -> Path:
    return build_small(tmp_path_factory.mktemp("small"), object_cache)


@pytest.fixture
def folder(built: Path) -> Path:
    """The build, without what an evaluation left there."""
    for journal in built.glob("eval/*"):
        journal.unlink()
    return built


def write_dataset(path: Path, count: int, seed: int = 5) -> Path:
    rng = np.random.default_rng(seed)
    pictures = rng.integers(0, 256, (count, 9, 10, 3), np.uint8)
    np.savez(path, images=pictures, labels=rng.integers(0, 4, count))
    return path


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("data") / "pictures.npz", PICTURES)


class InterruptedOnPurposeError(Exception):
    """Stands in for what stops a run."""


def here(ran: list[range], *, stop_after: int | None = None) -> Runner:
    """Runs chunks in this process and notes them."""

    def run(task: Task, parts: Any, make: Any) -> Generator[Outcome, None, None]:
        for part in parts:
            if len(ran) == stop_after:
                raise InterruptedOnPurposeError
            ran.append(part)
            yield evaluate_chunk(task, make(part))

    return run


def evaluated(folder: Path, dataset: Path, ran: list[range], **options: Any) -> dict[str, Any]:
    return evaluate(folder, dataset=dataset, runner=here(ran), **options).as_json()


def command(folder: Path, dataset: Path, *options: str) -> list[str]:
    return [*MCUGEN, "eval", str(folder), "--dataset", str(dataset), *options]


def printed(folder: Path, dataset: Path, *options: str) -> bytes:
    line = command(folder, dataset, "--fresh", "--json", "--board", "0", *options)
    done = subprocess.run(line, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b""), done.stderr.decode()
    return done.stdout


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


def test_what_is_done_is_not_done_again(folder: Path, dataset: Path) -> None:
    ran: list[range] = []
    with pytest.raises(InterruptedOnPurposeError):
        evaluate(folder, dataset=dataset, runner=here(ran, stop_after=2))
    (journal,) = folder.glob("eval/*.jsonl")
    whole = journal.read_bytes()
    journal.write_bytes(whole[: len(whole) - 9])  # the second line is cut short
    again: list[range] = []
    resumed = evaluated(folder, dataset, again)
    assert again == [range(20, 40), range(40, 50)]
    third: list[range] = []
    assert evaluated(folder, dataset, third) == resumed
    assert third == []
    fresh: list[range] = []
    assert evaluated(folder, dataset, fresh, fresh=True) == resumed
    assert fresh == [range(0, 20), range(20, 40), range(40, 50)]


@pytest.mark.parametrize("line", [b"[1]", b"{}", b"null", b'{"first":0}', b"\xff\xfe", b"{", b"7"])
def test_a_line_that_is_no_outcome_counts_for_nothing(
    folder: Path, dataset: Path, line: bytes
) -> None:
    first = evaluated(folder, dataset, [])
    (journal,) = folder.glob("eval/*.jsonl")
    journal.write_bytes(line)
    ran: list[range] = []
    assert evaluated(folder, dataset, ran) == first
    assert len(ran) == 3


def test_a_larger_limit_goes_on(folder: Path, dataset: Path) -> None:
    ran: list[range] = []
    assert evaluated(folder, dataset, ran, limit=25)["pictures"] == 25
    assert evaluated(folder, dataset, ran, limit=1000)["pictures"] == PICTURES
    assert ran == [range(0, 20), range(20, 25), range(20, 40), range(40, 50)]


def test_other_pictures_are_another_evaluation(folder: Path, dataset: Path, tmp_path: Path) -> None:
    ran: list[range] = []
    first = evaluated(folder, dataset, ran)
    other = evaluated(folder, write_dataset(tmp_path / "other.npz", PICTURES, seed=6), ran)
    assert len(ran) == 6
    assert first["dataset_sha256"] != other["dataset_sha256"]


@contextmanager
def dask_cluster(folder: Path, workers: int) -> Iterator[str]:
    """A scheduler and its workers on the loopback device; yields the address."""
    told = folder / "scheduler.json"
    common = ["--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", str(told)]
    programs = [["distributed.cli.dask_scheduler", *common, "--port", "0"]]
    programs += [
        ["distributed.cli.dask_worker", *common, "--nthreads", "1", "--no-nanny"]
    ] * workers
    with ExitStack() as stack:
        for number, program in enumerate(programs):
            log = stack.enter_context((folder / f"{number}.log").open("wb"))
            running = subprocess.Popen(
                [sys.executable, "-m", *program], stdout=log, stderr=log, cwd=folder
            )
            stack.callback(running.wait)
            stack.callback(running.terminate)
            if number == 0:
                wait_for(told.exists)
        yield json.loads(told.read_text())["address"]


def wait_for(condition: Any) -> None:
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come to pass")


def test_processes_and_a_dask_cluster_give_the_same_bytes(
    folder: Path, dataset: Path, tmp_path: Path
) -> None:
    two_processes = printed(folder, dataset, "--jobs", "2")
    with dask_cluster(tmp_path, workers=2) as address:
        assert printed(folder, dataset, "--dask", address) == two_processes
    answer = json.loads(two_processes)
    assert evaluated(folder, dataset, [], fresh=True).items() <= answer.items()
    assert answer["status"] == "ok"


def test_workers_with_other_references_are_refused(folder: Path, dataset: Path) -> None:
    def elsewhere(task: Task, parts: Any, make: Any) -> Generator[Outcome, None, None]:
        there = replace(task, key="there", references=("tflite-micro 0",))
        yield evaluate_chunk(there, make(parts[0]))

    with pytest.raises(ToolchainError) as caught:
        evaluate(folder, dataset=dataset, runner=elsewhere)
    assert caught.value.code == "T008"
    assert caught.value.details[0] == "here: tflite-micro 0"


def test_a_worker_names_its_machine_in_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(task: Task, chunk: Chunk) -> Outcome:
        raise ToolchainError("T001", "`cc` is not installed", details=("first",))

    monkeypatch.setattr(cluster, "evaluate_chunk", fails)
    with pytest.raises(ToolchainError) as caught:
        cluster._on_worker(None, None)  # type: ignore[arg-type]
    assert caught.value.details == ("first", f"on the worker {socket.gethostname()}")


def refusal(runner: Runner, folder: Path, dataset: Path) -> McugenError:
    with pytest.raises(McugenError) as caught:
        evaluate(folder, dataset=dataset, runner=runner, fresh=True)
    return caught.value


def test_a_cluster_that_is_not_there_is_told(
    folder: Path, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "_CONNECT_SECONDS", 1)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{closed.getsockname()[1]}"
        error = refusal(on_cluster(address), folder, dataset)
    assert (error.code, error.what) == ("T008", "there is no Dask scheduler")
    assert error.where == address


def test_a_cluster_without_workers_is_told(
    folder: Path, dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "_WORKERS_SECONDS", 0.2)
    with dask_cluster(tmp_path, workers=0) as address:
        error = refusal(on_cluster(address), folder, dataset)
    assert (error.code, error.what) == ("T008", "the cluster has no workers")


@dataclass(frozen=True)
class ClientOfAWorker:
    """What ``_check_workers`` asks a Dask client, for a cluster with one worker."""

    mcugen: str | None

    def wait_for_workers(self, count: int, timeout: float) -> None:
        assert count == 1

    def get_versions(self, packages: list[str]) -> dict[str, Any]:
        assert packages == ["mcugen"]
        there = {"tcp://there:1": {"packages": {"mcugen": self.mcugen}}}
        return {"client": {"packages": {"mcugen": "0.1.0"}}, "workers": there}


@pytest.mark.parametrize(
    ("there", "what"),
    [(None, "a worker has no mcugen"), ("0.0.9", "a worker has mcugen 0.0.9, not 0.1.0")],
)
def test_workers_have_this_mcugen(there: str | None, what: str) -> None:
    cluster._check_workers(ClientOfAWorker("0.1.0"), "tcp://here:1")
    with pytest.raises(ToolchainError) as caught:
        cluster._check_workers(ClientOfAWorker(there), "tcp://here:1")
    assert (caught.value.code, caught.value.what) == ("T008", what)
    assert caught.value.details == ("worker: tcp://there:1",)


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (asyncio.CancelledError(), "the cluster was lost"),
        (concurrent.futures.CancelledError(), "the cluster was lost"),
        (asyncio.TimeoutError(), "no chunk was finished in 600 seconds"),
        (ModuleNotFoundError("No module named 'tflite'"), "a worker lacks something"),
    ],
)
def test_what_befalls_a_cluster_is_told(error: BaseException, what: str) -> None:
    with pytest.raises(ToolchainError) as caught, cluster._troubles_told("tcp://here:1"):
        raise error
    assert (caught.value.code, caught.value.what) == ("T008", what)


def test_what_is_no_address_is_told() -> None:
    with pytest.raises(UsageError) as caught:
        on_cluster("scheduler")
    assert caught.value.code == "U006"


def test_dask_is_optional(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ToolchainError) as caught:
        on_cluster("tcp://127.0.0.1:8786")
    assert (caught.value.code, caught.value.hint) == ("T007", "pip install 'mcugen[dask]'")


def test_a_worker_that_is_killed_is_told() -> None:
    with pytest.raises(ToolchainError) as caught, worker_processes(1) as pool:
        pool.submit(os._exit, 9).result()
    assert (caught.value.code, caught.value.what) == ("T008", "a worker process was killed")


def test_workers_end_with_the_process_that_has_them(tmp_path: Path) -> None:
    """Even where that is killed and can end nothing; their temporary files go too."""
    program = (
        "import tempfile, time; from mcugen.verify.processes import worker_processes\n"
        "if __name__ == '__main__':\n"
        "    with worker_processes(1) as pool:\n"
        "        print(pool.submit(tempfile.mkdtemp).result(), flush=True)\n"
        "        pool.submit(time.sleep, 600).result()\n"
    )
    (tmp_path / "program.py").write_text(program)
    line = [sys.executable, str(tmp_path / "program.py")]
    with subprocess.Popen(
        line, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as running:
        assert running.stdout is not None
        folder = Path(running.stdout.readline().strip())
        assert folder.is_dir()
        running.kill()
    wait_for(lambda: group_is_gone(running.pid))
    assert not folder.exists()


def group_is_gone(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


def test_ctrl_c_leaves_what_is_done_and_no_process(folder: Path, tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path / "many.npz", 20_000)
    line = command(folder, dataset, "--jobs", "2", "-v")
    with subprocess.Popen(
        line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as running:
        assert running.stderr is not None
        assert running.stderr.readline() == "pictures: 0 of 20,000\n"
        assert running.stderr.readline() == "pictures: 20 of 20,000\n"
        os.killpg(running.pid, signal.SIGINT)
        out, told = running.communicate(timeout=60)
    assert running.returncode == 130
    assert out == ""
    assert [one for one in told.splitlines() if one and not one.startswith("pictures: ")] == [
        "interrupted"
    ]
    wait_for(lambda: group_is_gone(running.pid))
    ran: list[range] = []
    assert evaluated(folder, dataset, ran, limit=80)["pictures"] == 80
    assert len(ran) < 4  # the first chunk to end was one of the first four


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory, object_cache: Path) -> Path:
    """The build with one weight of its first layer changed in the generated C."""
    emit = compiler.emit_model

    def sabotaged(*arguments: Any) -> dict[str, str]:
        tree = dict(emit(*arguments))
        tree["weights.c"] = re.sub(
            r"(model_conv_0_weights\[\d+\] = \{\s*)-19,", r"\1 90,", tree["weights.c"]
        )
        return tree

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiler, "emit_model", sabotaged)
        return build_small(tmp_path_factory.mktemp("broken"), object_cache)


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

    def forged(task: Task, parts: Any, make: Any) -> Generator[Outcome, None, None]:
        for part in parts:
            if part.start == 40:
                (name, source) = next(pair for pair in task.library if pair[0] == "weights.c")
                changed = source.replace(b"-19,", b" 90,", 1)
                rest = tuple(pair for pair in task.library if pair[0] != name)
                task = replace(task, key="forged", library=(*rest, (name, changed)))
            yield evaluate_chunk(task, make(part))

    found = evaluate(folder, dataset=dataset, runner=forged, fresh=True)
    assert found.as_json()["first_difference"]["input"] >= 40


def test_usage(
    folder: Path, dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = command(folder, dataset)[len(MCUGEN) :]
    assert main([*line, "--jobs", "2", "--dask", "tcp://127.0.0.1:1"]) == 2
    assert main([*line, "--limit", "0"]) == 2
    labels = tmp_path / "labels.txt"
    labels.write_text("one\ntwo\n")
    assert main([*line, "--labels", str(labels)]) == 2
    assert main(["eval", str(folder), "--dataset", str(tmp_path / "absent")]) == 2
    codes = [text for text in capsys.readouterr().err.splitlines() if text.startswith("error")]
    assert [code[6:10] for code in codes] == ["U007", "U006", "U002", "U001"]
    assert not list(folder.glob("eval/*"))


def test_a_board_that_is_not_modelled_is_told_at_once(
    folder: Path, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    h7 = load_board("nucleo-h743zi")
    monkeypatch.setattr(run, "load_board", lambda name: h7)
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
