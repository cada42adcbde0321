"""What the model says of an input: its highest outputs, with names where there are labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mcugen import files
from mcugen.errors import UsageError
from mcugen.ir import DType, Tensor

TOP = 3


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


def top_classes(
    output: bytes, tensor: Tensor, labels: Sequence[str]
) -> tuple[dict[str, object], ...]:
    """The highest outputs as index, label and score; a score is a real value where one is known."""
    values = np.frombuffer(output, tensor.dtype.numpy)
    order = np.argsort(-values.astype(np.float64), kind="stable")[:TOP]
    return tuple(
        {
            "index": int(index),
            "label": labels[index] if labels else "",
            "score": _score(values[index], tensor),
        }
        for index in order
    )


def _score(value: Any, tensor: Tensor) -> float:
    if tensor.dtype is DType.FLOAT32 or tensor.quant is None:
        return float(value)
    return (int(value) - tensor.quant.zero_point) * tensor.quant.scale
