"""A family of kernels: who runs which operator, and what its calls need to be compiled."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from mcugen.boards import Core
from mcugen.ir import Graph, Op
from mcugen.kernels.call import Call

_STAMP_DIGITS = 12

Kernel = Callable[[Graph, Op, Core], Call | None]
"""Lowers an operator for a core, or returns None where this kernel cannot run it exactly."""


Choice = Literal["cmsis-nn", "fast"]
"""CMSIS-NN where it has a kernel, or for each layer the kernel of least cost."""


@dataclass(frozen=True)
class SourceFile:
    """A file that a build takes, its path inside the backend's folder, and its SHA-256."""

    path: str
    text: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True)
class Family:
    """What holds for a backend's files in every build.

    ``folder`` is theirs below ``model/``, ``header`` what ``model.c`` includes. ``flags`` compile
    them, with ``host_flags`` besides where the core is not Arm's. ``strict`` files are ours: they
    pass the warnings of generated code. ``on_request`` kernels are only taken when fast ones are
    asked for.
    """

    name: str
    folder: str
    header: str
    strict: bool
    on_request: bool = False
    flags: tuple[str, ...] = ("-O2",)
    host_flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Backend:
    """A family as this build has it.

    ``kernels`` are to be asked in their order, by the kind of operator. ``sources`` gives all files
    for what calls need (``Call.needs``); ``version`` and ``origin`` are for the manifest; ``stamp``
    tells all its files from those of any other version.
    """

    family: Family
    kernels: Mapping[str, tuple[Kernel, ...]]
    sources: Callable[[Sequence[str]], tuple[SourceFile, ...]]
    version: str
    origin: str
    stamp: Callable[[], str]

    def candidates(self, graph: Graph, op: Op, core: Core) -> tuple[Call, ...]:
        """Every call of this backend that runs ``op`` exactly, the preferred one first."""
        calls = (kernel(graph, op, core) for kernel in self.kernels.get(op.kind, ()))
        return tuple(call for call in calls if call is not None)

    def files(self, calls: Sequence[Call]) -> tuple[SourceFile, ...]:
        """What those of ``calls`` need that are this backend's; nothing where none is."""
        own = [call for call in calls if call.backend == self.family.name]
        needs = sorted({need for call in own for need in call.needs})
        return self.sources(needs) if own else ()


def stamp_of(texts: Iterable[str]) -> str:
    """What tells files from others; a part of a C name."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(f"{text}\0".encode())
    return digest.hexdigest()[:_STAMP_DIGITS]


@dataclass(frozen=True)
class Target:
    """What a model is compiled for, and with what; the preferred backend stands first."""

    core: Core
    backends: tuple[Backend, ...]
    choice: Choice = "cmsis-nn"

    def candidates(self, graph: Graph, op: Op) -> tuple[Call, ...]:
        """Every call that runs ``op`` exactly, the preferred one first."""
        return tuple(
            call for backend in self.backends for call in backend.candidates(graph, op, self.core)
        )

    def choose(self, candidates: Sequence[Call]) -> Call | None:
        """The first that need not be asked for, or the one of least cost; None where none is."""
        if self.choice == "fast":
            return min(candidates, key=lambda call: call.cost, default=None)
        asked_for = {one.family.name for one in self.backends if one.family.on_request}
        return next((call for call in candidates if call.backend not in asked_for), None)
