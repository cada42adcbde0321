"""What gives units of work to whoever does them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Protocol, TypeVar

SharedT = TypeVar("SharedT")
PartT = TypeVar("PartT")
UnitT = TypeVar("UnitT")
OutcomeT = TypeVar("OutcomeT")


class Runner(Protocol):
    """Gives what ``work`` makes of ``shared`` and of each part's unit, in any order.

    ``make`` makes a unit, and is called only when there is soon someone to do it. ``work`` is a
    function of a module, and all that it takes and gives can be pickled. Closing the generator
    ends what is under way.
    """

    def __call__(
        self,
        work: Callable[[SharedT, UnitT], OutcomeT],
        shared: SharedT,
        parts: Sequence[PartT],
        make: Callable[[PartT], UnitT],
    ) -> Generator[OutcomeT, None, None]: ...


def here(
    work: Callable[[SharedT, UnitT], OutcomeT],
    shared: SharedT,
    parts: Sequence[PartT],
    make: Callable[[PartT], UnitT],
) -> Generator[OutcomeT, None, None]:
    """The runner that does all in this very process, one after the other."""
    for part in parts:
        yield work(shared, make(part))
