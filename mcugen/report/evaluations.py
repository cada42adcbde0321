"""``evaluation.json``: what ``eval`` found of a build, kept in its folder."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mcugen import files
from mcugen.manifest import Manifest, sha256_of_json
from mcugen.report.words import Answer
from mcugen.report.write import write_whole

FILE_NAME = "evaluation.json"
SCHEMA = 1


_THUMBNAILS = "thumbnails"


def save_evaluation(
    folder: Path, manifest: Manifest, answer: Answer, thumbnails: Sequence[bytes | None] = ()
) -> None:
    """Adds an answer of ``eval``, in place of one over the same pictures; the last one counts.

    ``thumbnails`` are PNG files of its wrong pictures, None where one has none. Raises UsageError
    U005.
    """
    kept = [one for one in load_evaluations(folder, manifest) if not _same(one, answer)]
    texts = [one and base64.b64encode(one).decode("ascii") for one in thumbnails]
    answer = {**answer, _THUMBNAILS: texts}
    runs = [
        {"firmware_sha256": _firmware(manifest), "sha256": sha256_of_json(one), "answer": one}
        for one in (*kept, answer)
    ]
    text = json.dumps({"schema": SCHEMA, "runs": runs}, indent=2, sort_keys=True) + "\n"
    write_whole(folder / manifest.own(FILE_NAME), text)


def load_evaluations(folder: Path, manifest: Manifest) -> tuple[Answer, ...]:
    """What was found of this very build; nothing where the file is damaged or of another one."""
    try:
        text = files.read_text(folder / manifest.own(FILE_NAME), files.ANSWER_BYTES)
        return tuple(_read(json.loads(text), manifest))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ()


def _read(content: dict[str, Any], manifest: Manifest) -> Iterator[Answer]:
    """Raises ValueError where something is not as it was written."""
    if content["schema"] != SCHEMA:
        raise ValueError("another schema")
    for run in content["runs"]:
        if run["sha256"] != sha256_of_json(run["answer"]):
            raise ValueError("not as it was written")
        if run["firmware_sha256"] == _firmware(manifest):
            yield run["answer"]


def _firmware(manifest: Manifest) -> str:
    return manifest.files[manifest.image]


def _same(one: Answer, other: Answer) -> bool:
    keys = ("model_sha256", "dataset_sha256", "pictures", "input")
    return all(one[key] == other[key] for key in keys)
