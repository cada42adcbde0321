"""Arm's CMSIS-NN, in the release that is found on this machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from mcugen.boards import Core
from mcugen.ir import Graph, Op
from mcugen.kernels.backend import Backend
from mcugen.kernels.call import Call
from mcugen.kernels.cmsis_nn import lower
from mcugen.kernels.cmsis_nn.cost import COSTS
from mcugen.kernels.cmsis_nn.family import FAMILY
from mcugen.kernels.cmsis_nn.release import Release
from mcugen.kernels.cmsis_nn.sources import find, select, stamp

__all__ = ["COSTS", "FAMILY", "KERNELS", "backend"]

KERNELS: Mapping[str, tuple[Callable[[Release, Graph, Op, Core], Call | None], ...]] = {
    "AVERAGE_POOL_2D": (lower.average_pool,),
    "CONV_2D": (lower.convolution,),
    "DEPTHWISE_CONV_2D": (lower.depthwise,),
    "FULLY_CONNECTED": (lower.fully_connected, lower.fully_connected_per_channel),
    "MAX_POOL_2D": (lower.max_pool,),
}
"""To ask for each kind of operator; what they answer depends on the release."""


def backend(folder: Path | None) -> Backend:
    """Raises ToolchainError T003 or T004 where there is none, or none that mcugen knows."""
    found = find(folder)
    return Backend(
        family=FAMILY,
        kernels={
            kind: tuple(partial(kernel, found.release) for kernel in kernels)
            for kind, kernels in KERNELS.items()
        },
        sources=partial(select, found),
        version=found.release.version,
        origin=found.origin,
        stamp=partial(stamp, found.root),
    )
