"""What the model says of an input: its highest outputs, with names where there are labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mcugen.ir import DType, Tensor

TOP = 3


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
