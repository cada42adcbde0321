"""Chunks on this machine, in processes."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait

from mcugen.evaluate.work import Chunk, Outcome, Runner, Task, evaluate_chunk
from mcugen.verify.processes import worker_processes

_QUEUED = 2
"""Chunks that are made for each process: one to work on, one to go on with."""


def on_this_machine(jobs: int) -> Runner:
    """Runs chunks in up to ``jobs`` processes."""

    def run(
        task: Task, parts: Sequence[range], make: Callable[[range], Chunk]
    ) -> Generator[Outcome, None, None]:
        processes = min(jobs, len(parts))
        waiting: set[Future[Outcome]] = set()
        with worker_processes(processes) as pool:
            for part in parts:
                if len(waiting) == _QUEUED * processes:
                    done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    yield from (future.result() for future in done)
                waiting.add(pool.submit(evaluate_chunk, task, make(part)))
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)

    return run
