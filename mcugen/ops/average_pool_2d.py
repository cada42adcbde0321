"""AVERAGE_POOL_2D: the mean of the values under a window, padding not counted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from mcugen.ops.base import Operator, no_macs
from mcugen.ops.pooling import (
    Pool2D,
    parse_pool,
    pool_example,
    pool_problems,
    pool_shape,
    unparse_pool,
)


@dataclass(frozen=True)
class AveragePool2D(Pool2D):
    """The mean is rounded half away from zero in the integers."""


OPERATOR = Operator(
    kind="AVERAGE_POOL_2D",
    version=2,
    options="Pool2DOptions",
    takes="any window and stride, SAME and VALID",
    inputs=(1, 1),
    parse=partial(parse_pool, AveragePool2D),
    unparse=unparse_pool,
    problems=pool_problems,
    shape=pool_shape,
    macs=no_macs,
    example=partial(pool_example, "AVERAGE_POOL_2D", AveragePool2D),
)
