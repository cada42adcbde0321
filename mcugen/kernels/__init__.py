"""Who can run an operator: the backends, each a folder here."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mcugen.kernels import cmsis_nn, portable, rows
from mcugen.kernels.backend import Backend, Choice, Family, Target

__all__ = [
    "FAMILIES",
    "Backend",
    "Choice",
    "Family",
    "Target",
    "backends",
    "family_of",
    "kernels_once",
]

FAMILIES: tuple[Family, ...] = (cmsis_nn.FAMILY, portable.FAMILY, rows.FAMILY)


def backends(cmsis_nn_sources: Path | None = None) -> tuple[Backend, ...]:
    """Those to choose from, the preferred one first; CMSIS-NN from a folder, or where it is found.

    Raises ToolchainError T003 or T004 without a CMSIS-NN that mcugen knows.
    """
    return (cmsis_nn.backend(cmsis_nn_sources), portable.backend(), rows.backend())


def kernels_once(paths: Iterable[str]) -> list[str]:
    """Of the files of kernels that several libraries bring, the first one's."""
    chosen: dict[str, str] = {}
    for path in paths:
        chosen.setdefault(path.partition("/")[2] if family_of(path) else path, path)
    return list(chosen.values())


def family_of(path: str) -> Family | None:
    """Whose file this is: a path below a folder of libraries; None for what is generated."""
    _, _, inside = path.partition("/")
    return next((one for one in FAMILIES if inside.startswith(f"{one.folder}/")), None)
