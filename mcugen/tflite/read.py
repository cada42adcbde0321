"""bytes -> Graph. Refuses what a Graph cannot hold; ``passes`` refuses what cannot be compiled."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import tflite

from mcugen import files
from mcugen.errors import ModelError, UsageError
from mcugen.ir import NO_TENSOR, DType, Graph, Op, Quant, Tensor
from mcugen.ops.base import Options, Unsupported, UnsupportedOptionError
from mcugen.ops.registry import OPERATORS, place
from mcugen.tflite.checked import FlatFile, Generated, option_fields

VERSION = 3
"""The only version that the schema ever had in the field."""

_LARGEST_RANK = 8


def _names(enumeration: Generated) -> dict[int, str]:
    return {number: name for name, number in vars(enumeration).items() if not name.startswith("_")}


_OPERATOR_NAMES = _names(tflite.BuiltinOperator)
_OPTIONS_NAMES = _names(tflite.BuiltinOptions)
_TYPE_NAMES = _names(tflite.TensorType)
_DTYPES = {number: DType[name] for number, name in _TYPE_NAMES.items() if name in DType.__members__}


@dataclass(frozen=True)
class _Contents:
    """A buffer: ``data`` is None for a tensor that is computed, ``elsewhere`` beyond the tables."""

    data: bytes | None
    elsewhere: bool


@dataclass(frozen=True)
class _Read:
    """A tensor, and why a Graph cannot hold it ("" when it can)."""

    tensor: Tensor
    refusal: str


def read_model(path: Path) -> Graph:
    """The graph in a file, named after it.

    Raises UsageError U001 when it cannot be read, and what ``parse_model`` raises, with the file's
    path.
    """
    try:
        data = files.read_bytes(path, files.MODEL_BYTES)
    except OSError as error:
        raise UsageError(
            "U001", f"the model cannot be read: {error.strerror}", where=str(path)
        ) from error
    try:
        return parse_model(data, path.stem)
    except ModelError as error:
        error.where = str(path) + error.where.removeprefix(path.stem)
        raise


def parse_model(data: bytes, name: str) -> Graph:
    """The graph in ``data``.

    Operators that mcugen does not know keep their place, with ``Unsupported`` attributes. Raises
    ModelError M001 (no TFLite file), M002 (corrupt), M003 (all that a Graph cannot hold, at once)
    and M004 (inconsistent).
    """
    file = FlatFile(data, name)
    model = file.root(tflite.Model)
    version = file.field(model, "Version")
    subgraphs = file.children(model, "Subgraphs")
    if version != VERSION:
        raise _refused(name, [f"schema version {version}: only version {VERSION} is known"])
    if len(subgraphs) != 1:
        raise _refused(
            name,
            [
                f"the model has {len(subgraphs)} subgraphs: control flow and several entry points "
                "are not supported; export one function without IF and WHILE"
            ],
        )
    return _graph(file, model, subgraphs[0])


def _graph(file: FlatFile, model: Generated, subgraph: Generated) -> Graph:
    operators = file.children(subgraph, "Operators")
    operands = [
        (_ids(file, operator, "Inputs"), _ids(file, operator, "Outputs")) for operator in operators
    ]
    produced = {tensor_id for _, outputs in operands for tensor_id in outputs}
    read = _tensors(file, model, subgraph, produced)
    kinds = _kinds(file, model)
    ops = tuple(
        _operator(file, operator, index, kinds, *operands[index])
        for index, operator in enumerate(operators)
    )
    inputs, outputs = _ids(file, subgraph, "Inputs"), _ids(file, subgraph, "Outputs")
    tensors = tuple(item.tensor for item in read)
    graph = Graph(file.name, tensors, ops, inputs, outputs)
    refusals = _refusals(graph, [item.refusal for item in read])
    if refusals:
        raise _refused(file.name, refusals)
    return graph


def _refused(name: str, reasons: list[str]) -> ModelError:
    return ModelError(
        "M003",
        "the model uses what mcugen does not support",
        where=name,
        details=tuple(reasons),
    )


def _refusals(graph: Graph, refused: list[str]) -> list[str]:
    """A line for each operator that touches a refused tensor or is unknown, if any tensor is."""
    if not any(refused):
        return []
    lines, named = [], set()
    for op in graph.ops:
        touched = [t for t in (*op.inputs, *op.outputs) if t != NO_TENSOR and refused[t]]
        named.update(touched)
        reasons = [f"tensor `{graph.tensor(t).name}` {refused[t]}" for t in touched[:1]]
        if isinstance(op.attrs, Unsupported):
            reasons.append(op.attrs.reason)
        lines += [f"{place(graph, op)}: {reason}" for reason in reasons]
    lines += [
        f"tensor {index} `{graph.tensor(index).name}` {refusal}"
        for index, refusal in enumerate(refused)
        if refusal and index not in named
    ]
    return lines


def _ids(file: FlatFile, table: Generated, name: str) -> tuple[int, ...]:
    return tuple(int(tensor_id) for tensor_id in file.numbers(table, name))


def _kinds(file: FlatFile, model: Generated) -> list[str]:
    """The operator code table: builtin names, ``CUSTOM name``, or ``BUILTIN number``."""
    found = []
    for code in file.children(model, "OperatorCodes"):
        # The byte-sized field came first; codes above 127 are in the new one only.
        number = max(file.field(code, "BuiltinCode"), file.field(code, "DeprecatedBuiltinCode"))
        kind = _OPERATOR_NAMES.get(number, f"BUILTIN {number}")
        if kind == "CUSTOM":
            kind = f"CUSTOM {file.text(code, 'CustomCode')}".rstrip()
        found.append(kind)
    return found


def _operator(
    file: FlatFile,
    operator: Generated,
    index: int,
    kinds: list[str],
    inputs: tuple[int, ...],
    outputs: tuple[int, ...],
) -> Op:
    number = file.field(operator, "OpcodeIndex")
    if number >= len(kinds):
        raise file.corrupt(f"operator {index} has code {number} of {len(kinds)}", operator._tab.Pos)
    kind = kinds[number]
    return Op(index, kind, inputs, outputs, _attributes(file, operator, index, kind))


def _attributes(file: FlatFile, operator: Generated, index: int, kind: str) -> object:
    known = OPERATORS.get(kind)
    if known is None:
        return Unsupported(_why_unknown(kind))
    try:
        return known.parse(_options(file, operator, index, kind, known.options))
    except UnsupportedOptionError as error:
        return Unsupported(str(error))


def _why_unknown(kind: str) -> str:
    if kind.startswith("CUSTOM"):
        return "custom operators are not supported: build the model from TFLite's own"
    return f"this operator is not supported; mcugen has {', '.join(sorted(OPERATORS))}"


def _options(file: FlatFile, operator: Generated, index: int, kind: str, expected: str) -> Options:
    """The operator's options by the schema's names, defaults where the file leaves them out."""
    number = file.field(operator, "BuiltinOptionsType")
    found = _OPTIONS_NAMES.get(number, str(number))
    if number and found != expected:
        raise file.corrupt(f"operator {index} {kind} carries options {found}", operator._tab.Pos)
    kind_of_options = getattr(tflite, expected)
    table = file.options(operator if number else None, kind_of_options)
    scalars, vectors = option_fields(kind_of_options)
    values = {name: file.field(table, name) for name in scalars}
    return {**values, **{name: file.numbers(table, name) for name in vectors}}


def _tensors(
    file: FlatFile, model: Generated, subgraph: Generated, produced: set[int]
) -> list[_Read]:
    buffers = file.children(model, "Buffers")
    contents: dict[int, _Contents] = {}
    found = []
    for index, table in enumerate(file.children(subgraph, "Tensors")):
        number = file.field(table, "Buffer")
        if number >= len(buffers):
            raise file.corrupt(
                f"tensor {index} has buffer {number} of {len(buffers)}", table._tab.Pos
            )
        if number not in contents:
            contents[number] = _contents(file, buffers[number])
        found.append(_tensor(file, table, index, contents[number], index in produced))
    return found


def _contents(file: FlatFile, buffer: Generated) -> _Contents:
    data = file.numbers(buffer, "Data")
    elsewhere = bool(file.field(buffer, "Offset") or file.field(buffer, "Size"))
    return _Contents(data.tobytes() if data.size else None, elsewhere)


def _tensor(
    file: FlatFile, table: Generated, index: int, contents: _Contents, produced: bool
) -> _Read:
    name = file.text(table, "Name") or f"tensor_{index}"
    shape = tuple(int(size) for size in file.numbers(table, "Shape"))
    dtype = _DTYPES.get(file.field(table, "Type"))
    refusal = _refusal(file, table, shape, contents)
    if refusal or dtype is None:
        stand_in = None if produced or contents == _Contents(None, False) else b"\0"
        return _Read(Tensor(index, name, (), DType.INT8, data=stand_in), refusal)
    tensor = Tensor(index, name, shape, dtype, _quantisation(file, table), contents.data)
    if tensor.nbytes == 0 and not produced:
        tensor = replace(tensor, data=b"")
    if tensor.data is not None and len(tensor.data) != tensor.nbytes:
        raise file.corrupt(
            f"tensor {index} `{name}` has {len(tensor.data)} bytes of data, its shape needs "
            f"{tensor.nbytes}",
            table._tab.Pos,
        )
    return _Read(tensor, "")


def _refusal(file: FlatFile, table: Generated, shape: tuple[int, ...], contents: _Contents) -> str:
    """Why a Graph cannot hold the tensor, "" where it can."""
    number = file.field(table, "Type")
    if number not in _DTYPES:
        type_name = _TYPE_NAMES.get(number, f"number {number}").lower()
        return f"is of type {type_name}: mcugen compiles int8 models"
    if file.child(table, "Sparsity") is not None:
        return "is sparse: convert the model without sparse weights"
    if file.field(table, "IsVariable"):
        return "is a variable, which keeps its value between runs: remove the model's state"
    if len(shape) > _LARGEST_RANK or any(size < 0 for size in shape):
        return f"has shape {shape}: export the model with fixed dimensions"
    if contents.elsewhere:
        return "has its data outside the model's tables: save the model as one file below 2 GB"
    parameters = file.child(table, "Quantization")
    if parameters is not None and file.field(parameters, "DetailsType"):
        return "has a custom quantisation"
    return ""


def _quantisation(file: FlatFile, table: Generated) -> Quant | None:
    """None where the file gives no scales; absent zero points are 0, one stands for all."""
    parameters = file.child(table, "Quantization")
    if parameters is None:
        return None
    scales = file.numbers(parameters, "Scale")
    zero_points = file.numbers(parameters, "ZeroPoint")
    if not scales.size:
        return None
    if zero_points.size not in (0, 1, scales.size):
        raise file.corrupt(
            f"quantisation has {scales.size} scales but {zero_points.size} zero points",
            parameters._tab.Pos,
        )
    filled = np.resize(zero_points, scales.size) if zero_points.size else [0] * scales.size
    return Quant(
        scales=tuple(float(scale) for scale in scales),
        zero_points=tuple(int(zero_point) for zero_point in filled),
        axis=int(file.field(parameters, "QuantizedDimension")),
    )
