"""Faults as they are written on a command line: ``drop=0.001``, ``power-cut=17``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mcugen.errors import UsageError
from mcugen.sim.line_faults import LineFaults

_KNOWN = (
    "drop=P, dup=P, flip=P, nack=N, slow-erase=SECONDS, product-id=ID, readout-protected, "
    "power-cut=N"
)


@dataclass(frozen=True)
class BoardFaults:
    """What shall go wrong: on the line, in the chip, with the power (``power_cut`` counts flash
    operations from 1; 0 is never)."""

    line: LineFaults
    slow_erase_seconds: float = 0.0
    readout_protected: bool = False
    power_cut: int = 0
    seed: int = 0


def parse_faults(specs: Sequence[str], seed: int) -> BoardFaults:
    """Raises UsageError U006 for what cannot be understood."""
    found = {}
    for spec in specs:
        name, _, value = spec.partition("=")
        if name not in _READERS or name in found:
            raise _misunderstood(spec, f"known, once each, are {_KNOWN}")
        try:
            found[name] = _READERS[name](value)
        except ValueError:
            raise _misunderstood(spec, f"it is written as in {_KNOWN}") from None
    line = LineFaults(
        drop=found.get("drop", 0.0),
        dup=found.get("dup", 0.0),
        flip=found.get("flip", 0.0),
        nack=int(found.get("nack", 0)),
        product_id=int(found["product-id"]) if "product-id" in found else None,
        seed=seed,
    )
    return BoardFaults(
        line,
        slow_erase_seconds=found.get("slow-erase", 0.0),
        readout_protected="readout-protected" in found,
        power_cut=int(found.get("power-cut", 0)),
        seed=seed,
    )


def _misunderstood(spec: str, hint: str) -> UsageError:
    return UsageError("U006", f"`--fault {spec}` is not understood", hint=hint)


def _probability(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 0.3:
        raise ValueError
    return value


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 3600:
        raise ValueError
    return value


def _number(text: str) -> float:
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def _product(text: str) -> float:
    value = int(text, 16)
    if not 0 <= value <= 0xFFFF:
        raise ValueError
    return value


def _nothing(text: str) -> float:
    if text:
        raise ValueError
    return 1


_READERS: dict[str, Callable[[str], float]] = {
    "drop": _probability,
    "dup": _probability,
    "flip": _probability,
    "nack": _number,
    "slow-erase": _seconds,
    "product-id": _product,
    "readout-protected": _nothing,
    "power-cut": _number,
}
