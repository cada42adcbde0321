"""What calls of functions of two tensors share."""

from __future__ import annotations

from mcugen.ir import DType, Graph, Op
from mcugen.kernels.call import Call, Overlap, constant
from mcugen.kernels.portable.by_row import by_row
from mcugen.kernels.portable.call import portable_call
from mcugen.kernels.portable.params import Operands


def operands(graph: Graph, op: Op) -> Operands:
    first, second = graph.input(op, 0), graph.input(op, 1)
    places = [place for place, tensor in enumerate((first, second)) if tensor.is_constant]
    return Operands(
        periods=(first.elements, second.elements),
        constant=places[0] if places else None,
        count=graph.output(op).elements,
    )


def binary_call(graph: Graph, op: Op, function: str, template: str, params: object) -> Call:
    """The output may be either variable that is as large; by rows go two variables that are."""
    found, output = operands(graph, op), graph.output(op)
    whole = [
        place
        for place, period in enumerate(found.periods)
        if place != found.constant and period == found.count
    ]
    held = None if found.constant is None else graph.input(op, found.constant)
    return portable_call(
        function,
        template,
        params,
        constants=() if held is None else (constant("operand", DType.INT8, held.array()),),
        overlaps=tuple(Overlap(place, distance=0) for place in whole),
        rows=by_row(output) if len(whole) == 2 else None,
    )
