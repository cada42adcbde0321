"""Units of work on this machine, in processes."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait

from mcugen.workers.processes import worker_processes
from mcugen.workers.runner import OutcomeT, PartT, Runner, SharedT, UnitT

_QUEUED = 2
"""Units that are made for each process: one to work on, one to go on with."""


def on_this_machine(jobs: int) -> Runner:
    """Does units in up to ``jobs`` processes."""

    def run(
        work: Callable[[SharedT, UnitT], OutcomeT],
        shared: SharedT,
        parts: Sequence[PartT],
        make: Callable[[PartT], UnitT],
    ) -> Generator[OutcomeT, None, None]:
        processes = min(jobs, len(parts))
        waiting: set[Future[OutcomeT]] = set()
        with worker_processes(processes) as pool:
            for part in parts:
                if len(waiting) == _QUEUED * processes:
                    done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    yield from (future.result() for future in done)
                waiting.add(pool.submit(work, shared, make(part)))
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)

    return run
