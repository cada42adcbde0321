"""Finds, checks and selects CMSIS-NN sources.

In this order: an explicit folder, ``MCUGEN_CMSIS_NN``, an installed CMSIS-Pack, and the copy of
release 4.0.0 that the PyPI package ``bakenn`` ships. The release is told from the headers; the
files that a build needs are the closure of the functions that it calls.
"""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mcugen import files
from mcugen.errors import ToolchainError
from mcugen.kernels.backend import SourceFile, stamp_of
from mcugen.kernels.cmsis_nn.release import RELEASES, Release

_REVISION = re.compile(r"\$Revision:\s*V\.(\d+\.\d+\.\d+)")
_DEFINITION = re.compile(r"^[^\s#/*][^;{}()]*?\b(arm_\w+)\s*\(([^;{}]*?)\)\s*\{", re.MULTILINE)
_NAME = re.compile(r"\barm_\w+")


@dataclass(frozen=True)
class CmsisNN:
    """CMSIS-NN on disk. ``core_include`` holds ``cmsis_compiler.h``, None where not needed."""

    root: Path
    core_include: Path | None
    origin: str
    release: Release


def find(explicit: Path | None) -> CmsisNN:
    """The first place that has CMSIS-NN. Raises ToolchainError T003 or T004."""
    if explicit is not None:
        return _open(explicit, "--cmsis-nn")
    variable = os.environ.get("MCUGEN_CMSIS_NN")
    if variable:
        return _open(Path(variable), "MCUGEN_CMSIS_NN")
    pack = _installed_pack()
    if pack is not None:
        return _open(pack, "CMSIS-Pack")
    return _open(_bakenn_copy(), "bakenn")


def _installed_pack() -> Path | None:
    root = os.environ.get("CMSIS_PACK_ROOT")
    if not root:
        return None
    versions = [path for path in Path(root).glob("ARM/CMSIS-NN/*") if _header(path).is_file()]
    return max(versions, key=_version_key, default=None)


def _version_key(path: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", path.name))


def _bakenn_copy() -> Path:
    """Located without importing bakenn, which would pull in a whole compiler."""
    found = importlib.util.find_spec("bakenn")
    if found is None or not found.submodule_search_locations:
        raise ToolchainError(
            "T003",
            "no CMSIS-NN sources were found",
            hint="`pip install bakenn==1.0.0` brings release 4.0.0, or give `--cmsis-nn DIR`",
        )
    return Path(next(iter(found.submodule_search_locations))) / "backend/cmsis_nn/vendor/cmsis_nn"


def _header(root: Path) -> Path:
    return root / "Include" / "arm_nnfunctions.h"


def _open(root: Path, origin: str) -> CmsisNN:
    header = _header(root)
    if not header.is_file():
        raise ToolchainError(
            "T003",
            "there are no CMSIS-NN sources in this folder",
            where=f"{origin}: {root}",
            hint="the folder must hold `Include/arm_nnfunctions.h` and `Source/`",
        )
    match = _REVISION.search(_text(header))
    revision = match.group(1) if match else "unknown"
    if revision not in RELEASES:
        known = ", ".join(release.version for release in RELEASES.values())
        raise ToolchainError(
            "T004",
            f"this is not a CMSIS-NN release that mcugen knows (header revision {revision})",
            where=f"{origin}: {root}",
            hint=f"known releases: {known}",
        )
    core = root.parent / "cmsis_core" / "Include"
    return CmsisNN(root, core if core.is_dir() else None, origin, RELEASES[revision])


def _text(path: Path) -> str:
    try:
        return files.read_text(path)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not a text file"
        raise ToolchainError(
            "T003", f"a file of CMSIS-NN cannot be read: {reason}", where=str(path)
        ) from error


@cache
def stamp(root: Path) -> str:
    """Of all C in the folder of a CMSIS-NN."""
    return stamp_of(_text(path) for path in sorted(root.glob("**/*.[ch]")))


def select(sources: CmsisNN, entries: Iterable[str]) -> tuple[SourceFile, ...]:
    """Headers, licence and the C files that define ``entries`` and all they call, sorted by path.

    Raises ToolchainError T003 when a function is not there.
    """
    code = {
        path.relative_to(sources.root).as_posix(): _text(path)
        for path in sorted(sources.root.glob("Source/**/*.c"))
    }
    chosen = _closure(code, entries, sources)
    headers = {
        path.relative_to(sources.root).as_posix(): path
        for path in sorted(sources.root.glob("Include/**/*.h"))
    }
    taken = [SourceFile(path, code[path]) for path in chosen]
    taken += [SourceFile(name, _text(path)) for name, path in headers.items()]
    taken += _core_headers(sources.core_include)
    licence = next((path for path in sorted(sources.root.glob("LICENSE*"))), None)
    if licence is not None:
        taken.append(SourceFile("LICENSE.txt", _text(licence)))
    return tuple(sorted(taken, key=lambda file: file.path))


def _core_headers(folder: Path | None) -> list[SourceFile]:
    if folder is None:
        return []
    return [SourceFile(f"Core/{path.name}", _text(path)) for path in sorted(folder.glob("*.h"))]


def _closure(code: Mapping[str, str], entries: Iterable[str], sources: CmsisNN) -> list[str]:
    defined = {
        match.group(1): path for path, text in code.items() for match in _DEFINITION.finditer(text)
    }
    missing = [entry for entry in entries if entry not in defined]
    if missing:
        raise ToolchainError(
            "T003",
            f"CMSIS-NN lacks {', '.join(missing)}",
            where=f"{sources.origin}: {sources.root}",
            hint="give a complete CMSIS-NN with `--cmsis-nn`",
        )
    chosen: set[str] = set()
    waiting = [defined[entry] for entry in entries]
    while waiting:
        path = waiting.pop()
        if path in chosen:
            continue
        chosen.add(path)
        called = _NAME.findall(code[path])
        waiting += [defined[name] for name in called if name in defined]
    return sorted(chosen)
