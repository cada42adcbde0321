"""MEAN over any dimensions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from mcugen.ops.base import Operator, no_macs
from mcugen.ops.reducing import (
    Reduction,
    parse_reduction,
    reduction_example,
    reduction_shape,
    sum_problems,
    unparse_reduction,
)


@dataclass(frozen=True)
class Mean(Reduction):
    """The division is part of the multiplier."""


OPERATOR = Operator(
    kind="MEAN",
    version=2,
    options="ReducerOptions",
    takes="over any dimensions, up to 4",
    inputs=(2, 2),
    parse=partial(parse_reduction, Mean),
    unparse=unparse_reduction,
    problems=sum_problems,
    shape=reduction_shape,
    macs=no_macs,
    example=partial(reduction_example, "MEAN", Mean, -0.5),
)
