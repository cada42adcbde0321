"""A call of a function of ``firmware/kernels``."""

from __future__ import annotations

from mcugen.kernels.call import Call, Constant, Overlap
from mcugen.kernels.contract import RowContract
from mcugen.kernels.portable.cost import COSTS
from mcugen.kernels.portable.family import FAMILY

IN_PLACE = Overlap(position=0, distance=0)


def portable_call(
    function: str,
    template: str,
    params: object,
    *,
    constants: tuple[Constant, ...] = (),
    overlaps: tuple[Overlap, ...] = (),
    rows: RowContract | None = None,
) -> Call:
    """``function`` stands in a file of its name."""
    return Call(
        backend=FAMILY.name,
        function=function,
        template=template,
        params=params,
        cost=COSTS[function](params),
        constants=constants,
        overlaps=overlaps,
        needs=(f"{function}.c",),
        rows=rows,
    )
