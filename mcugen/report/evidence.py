"""What all kept runs of ``verify`` say together: no run takes away what another one proved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mcugen.report.verify import verdict
from mcugen.report.words import Answer, executions, trouble

VIRTUAL_PORT = "virtual port"
OWN_PROGRAM, VIRTUAL_OWN_PROGRAM = "own program", "virtual own program"

_MOST_RUNS = 50
"""Whoever tries more seeds than that keeps the last ones."""


def with_run(runs: Sequence[Answer], new: Answer) -> tuple[Answer, ...]:
    """The runs with a new one, without those that it repeats, and without it if it adds nothing."""
    kept = tuple(run for run in runs if not _covers(new, run))
    if new["status"] == "ok" and any(run["status"] == "ok" and _covers(run, new) for run in kept):
        return kept
    return (*kept, new)[-_MOST_RUNS:]


def _covers(one: Answer, other: Answer) -> bool:
    """Whether one ran everything that the other did, on every input of the other."""
    return _ran(other) <= _ran(one) and _inputs(other) <= _inputs(one)


def _ran(run: Answer) -> frozenset[str]:
    return frozenset(executions(_told_apart(run)))


def _inputs(run: Answer) -> frozenset[str]:
    return frozenset(entry["sha256"] for entry in run["inputs"])


def union_of(runs: Sequence[Answer]) -> Answer | None:
    """One answer of ``verify`` made of all; costs are the most of any. None where nothing ran.

    Each pair has the number of its ``inputs``, and the runs' ``verdicts`` stand side by side.
    """
    if not runs:
        return None
    told = [_told_apart(run) for run in runs]
    failed = [run for run in told if run["status"] != "ok"]
    asked = {
        entry["sha256"]: (entry, answer)
        for run in told
        for entry, answer in zip(run["inputs"], run["answers"], strict=True)
    }
    return {
        **told[-1],
        **({"error": failed[0]["error"]} if failed else {}),
        "status": "different" if failed else "ok",
        "first_difference": next(
            (found for run in failed if (found := run["first_difference"]) is not None), None
        ),
        "reference": list(dict.fromkeys(name for run in told for name in run["reference"])),
        "inputs": [entry for entry, _ in asked.values()],
        "answers": [answer for _, answer in asked.values()],
        "pairs": [{**pair, "inputs": len(run["inputs"])} for run in told for pair in run["pairs"]],
        "layer_details": list(_layers(told)),
        "clock_hz": next((run["clock_hz"] for run in told if run["cycles"] is not None), None),
        "estimates": next((run["estimates"] for run in reversed(told) if run["estimates"]), []),
        "verdicts": [_verdict(run) for run in told],
        **{
            count: _most(run[count] for run in told)
            for count in (
                *("instructions", "cycles", "stack_bytes", "stray_writes"),
                *("reference_disagreements", "reference_undefined"),
            )
        },
    }


def _told_apart(run: Answer) -> Answer:
    """A virtual board at the port proves less than a chip there, and a program that is not mcugen's
    nothing of the image: neither must stand in for the other."""
    virtual = run["port_counts"] == "instructions"
    if run["port_board"] not in (None, run["board"]):
        names = {"port": VIRTUAL_OWN_PROGRAM if virtual else OWN_PROGRAM}
    elif virtual:
        names = {"port": VIRTUAL_PORT}
    else:
        return run
    pairs = [
        {**pair, **{end: names.get(pair[end], pair[end]) for end in ("a", "b")}}
        for pair in run["pairs"]
    ]
    return {**run, "pairs": pairs}


def _layers(runs: Sequence[Answer]) -> Iterator[dict[str, Any]]:
    for details in zip(*(run["layer_details"] for run in runs), strict=True):
        yield {
            **details[0],
            "equal": all(detail["equal"] for detail in details),
            "instructions": _most(detail["instructions"] for detail in details),
            "cycles": _most(detail["cycles"] for detail in details),
        }


def _most(counts: Iterator[int | None]) -> int | None:
    return max((count for count in counts if count is not None), default=None)


def _verdict(run: Answer) -> str:
    return trouble(run["error"]) if run["status"] != "ok" else verdict(run)
