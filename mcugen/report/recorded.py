"""A build with what its folder keeps of it, for comparisons."""

from __future__ import annotations

from pathlib import Path

from mcugen.compare import Recorded
from mcugen.manifest import Manifest, read_model_manifest
from mcugen.report.evaluations import load_evaluations
from mcugen.report.verification import load_verification


def read_recorded(folder: Path, model: str | None = None) -> Recorded:
    """Raises UsageError U003, U004 or U006 as ``read_model_manifest``."""
    return recorded(folder, read_model_manifest(folder, model))


def recorded(folder: Path, manifest: Manifest) -> Recorded:
    """With the costs of the runs of ``verify``, and the last evaluation."""
    found = load_verification(folder, manifest).answer
    layers = [] if found is None else found["layer_details"]
    counts = tuple(layer["instructions"] for layer in layers)
    *_, last = load_evaluations(folder, manifest) or (None,)
    return Recorded(
        manifest=manifest,
        instructions=None if not counts or None in counts else counts,
        total_instructions=None if found is None else found["instructions"],
        stack_bytes=None if found is None else found["stack_bytes"],
        accuracy=None if last is None else last["accuracy"],
        pictures=0 if last is None else last["pictures"],
        dataset="" if last is None else last["dataset_sha256"],
    )
