"""``verification.json``: what the last ``verify`` of a build found, kept in its folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcugen import files
from mcugen.manifest import Manifest, sha256_of_json
from mcugen.report.verify_shape import is_verification
from mcugen.report.words import Answer
from mcugen.report.write import write_whole

FILE_NAME = "verification.json"
SCHEMA = 1

_PATHS = "dump"
"""The key of paths, which are another machine's business."""


@dataclass(frozen=True)
class Verification:
    """The answer of ``verify``; None where there is none for this build, and ``note`` says why."""

    answer: Answer | None
    note: str


def save_verification(folder: Path, manifest: Manifest, answer: Answer) -> None:
    """Keeps the answer with the hashes of what it is about. Raises UsageError U005."""
    kept = {key: value for key, value in answer.items() if key != _PATHS}
    content = {**_identity(manifest), "answer_sha256": sha256_of_json(kept), "answer": kept}
    write_whole(folder / FILE_NAME, json.dumps(content, indent=2, sort_keys=True) + "\n")


def load_verification(folder: Path, manifest: Manifest) -> Verification:
    """What was kept last, if it is whole and about this very build."""
    path = folder / FILE_NAME
    damaged = Verification(None, f"{FILE_NAME} is damaged and was ignored: verify it again.")
    try:
        content = json.loads(files.read_text(path, files.ANSWER_BYTES))
        answer = content.pop("answer")
        whole = content.pop("answer_sha256") == sha256_of_json(answer)
    except FileNotFoundError:
        return Verification(None, "It has not been verified since it was built.")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return damaged
    if not whole:
        return damaged
    if content != _identity(manifest):
        return Verification(None, f"{FILE_NAME} is about another build and was ignored.")
    if not is_verification(answer, len(manifest.layers)):
        return damaged
    return Verification(answer, "")


def _identity(manifest: Manifest) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "mcugen": manifest.mcugen,
        "model_sha256": manifest.model_sha256,
        "firmware_sha256": manifest.files["firmware.bin"],
    }
