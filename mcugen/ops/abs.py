"""ABS: the magnitude."""

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
    kind="ABS",
    version=2,
    options="AbsOptions",
    takes="any scales",
    inputs=(1, 1),
    parse=parse_nothing,
    unparse=unparse_nothing,
    problems=elementwise.rescaling_problems,
    shape=same_shape,
    macs=no_macs,
    example=partial(elementwise.rescaling_example, kind="ABS"),
)
