"""Compares references with each other, tensor by tensor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcugen.reference.base import Reference, Trace


@dataclass(frozen=True)
class Disagreement:
    """A tensor on which two references differ; ``offset`` is the first such byte."""

    tensor: int
    references: tuple[str, str]
    offset: int
    bytes_differing: int
    values: tuple[int, int]


def agreed_trace(
    references: tuple[Reference, ...], inputs: bytes
) -> tuple[Trace, tuple[Disagreement, ...]]:
    """The trace that counts, and where another reference says something else.

    The last reference decides: TFLite Micro, where it is installed. Disagreements are in the order
    of the graph, so the first one names the operator that they differ in.
    """
    *others, decisive = [(reference.name, reference.trace(inputs)) for reference in references]
    disagreements = [
        disagreement
        for other in others
        for tensor in decisive[1]
        if (disagreement := _compare(tensor, other, decisive)) is not None
    ]
    return decisive[1], tuple(disagreements)


def _compare(
    tensor: int, first: tuple[str, Trace], second: tuple[str, Trace]
) -> Disagreement | None:
    a, b = (np.frombuffer(trace[tensor], np.int8) for _, trace in (first, second))
    different = np.flatnonzero(a != b)
    if not different.size:
        return None
    offset = int(different[0])
    return Disagreement(
        tensor=tensor,
        references=(first[0], second[0]),
        offset=offset,
        bytes_differing=int(different.size),
        values=(int(a[offset]), int(b[offset])),
    )
