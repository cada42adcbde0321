"""A Dask cluster gives what the processes of this machine give, and its troubles are told."""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import distributed
import pytest
from distributed.comm import CommClosedError

from mcugen.errors import McugenError, ToolchainError, UsageError
from mcugen.evaluate import evaluate
from mcugen.explore import explore
from mcugen.workers import Runner, cluster
from mcugen.workers.cluster import on_cluster
from tests.evaluate.evaluations import (
    HANG_SECONDS,
    MCUGEN,
    answered,
    evaluated,
    printed,
    wait_for,
)


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
                wait_for(lambda: address_in(told))
        address = address_in(told)
        if workers:
            with distributed.Client(address, timeout=HANG_SECONDS) as client:
                client.wait_for_workers(workers, timeout=HANG_SECONDS)
        yield address


def address_in(told: Path) -> str | None:
    """Of the scheduler, once it has said it: the file is not written at a stroke."""
    try:
        address: str = json.loads(told.read_text())["address"]
    except (OSError, ValueError):
        return None
    return address


def test_processes_and_a_dask_cluster_give_the_same_bytes(
    folder: Path, dataset: Path, tmp_path: Path
) -> None:
    two_processes = printed(folder, dataset, "--jobs", "2")
    explored = explored_with(folder, "--jobs", "2")
    with dask_cluster(tmp_path, workers=2) as address:
        assert printed(folder, dataset, "--dask", address) == two_processes
        assert explored_with(folder, "--dask", address) == explored
    assert explored_with(folder, "--jobs", "1") == explored
    assert json.loads(explored)["points"] == explored_here(folder)
    answer = json.loads(two_processes)
    assert evaluated(folder, dataset, [], fresh=True).items() <= answer.items()
    assert answer["status"] == "ok"


def explored_with(folder: Path, *options: str) -> bytes:
    """What ``explore`` says of the model in a build."""
    return answered(
        [*MCUGEN, "explore", "model.tflite", "-t", "stm32f7", "--json", *options], folder
    )


def explored_here(folder: Path) -> object:
    """The points in this very process, as JSON has them."""
    model = folder / "model.tflite"
    points = json.loads(json.dumps(explore(model, target="stm32f7").as_json()))["points"]
    return [
        {**one, "command": one["command"].replace(str(model), "model.tflite")} for one in points
    ]


def test_a_worker_names_its_machine_in_an_error() -> None:
    def fails(shared: str, unit: int) -> None:
        raise ToolchainError("T001", "`cc` is not installed", details=("first",))

    with pytest.raises(ToolchainError) as caught:
        cluster._on_worker(fails, "shared", 0)
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
    monkeypatch.setattr(cluster, "_CONNECT_SECONDS", HANG_SECONDS)  # busy machines are slow ones
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
        (CommClosedError("ConnectionPool closing."), "the cluster was lost"),
        (asyncio.TimeoutError(), "no unit of work was finished in 600 seconds"),
        (ModuleNotFoundError("No module named 'tflite'"), "a worker lacks something"),
    ],
)
def test_what_befalls_a_cluster_is_told(error: BaseException, what: str) -> None:
    with pytest.raises(ToolchainError) as caught, cluster._troubles_told("tcp://here:1"):
        raise error
    assert (caught.value.code, caught.value.what) == ("T008", what)


@pytest.mark.parametrize(
    "address",
    ["", "scheduler", "http://host:80", "inproc://1/2:3", "tcp://[::1:80", "tcp://a b:1", "a:b:1"],
)
def test_what_is_no_address_is_told(address: str) -> None:
    with pytest.raises(UsageError) as caught:
        on_cluster(address)
    assert caught.value.code == "U006"


def test_an_encrypted_address_without_certificates_is_told(folder: Path, dataset: Path) -> None:
    error = refusal(on_cluster("tls://127.0.0.1:1"), folder, dataset)
    assert (error.code, error.what) == ("T008", "Dask cannot use the address")
    assert "ssl_context" in error.details[0]


def test_dask_is_optional(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ToolchainError) as caught:
        on_cluster("tcp://127.0.0.1:8786")
    assert (caught.value.code, caught.value.hint) == ("T007", "pip install 'mcugen[dask]'")
