"""mcugen's own C for what CMSIS-NN lacks; the sources stand in ``firmware/kernels``."""

from __future__ import annotations

import math

import numpy as np

from mcugen import numerics
from mcugen.boards import Core
from mcugen.ir import DType, Graph, Op, Tensor
from mcugen.kernels.call import Call, Overlap, constant, float_literal
from mcugen.kernels.portable.by_row import by_row
from mcugen.kernels.portable.call import IN_PLACE, portable_call
from mcugen.kernels.portable.params import (
    AddCall,
    AffineCall,
    MeanCall,
    PadCall,
    Rescale,
    SoftmaxCall,
)
from mcugen.kernels.portable.tables import lookup
from mcugen.ops.activation import activation_range
from mcugen.ops.add import Add
from mcugen.ops.reducing import axes
from mcugen.ops.softmax import Softmax

# Headroom that TFLite gives both operands of ADD.
ADD_LEFT_SHIFT = 20


def add(graph: Graph, op: Op, core: Core) -> Call | None:
    """ADD (TFLite ``CalculateOpDataAdd``): both operands onto twice the larger scale.

    Addition commutes exactly, so a constant operand always goes second.
    """
    variable, other = (1, 0) if graph.input(op, 0).is_constant else (0, 1)
    a, b, output = graph.input(op, variable), graph.input(op, other), graph.output(op)
    if a.is_constant:
        return None
    onto_common_a, onto_common_b, onto_output = common_scale(a, b, output)
    call = AddCall(
        a=onto_common_a,
        b=onto_common_b,
        output=onto_output,
        activation=activation_range(op.attributes(Add).activation, output.qparams),
        count=output.elements,
        constant_operand=b.is_constant,
    )
    inputs = (variable,) if b.is_constant else (variable, other)
    return portable_call(
        "add_s8",
        "add.c.j2",
        call,
        constants=(constant("operand", DType.INT8, b.array()),) if b.is_constant else (),
        overlaps=tuple(Overlap(position, distance=0) for position in inputs),
        rows=None if b.is_constant else by_row(output),
    )


def common_scale(a: Tensor, b: Tensor, output: Tensor) -> tuple[Rescale, Rescale, Rescale]:
    """Both operands' way onto twice the larger scale, and the way from there to the output."""
    common = 2 * max(a.qparams.scale, b.qparams.scale)
    onto_output = numerics.quantize_multiplier(common / (2**ADD_LEFT_SHIFT * output.qparams.scale))
    return (
        _operand(a, common),
        _operand(b, common),
        Rescale(output.qparams.zero_point, *onto_output),
    )


def _operand(tensor: Tensor, common: float) -> Rescale:
    multiplier, shift = numerics.quantize_multiplier(tensor.qparams.scale / common)
    return Rescale(-tensor.qparams.zero_point, multiplier, shift)


def mean(graph: Graph, op: Op, core: Core) -> Call | None:
    """MEAN over rows, columns or both of a picture."""
    source, output = graph.input(op, 0), graph.output(op)
    over = axes(graph, op)
    if len(source.shape) != 4 or source.shape[0] != 1 or over not in ((1,), (2,), (1, 2)):
        return None
    window = (source.shape[1] if 1 in over else 1, source.shape[2] if 2 in over else 1)
    multiplier, shift = numerics.mean_multiplier(
        source.qparams.scale / output.qparams.scale, math.prod(window)
    )
    return portable_call(
        "mean_s8",
        "mean.c.j2",
        MeanCall(
            input=source.shape,
            window=window,
            input_zero_point=source.qparams.zero_point,
            output_zero_point=output.qparams.zero_point,
            multiplier=multiplier,
            shift=shift,
        ),
    )


def softmax(graph: Graph, op: Op, core: Core) -> Call | None:
    """SOFTMAX over the last dimension, the exponentials tabulated at compile time."""
    source = graph.input(op, 0)
    depth = source.shape[-1]
    table = numerics.softmax_exp_table(op.attributes(Softmax).beta, source.qparams.scale)
    return portable_call(
        "softmax_s8",
        "softmax.c.j2",
        SoftmaxCall(rows=source.elements // depth, depth=depth),
        constants=(constant("exp_table", DType.INT32, table),),
        overlaps=(IN_PLACE,),
    )


def pad(graph: Graph, op: Op, core: Core) -> Call | None:
    """PAD with the zero point."""
    source, margins, output = graph.input(op, 0), graph.input(op, 1), graph.output(op)
    missing = 4 - len(source.shape)
    if missing < 0:
        return None
    before = tuple(int(value) for value in margins.array()[:, 0])
    return portable_call(
        "pad_s8",
        "pad.c.j2",
        PadCall(
            before=(0,) * missing + before,
            input=(1,) * missing + source.shape,
            output=(1,) * missing + output.shape,
            value=output.qparams.zero_point,
        ),
    )


_BYTES = {DType.INT8: range(-128, 128), DType.UINT8: range(256)}


def requantise(graph: Graph, op: Op, core: Core) -> Call | None:
    """QUANTIZE between 8-bit types: a table of all 256 answers, indexed by the raw byte."""
    source, output = graph.input(op, 0), graph.output(op)
    if source.dtype not in _BYTES or output.dtype not in _BYTES:
        return None
    table = numerics.requantize_table(
        source.qparams.zero_point,
        source.qparams.scale / output.qparams.scale,
        output.qparams.zero_point,
        _BYTES[source.dtype],
        _BYTES[output.dtype],
    )
    by_raw_byte = np.empty(256, np.int64)
    by_raw_byte[np.arange(_BYTES[source.dtype].start, _BYTES[source.dtype].stop) & 0xFF] = table
    return lookup(output, by_raw_byte)


def quantise_float(graph: Graph, op: Op, core: Core) -> Call | None:
    """QUANTIZE from float32 to int8."""
    source, output = graph.input(op, 0), graph.output(op)
    if (source.dtype, output.dtype) != (DType.FLOAT32, DType.INT8):
        return None
    return portable_call(
        "quantize_f32",
        "quantize.c.j2",
        _affine(output),
        overlaps=(IN_PLACE,),
        rows=by_row(output),
    )


def dequantise(graph: Graph, op: Op, core: Core) -> Call | None:
    """DEQUANTIZE from int8 to float32."""
    source = graph.input(op, 0)
    if source.dtype is not DType.INT8:
        return None
    return portable_call(
        "dequantize_s8",
        "dequantize.c.j2",
        _affine(source),
        rows=by_row(source, in_place=False),
    )


def _affine(quantised: Tensor) -> AffineCall:
    quant = quantised.qparams
    return AffineCall(quantised.elements, float_literal(quant.scale), quant.zero_point)
