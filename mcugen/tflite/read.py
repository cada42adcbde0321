"""bytes -> Graph. Refuses what is no graph; ``passes`` refuses what cannot be compiled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import tflite

from mcugen import files
from mcugen.errors import ModelError, UsageError
from mcugen.ir import DType, Graph, Op, Quant, Tensor
from mcugen.ops.base import Options, Unsupported, UnsupportedOptionError
from mcugen.ops.registry import OPERATORS
from mcugen.ops.state import STATEFUL, VARIABLE
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
    with about(path):
        return parse_model(data, path.stem)


@contextmanager
def about(path: Path) -> Iterator[None]:
    """What is wrong with the model in a file is told with the file's path."""
    try:
        yield
    except ModelError as error:
        place = error.where.removeprefix(path.stem)
        if place and not place.startswith(","):  # it does not begin with the graph's name
            place = f", {error.where}"
        if not error.where.startswith(str(path)):
            error.where = f"{path}{place}"
        raise


def parse_model(data: bytes, name: str) -> Graph:
    """The graph in ``data``.

    Operators that mcugen does not know keep their place, with ``Unsupported`` attributes; tensors
    that it cannot hold, too, with a ``refusal``. Raises ModelError M001 (no TFLite file), M002
    (corrupt), M003 (not one graph) and M004 (inconsistent).
    """
    file = FlatFile(data, name)
    model = file.root(tflite.Model)
    version = file.field(model, "Version")
    subgraphs = file.children(model, "Subgraphs")
    if version != VERSION:
        raise _refused(name, [f"schema version {version}: only version {VERSION} is known"])
    if len(subgraphs) != 1:
        raise _refused(name, _why_not_one(len(subgraphs), _kinds(file, model)))
    return _graph(file, model, subgraphs[0])


def _why_not_one(subgraphs: int, kinds: Sequence[str]) -> list[str]:
    """A second subgraph is often what sets the state up."""
    stateful = sorted(STATEFUL.intersection(kinds))
    reasons = [
        f"the model has {subgraphs} subgraphs: control flow and several entry points",
        "are not supported; export one function without IF and WHILE",
    ]
    if stateful:
        reasons.insert(0, f"the model keeps state between runs ({', '.join(stateful)})")
    return reasons


def _graph(file: FlatFile, model: Generated, subgraph: Generated) -> Graph:
    operators = file.children(subgraph, "Operators")
    operands = [
        (_ids(file, operator, "Inputs"), _ids(file, operator, "Outputs")) for operator in operators
    ]
    produced = {tensor_id for _, outputs in operands for tensor_id in outputs}
    tensors = _tensors(file, model, subgraph, produced)
    kinds = _kinds(file, model)
    ops = tuple(
        _operator(file, operator, index, kinds, *operands[index])
        for index, operator in enumerate(operators)
    )
    inputs, outputs = _ids(file, subgraph, "Inputs"), _ids(file, subgraph, "Outputs")
    return Graph(file.name, tensors, ops, inputs, outputs)


def _refused(name: str, reasons: list[str]) -> ModelError:
    return ModelError(
        "M003",
        "the model uses what mcugen does not support",
        where=name,
        details=tuple(reasons),
        hint="`mcugen operators` lists what is supported",
    )


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
    return "this operator is not supported"


def _options(file: FlatFile, operator: Generated, index: int, kind: str, expected: str) -> Options:
    """The operator's options by the schema's names, defaults where the file leaves them out.

    Of an operator that has none, whatever the file says is ignored, as the references do.
    """
    if not expected:
        return {}
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
) -> tuple[Tensor, ...]:
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
    return tuple(found)


def _contents(file: FlatFile, buffer: Generated) -> _Contents:
    data = file.numbers(buffer, "Data")
    elsewhere = bool(file.field(buffer, "Offset") or file.field(buffer, "Size"))
    return _Contents(data.tobytes() if data.size else None, elsewhere)


def _tensor(
    file: FlatFile, table: Generated, index: int, contents: _Contents, produced: bool
) -> Tensor:
    name = file.text(table, "Name") or f"tensor_{index}"
    shape = tuple(int(size) for size in file.numbers(table, "Shape"))
    dtype = _DTYPES.get(file.field(table, "Type"))
    refusal = _refusal(file, table, shape, contents)
    if refusal or dtype is None:
        state = bool(file.field(table, "IsVariable")) and not produced
        stand_in = b"\0" if state or (contents != _Contents(None, False) and not produced) else None
        return Tensor(index, name, (), DType.INT8, data=stand_in, refusal=refusal)
    tensor = Tensor(index, name, shape, dtype, _quantisation(file, table), contents.data)
    if tensor.nbytes == 0 and not produced:
        tensor = replace(tensor, data=b"")
    if tensor.data is not None and len(tensor.data) != tensor.nbytes:
        raise file.corrupt(
            f"tensor {index} `{name}` has {len(tensor.data)} bytes of data, its shape needs "
            f"{tensor.nbytes}",
            table._tab.Pos,
        )
    return tensor


def _refusal(file: FlatFile, table: Generated, shape: tuple[int, ...], contents: _Contents) -> str:
    """Why nothing can be done with the tensor, "" where something can."""
    number = file.field(table, "Type")
    if file.field(table, "IsVariable"):
        return VARIABLE
    if number not in _DTYPES:
        type_name = _TYPE_NAMES.get(number, f"number {number}").lower()
        return f"is of type {type_name}: mcugen compiles int8 models"
    if file.child(table, "Sparsity") is not None:
        return "is sparse: convert the model without sparse weights"
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
