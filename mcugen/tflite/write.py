"""Graph -> bytes that TFLite and TFLite Micro load."""

from __future__ import annotations

from typing import Any

import flatbuffers
import numpy as np
import tflite
from numpy.typing import NDArray

from mcugen.ir import DType, Graph, Op, Quant, Tensor
from mcugen.ops.registry import OPERATORS
from mcugen.tflite.checked import IDENTIFIER
from mcugen.tflite.read import VERSION

# TFLite wants constants aligned like this so that kernels may read them as wider types.
_DATA_ALIGNMENT = 16
# The byte-sized code field that readers of old files look at; later codes are capped.
_LAST_SHORT_CODE = 127

Offset = int


def write_model(graph: Graph) -> bytes:
    """The graph as a ``.tflite`` file; ``parse_model`` gives the same graph back.

    Raises ValueError for what the format cannot say: aliases and EXPLICIT padding, which passes
    make, and operators that mcugen does not know.
    """
    if graph.aliases:
        raise ValueError("a graph with aliases has no TFLite form")
    builder = flatbuffers.Builder(1024)
    kinds = tuple(sorted({op.kind for op in graph.ops}))
    buffers, places = _buffers(builder, graph)
    codes = _tables(builder, [_code(builder, kind) for kind in kinds])
    subgraphs = _tables(builder, [_subgraph(builder, graph, kinds, places)])
    description = builder.CreateString("mcugen")
    tflite.ModelStart(builder)
    tflite.ModelAddVersion(builder, VERSION)
    tflite.ModelAddOperatorCodes(builder, codes)
    tflite.ModelAddSubgraphs(builder, subgraphs)
    tflite.ModelAddDescription(builder, description)
    tflite.ModelAddBuffers(builder, buffers)
    builder.Finish(tflite.ModelEnd(builder), IDENTIFIER)
    return bytes(builder.Output())


def _tables(builder: Any, offsets: list[Offset]) -> Offset:
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())


def _numbers(builder: Any, values: NDArray[Any]) -> Offset:
    return int(builder.CreateNumpyVector(values))


def _buffers(builder: Any, graph: Graph) -> tuple[Offset, dict[int, int]]:
    """(vector of buffers, tensor id -> buffer). Buffer 0 is empty: that of computed values."""
    offsets, places = [_buffer(builder, None)], {}
    for tensor in graph.tensors:
        places[tensor.id] = len(offsets) if tensor.data else 0
        if tensor.data:
            offsets.append(_buffer(builder, tensor.data))
    return _tables(builder, offsets), places


def _buffer(builder: Any, data: bytes | None) -> Offset:
    contents = None
    if data is not None:
        builder.StartVector(1, len(data), _DATA_ALIGNMENT)
        builder.head -= len(data)
        builder.Bytes[builder.head : builder.head + len(data)] = data
        contents = builder.EndVector()
    tflite.BufferStart(builder)
    if contents is not None:
        tflite.BufferAddData(builder, contents)
    return int(tflite.BufferEnd(builder))


def _code(builder: Any, kind: str) -> Offset:
    number = getattr(tflite.BuiltinOperator, kind)
    tflite.OperatorCodeStart(builder)
    tflite.OperatorCodeAddDeprecatedBuiltinCode(builder, min(number, _LAST_SHORT_CODE))
    tflite.OperatorCodeAddBuiltinCode(builder, number)
    tflite.OperatorCodeAddVersion(builder, OPERATORS[kind].version)
    return int(tflite.OperatorCodeEnd(builder))


def _subgraph(builder: Any, graph: Graph, kinds: tuple[str, ...], places: dict[int, int]) -> Offset:
    tensors = _tables(builder, [_tensor(builder, t, places[t.id]) for t in graph.tensors])
    operators = _tables(builder, [_operator(builder, op, kinds) for op in graph.ops])
    inputs = _numbers(builder, np.array(graph.inputs, np.int32))
    outputs = _numbers(builder, np.array(graph.outputs, np.int32))
    name = builder.CreateString("main")
    tflite.SubGraphStart(builder)
    tflite.SubGraphAddTensors(builder, tensors)
    tflite.SubGraphAddInputs(builder, inputs)
    tflite.SubGraphAddOutputs(builder, outputs)
    tflite.SubGraphAddOperators(builder, operators)
    tflite.SubGraphAddName(builder, name)
    return int(tflite.SubGraphEnd(builder))


def _tensor(builder: Any, tensor: Tensor, place: int) -> Offset:
    shape = _numbers(builder, np.array(tensor.shape, np.int32))
    name = builder.CreateString(tensor.name)
    quantisation = None if tensor.quant is None else _quantisation(builder, tensor.quant)
    tflite.TensorStart(builder)
    tflite.TensorAddShape(builder, shape)
    tflite.TensorAddType(builder, _type_number(tensor.dtype))
    tflite.TensorAddBuffer(builder, place)
    tflite.TensorAddName(builder, name)
    if quantisation is not None:
        tflite.TensorAddQuantization(builder, quantisation)
    # A scalar's shape is as empty as that of a tensor of unknown rank; this tells them apart.
    tflite.TensorAddHasRank(builder, True)
    return int(tflite.TensorEnd(builder))


def _type_number(dtype: DType) -> int:
    return int(getattr(tflite.TensorType, dtype.name))


def _quantisation(builder: Any, quant: Quant) -> Offset:
    scales = _numbers(builder, np.array(quant.scales, np.float32))
    zero_points = _numbers(builder, np.array(quant.zero_points, np.int64))
    tflite.QuantizationParametersStart(builder)
    tflite.QuantizationParametersAddScale(builder, scales)
    tflite.QuantizationParametersAddZeroPoint(builder, zero_points)
    tflite.QuantizationParametersAddQuantizedDimension(builder, quant.axis)
    return int(tflite.QuantizationParametersEnd(builder))


def _operator(builder: Any, op: Op, kinds: tuple[str, ...]) -> Offset:
    inputs = _numbers(builder, np.array(op.inputs, np.int32))
    outputs = _numbers(builder, np.array(op.outputs, np.int32))
    kind = OPERATORS[op.kind].options
    options = _options(builder, op, kind) if kind else None
    tflite.OperatorStart(builder)
    tflite.OperatorAddOpcodeIndex(builder, kinds.index(op.kind))
    tflite.OperatorAddInputs(builder, inputs)
    tflite.OperatorAddOutputs(builder, outputs)
    if options is not None:
        tflite.OperatorAddBuiltinOptionsType(builder, getattr(tflite.BuiltinOptions, kind))
        tflite.OperatorAddBuiltinOptions(builder, options)
    return int(tflite.OperatorEnd(builder))


def _options(builder: Any, op: Op, kind: str) -> Offset:
    """The options table, its vectors first: FlatBuffers does not nest."""
    values = {
        name: _numbers(builder, value) if isinstance(value, np.ndarray) else value
        for name, value in OPERATORS[op.kind].unparse(op.attrs).items()
    }
    getattr(tflite, f"{kind}Start")(builder)
    for name, value in values.items():
        getattr(tflite, f"{kind}Add{name}")(builder, value)
    return int(getattr(tflite, f"{kind}End")(builder))
