"""A build held against limits: what is over, by how much, and which layers are to blame."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mcugen.budget.limits import LIMITS, Limit
from mcugen.compare import Recorded
from mcugen.errors import BudgetError, McugenError, UsageError
from mcugen.manifest import Manifest, Step

_BLAMED = 3
"""Layers that are named where several take something together."""

_BINDS = {
    "max-ram": "the arena binds at",
    "max-arena": "binds at",
    "max-flash": "largest weights:",
    "max-instructions": "most in",
}


@dataclass(frozen=True)
class Blame:
    """A layer, or a run of layers, and what it takes of the thing that is limited."""

    layer: str
    amount: int

    def as_json(self) -> dict[str, object]:
        return {"layer": self.layer, "amount": self.amount}


@dataclass(frozen=True)
class Finding:
    """A limit with its ``allowed`` value and what was ``found``, None where nobody measured it.

    ``binds`` are the layers that take most of it.
    """

    limit: Limit
    allowed: float
    found: float | None
    binds: tuple[Blame, ...] = ()

    @property
    def excess(self) -> float | None:
        """How far it is beyond the limit; 0 or less where it is within, None: not measured."""
        if self.found is None:
            return None
        return self.allowed - self.found if self.limit.least else self.found - self.allowed

    @property
    def status(self) -> str:
        if self.excess is None:
            return "unmeasured"
        return "over" if self.excess > 0 else "ok"

    def as_json(self) -> dict[str, object]:
        over = self.status == "over"
        return {
            "name": self.limit.name,
            "option": self.limit.option,
            "unit": self.limit.unit,
            "allowed": self.allowed,
            "found": self.found,
            "status": self.status,
            "excess": self.excess if over else None,
            "binds": [one.as_json() for one in self.binds] if over else [],
            "measured_by": self.limit.measured_by,
        }


@dataclass(frozen=True)
class Checked:
    """A build and what was found of its limits. ``command`` makes what measures a limit."""

    title: str
    findings: tuple[Finding, ...]
    command: Callable[[Limit], str]

    @property
    def over(self) -> tuple[Finding, ...]:
        return self._with("over")

    @property
    def unmeasured(self) -> tuple[Finding, ...]:
        return self._with("unmeasured")

    @property
    def error(self) -> McugenError | None:
        """What makes the answer no: C001; or unknown: U011."""
        missing = tuple(
            f"{one.limit.name} was never measured: `{self.command(one.limit)}`"
            for one in self.unmeasured
        )
        if self.over:
            return BudgetError(
                "C001",
                f"the build is over its limits in {_named(self.over)}",
                where=self.title,
                details=(*(told(one) for one in self.over), *missing),
                hint="`mcugen build --kernels fast`, `--arena` and `mcugen explore` show what can"
                " be had for less",
            )
        if missing:
            return UsageError(
                "U011",
                f"nobody knows whether the build keeps its limits in {_named(self.unmeasured)}",
                where=self.title,
                details=missing,
                hint="run that on this very build, then check again",
            )
        return None

    def as_json(self) -> dict[str, Any]:
        status = "over" if self.over else "unmeasured" if self.unmeasured else "ok"
        return {"status": status, "limits": [one.as_json() for one in self.findings]}

    def _with(self, status: str) -> tuple[Finding, ...]:
        return tuple(one for one in self.findings if one.status == status)


def check_budget(
    build: Recorded, limits: Mapping[Limit, float], command: Callable[[Limit], str]
) -> Checked:
    """Holds a build against ``limits``. ``command`` says what measures a limit in its folder."""
    manifest = build.manifest
    return Checked(
        f"{manifest.model} on {manifest.board}",
        tuple(
            Finding(limit, limits[limit], _found(build, limit), _blame(build, limit))
            for limit in LIMITS
            if limit in limits
        ),
        command,
    )


def told(one: Finding) -> str:
    """A limit that is not kept, in one line."""
    assert one.found is not None
    assert one.excess is not None
    edge = "at least" if one.limit.least else "at most"
    off = "too little" if one.limit.least else "too much"
    line = (
        f"{one.limit.name}: {shown(one.limit, one.found)}, {edge} {shown(one.limit, one.allowed)}:"
        f" {shown(one.limit, one.excess)} {off}"
    )
    if not one.binds:
        return line
    binds = ", ".join(f"`{blame.layer}` {shown(one.limit, blame.amount)}" for blame in one.binds)
    return f"{line}; {_BINDS[one.limit.option]} {binds}"


def shown(limit: Limit, value: float) -> str:
    """A value of a limit with its unit."""
    if limit.unit == "%":
        return f"{100 * value:.2f} %"
    text = f"{value:,.0f}"
    return f"{text} byte{'s' * (value != 1)}" if limit.unit == "bytes" else text


def _named(findings: Sequence[Finding]) -> str:
    names = [one.limit.name for one in findings]
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _found(build: Recorded, limit: Limit) -> float | None:
    manifest = build.manifest
    found: dict[str, float | None] = {
        "max-ram": manifest.ram_bytes,
        "max-arena": manifest.arena_bytes,
        "max-flash": manifest.flash_bytes,
        "max-stack": build.stack_bytes,
        "max-instructions": build.total_instructions,
        "min-accuracy": build.accuracy,
    }
    return found[limit.option]


def _blame(build: Recorded, limit: Limit) -> tuple[Blame, ...]:
    layers = build.manifest.layers
    if limit.option in ("max-ram", "max-arena"):
        return _fullest_step(build.manifest)
    if limit.option == "max-flash":
        return _most([Blame(layer.name, layer.weights_bytes) for layer in layers])
    if limit.option == "max-instructions" and build.instructions is not None:
        pairs = zip(layers, build.instructions, strict=True)
        return _most([Blame(layer.name, count) for layer, count in pairs])
    return ()


def _most(blames: Sequence[Blame]) -> tuple[Blame, ...]:
    largest = sorted(blames, key=lambda one: -one.amount)[:_BLAMED]
    return tuple(one for one in largest if one.amount > 0)


def _fullest_step(manifest: Manifest) -> tuple[Blame, ...]:
    """The step with most bytes alive, which no plan of the arena can do with less for."""
    if not manifest.steps:
        return ()
    step = max(manifest.steps, key=lambda one: one.live_bytes)
    return (Blame(_layers_of(manifest, step), step.live_bytes),)


def _layers_of(manifest: Manifest, step: Step) -> str:
    first, last = manifest.layers[step.first].name, manifest.layers[step.last].name
    return first if step.first == step.last else f"{first} to {last}"
