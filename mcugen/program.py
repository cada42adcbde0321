"""Schedule + memory plan + board: all that the emitter needs to know."""

from __future__ import annotations

from dataclasses import dataclass

from mcugen.kernels import Target
from mcugen.memory.plan import Plan
from mcugen.memory.rows.plan import RowPlan
from mcugen.schedule import Schedule


@dataclass(frozen=True)
class Source:
    """Where a model came from, as the generated files state it."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Program:
    """A scheduled model with every byte placed.

    ``target`` is what it was scheduled for.
    """

    source: Source
    target: Target
    schedule: Schedule
    plan: Plan | RowPlan

    @property
    def cost(self) -> int:
        """Instructions of a run, as estimated."""
        return self.schedule.cost + self.plan.extra_cost
