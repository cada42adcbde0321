"""Names of a model's classes."""

from __future__ import annotations

from pathlib import Path

from mcugen import files
from mcugen.errors import UsageError
from mcugen.manifest import Manifest


def class_names(path: Path | None, classes: int, manifest: Manifest) -> tuple[str, ...]:
    """Those in the file at ``path``, or those that the build has; () where neither has any. Raises
    as ``read_labels``."""
    return manifest.labels if path is None else read_labels(path, classes)


def read_labels(path: Path, classes: int) -> tuple[str, ...]:
    """A name a line. Raises UsageError U001, or U002 when there are not as many as outputs."""
    try:
        lines = files.read_text(path).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not a text file"
        raise UsageError("U001", f"the labels cannot be read: {reason}", where=str(path)) from error
    labels = tuple(line.strip() for line in lines if line.strip())
    if len(labels) != classes:
        raise UsageError(
            "U002",
            f"{len(labels)} labels for {classes} outputs",
            where=str(path),
            hint="one name a line, in the order of the model's outputs",
        )
    return labels
