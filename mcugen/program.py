"""Schedule + memory plan + board: all that the emitter needs to know."""

from __future__ import annotations

from dataclasses import dataclass

from mcugen.memory.plan import Plan
from mcugen.schedule import Schedule


@dataclass(frozen=True)
class Source:
    """Where a model came from, as the generated files state it."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Program:
    """A scheduled model with every byte placed.

    ``arena_alignment`` is where the arena may start, in bytes: on a line of the data cache, where
    the core has one, so that a DMA controller can be given the input.
    """

    source: Source
    schedule: Schedule
    plan: Plan
    arena_alignment: int
