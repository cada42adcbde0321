"""RELU as an operator of its own: x where it is positive, 0 where it is not."""

from __future__ import annotations

from functools import partial

from mcugen.ops import elementwise
from mcugen.ops.base import (
    Operator,
    no_macs,
    parse_nothing,
    same_shape,
    unparse_nothing,
)

OPERATOR = Operator(
    kind="RELU",
    version=2,
    options="",
    takes="any scales",
    inputs=(1, 1),
    parse=parse_nothing,
    unparse=unparse_nothing,
    problems=elementwise.rescaling_problems,
    shape=same_shape,
    macs=no_macs,
    example=partial(elementwise.rescaling_example, kind="RELU"),
)
