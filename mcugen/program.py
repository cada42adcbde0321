"""Schedule + memory plan + board: all that the emitter needs to know."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from mcugen.arena import ArenaRoom, arena_room
from mcugen.kernels import Target
from mcugen.memory.plan import Plan
from mcugen.memory.rows.plan import RowPlan
from mcugen.memory.spaces import Space
from mcugen.names import DEFAULT_NAME
from mcugen.schedule import Schedule


@dataclass(frozen=True)
class Source:
    """Where a model came from, as the generated files state it."""

    name: str
    sha256: str


def sha256_of(sources: Sequence[Source]) -> str:
    """What tells the models of a firmware from others: of a single one its own sum."""
    sums = [source.sha256 for source in sources]
    return sums[0] if len(sums) == 1 else hashlib.sha256("".join(sums).encode()).hexdigest()


@dataclass(frozen=True)
class Program:
    """A scheduled model with every byte placed.

    ``target`` is what it was scheduled for, ``name`` the library's: of its folder and header, and
    before every name in it that others see. ``overlaid`` is the room of an arena that others share,
    which run at other times. ``labels`` are the classes' names, () where they have none. ``spaces``
    are the memories that the plan knows; none where it knows of no walls.
    """

    source: Source
    target: Target
    schedule: Schedule
    plan: Plan | RowPlan
    name: str = DEFAULT_NAME
    overlaid: ArenaRoom | None = None
    labels: tuple[str, ...] = ()
    spaces: tuple[Space, ...] = ()

    @cached_property
    def arena(self) -> ArenaRoom:
        """Where the plan's bytes are."""
        return self.overlaid or arena_room(self.name, self.schedule, self.plan, self.spaces)

    @property
    def weights_bytes(self) -> int:
        """All that the kernels' calls read from flash."""
        return sum(
            len(constant.data) for step in self.schedule.steps for constant in step.call.constants
        )

    @property
    def cost(self) -> int:
        """Instructions of a run, as estimated."""
        return self.schedule.cost + self.plan.extra_cost


def total_weights(programs: Sequence[Program]) -> int:
    """Bytes of all weights of a firmware."""
    return sum(program.weights_bytes for program in programs)
