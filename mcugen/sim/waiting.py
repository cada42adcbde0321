"""Whether a program that waits for a byte does so for ever, or will give up by itself.

Time is not modelled, so nothing may be said to be idle while the program counts down. Two states of
processor and registers that are equal mean that nothing will ever change; where they differ, the
program is given the instructions that a slow clock would execute in the time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

SLOW_HZ = 16_000_000
"""What a second counts for while the program waits: the clock that every chip starts with."""

PATIENCE_SECONDS = 0.025
"""Longer than the loader listens before it starts an application, or waits for half a message."""

_LOOK_EVERY = 64


@dataclass
class Waiting:
    """A wait for a byte, from its second poll on. ``state`` describes the machine;
    ``least_seconds`` is how long it may take even if nobody would wait."""

    state: Callable[[], object]
    instructions: Callable[[], int]
    least_seconds: float = PATIENCE_SECONDS
    _polls: int = 0
    _since: int = 0
    _seen: object = None

    def begin(self) -> None:
        """The next poll is the first of a new wait."""
        self._polls = 0

    def is_endless(self) -> bool:
        """To be asked at each poll: whether the machine is as it was a poll before."""
        if self._polls == 0:
            self._since = self.instructions()
        self._polls += 1
        turn = self._polls % _LOOK_EVERY
        if turn == 1:
            self._seen = self.state()
        return turn == 2 and self._seen == self.state()

    def is_over(self, seconds: float) -> bool:
        """Whether this long has been waited in vain."""
        waited = self.instructions() - self._since
        return waited > SLOW_HZ * max(seconds, self.least_seconds)
