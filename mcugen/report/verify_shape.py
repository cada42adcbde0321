"""What the answer of ``verify`` must hold for a report to be made of it."""

from __future__ import annotations

from typing import Any

from mcugen.report.words import Answer, executions
from mcugen.verify.report import EXECUTIONS

_COUNT = int | None

_SHAPE: dict[str, Any] = {
    "status": str,
    "board": str,
    "inputs": [{"name": str, "note": str, "sha256": str}],
    "answers": [{"top": [{"index": int, "label": str, "score": int | float}]}],
    "layers": int,
    "layer_details": [{"instructions": _COUNT, "cycles": _COUNT, "equal": bool}],
    "pairs": [
        {
            "a": str,
            "b": str,
            "by": str,
            "values": int,
            "mismatches": int,
            "output_values": int,
            "output_mismatches": int,
        }
    ],
    "first_difference": object,
    "reference": [str],
    "reference_disagreements": int,
    "reference_undefined": int,
    "instructions": _COUNT,
    "cycles": _COUNT,
    "clock_hz": _COUNT,
    "port_counts": str | None,
    "port_board": str | None,
    "estimates": [{"model": str, "cycles": int, "clock_hz": int, "milliseconds": int | float}],
    "estimate_note": str,
    "stack_bytes": _COUNT,
    "stack_reserved": int,
    "stray_writes": _COUNT,
}
"""Types by key; the one in a list is that of all its members."""

_ERROR = {"code": str, "what": str, "where": str, "details": [str]}
"""What it has besides where its status is not "ok"."""


def is_verification(answer: Any, layers: int) -> bool:
    """Whether it has what a report reads, and is about a build of so many layers."""
    return (
        _suits(answer, _SHAPE)
        and (answer["status"] == "ok" or _suits(answer.get("error"), _ERROR))
        and len(answer["layer_details"]) == layers > 0
        and len(answer["inputs"]) == len(answer["answers"])
        and set(executions(answer)) <= set(EXECUTIONS)
        and all(_all_or_none(answer, count) for count in ("instructions", "cycles"))
    )


def _suits(value: Any, shape: Any) -> bool:
    if isinstance(shape, dict):
        return isinstance(value, dict) and all(
            key in value and _suits(value[key], inner) for key, inner in shape.items()
        )
    if isinstance(shape, list):
        return isinstance(value, list) and all(_suits(one, shape[0]) for one in value)
    return isinstance(value, shape)


def _all_or_none(answer: Answer, count: str) -> bool:
    """Every layer was counted, or none was."""
    return len({layer[count] is None for layer in answer["layer_details"]}) == 1
