"""``verification.json``: what every ``verify`` of a build found, kept in its folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcugen import files
from mcugen.manifest import Manifest, sha256_of_json
from mcugen.report.evidence import union_of, with_run
from mcugen.report.verify_shape import is_verification
from mcugen.report.words import Answer
from mcugen.report.write import write_whole

FILE_NAME = "verification.json"
SCHEMA = 3

_PATHS = "dump"
"""The key of paths, which are another machine's business."""


@dataclass(frozen=True)
class Verification:
    """The answers of ``verify`` that are about this build; where there are none ``note`` says
    why."""

    runs: tuple[Answer, ...]
    note: str

    @property
    def answer(self) -> Answer | None:
        """What they say together (``evidence.union_of``)."""
        return union_of(self.runs)


def save_verification(folder: Path, manifest: Manifest, answer: Answer) -> None:
    """Adds the answer to those that are kept, each with the hashes of what it is about.

    Raises UsageError U005.
    """
    new = {key: value for key, value in answer.items() if key != _PATHS}
    runs = with_run(load_verification(folder, manifest).runs, new)
    kept = [
        {**_about(manifest), "answer_sha256": sha256_of_json(run), "answer": run} for run in runs
    ]
    content = {"schema": SCHEMA, "runs": kept}
    text = json.dumps(content, indent=2, sort_keys=True) + "\n"
    write_whole(folder / manifest.own(FILE_NAME), text)


def load_verification(folder: Path, manifest: Manifest) -> Verification:
    """What was kept, if it is whole, and of that what is about this very build."""
    name = manifest.own(FILE_NAME)
    damaged = Verification((), f"{name} is damaged and was ignored: verify it again.")
    other = Verification((), f"{name} is about another build and was ignored.")
    try:
        content = json.loads(files.read_text(folder / name, files.ANSWER_BYTES))
        if content["schema"] != SCHEMA:
            return other
        kept = [_read(run) for run in content["runs"]]
    except FileNotFoundError:
        return Verification((), "It has not been verified since it was built.")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return damaged
    runs = tuple(answer for about, answer in kept if about == _about(manifest))
    if not all(is_verification(answer, len(manifest.layers)) for answer in runs):
        return damaged
    return Verification(runs, "") if runs else other


def _read(run: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """What a run is about and its answer. Raises ValueError where it is not as it was written."""
    answer = run.pop("answer")
    if run.pop("answer_sha256") != sha256_of_json(answer):
        raise ValueError("not as it was written")
    return run, answer


def _about(manifest: Manifest) -> dict[str, Any]:
    return {
        "mcugen": manifest.mcugen,
        "model_sha256": manifest.model_sha256,
        "firmware_sha256": manifest.files[manifest.image],
    }
