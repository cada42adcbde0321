"""What GATHER, MIRROR_PAD and RESIZE_NEAREST_NEIGHBOR share: indices along each dimension."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcugen.ir import Graph, Op

Take = Callable[[Graph, Op], tuple[NDArray[np.int64], ...]]
"""For each dimension of the input, of which of its indices the output is made, in order."""


def fold_of(take: Take) -> Callable[[Graph, Op], NDArray[Any] | None]:
    """The output where the input is a constant."""

    def fold(graph: Graph, op: Op) -> NDArray[Any] | None:
        source = graph.input(op, 0)
        if not source.is_constant:
            return None
        taken = source.array()[np.ix_(*take(graph, op))]
        return np.asarray(taken.reshape(graph.output(op).shape))

    return fold
