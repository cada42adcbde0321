"""The graph that every stage passes on: tensors, operators, quantisation. Frozen, self-checking."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from mcugen.errors import ModelError

Shape = tuple[int, ...]
AttrsT = TypeVar("AttrsT")

NO_TENSOR = -1
"""Stands for an optional operator input that is absent."""


class DType(enum.Enum):
    """Element types; the value is numpy's name for it. No operator takes int16 and float16 yet."""

    INT8 = "int8"
    UINT8 = "uint8"
    INT16 = "int16"
    INT32 = "int32"
    INT64 = "int64"
    FLOAT16 = "float16"
    FLOAT32 = "float32"

    @property
    def numpy(self) -> np.dtype[Any]:
        """Little-endian, as in the file and on the board."""
        return np.dtype(self.value).newbyteorder("<")

    @property
    def itemsize(self) -> int:
        return self.numpy.itemsize

    @property
    def c_type(self) -> str:
        return "float" if self is DType.FLOAT32 else f"{self.value}_t"


@dataclass(frozen=True)
class Quant:
    """Affine quantisation: real = scale * (q - zero_point), a scale each channel along ``axis``.

    Scales are float32 values held exactly.
    """

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int = 0

    @property
    def per_channel(self) -> bool:
        return len(self.scales) > 1

    @property
    def scale(self) -> float:
        """The only scale of a per-tensor quantisation."""
        (scale,) = self.scales
        return scale

    @property
    def zero_point(self) -> int:
        """The zero point shared by all channels."""
        (zero_point,) = set(self.zero_points)
        return zero_point


@dataclass(frozen=True)
class Tensor:
    """A value of the graph; ``id`` is its index in the file and never changes between passes.

    ``refusal`` says why nothing can be done with it, where that is so; shape, type and data are
    stand-ins then. ``left_out`` are (channel, value) of the file's tensor that this one has not:
    channels of the last dimension that have one value always.
    """

    id: int
    name: str
    shape: Shape
    dtype: DType
    quant: Quant | None = None
    data: bytes | None = field(default=None, repr=False)
    refusal: str = ""
    left_out: tuple[tuple[int, int], ...] = ()

    @property
    def elements(self) -> int:
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        return self.elements * self.dtype.itemsize

    @property
    def is_constant(self) -> bool:
        return self.data is not None

    @property
    def qparams(self) -> Quant:
        """The quantisation of a tensor that is known to have one."""
        if self.quant is None:
            raise ModelError("M004", f"tensor `{self.name}` has no quantisation parameters")
        return self.quant

    def array(self) -> NDArray[Any]:
        """The constant's elements in the tensor's shape."""
        if self.data is None:
            raise ModelError("M004", f"tensor `{self.name}` is not a constant")
        return np.frombuffer(self.data, self.dtype.numpy).reshape(self.shape)


@dataclass(frozen=True)
class Op:
    """One operator. ``index`` is its place in the file, ``attrs`` a dataclass of its ops module."""

    index: int
    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    attrs: object

    def attributes(self, kind: type[AttrsT]) -> AttrsT:
        """``attrs``, checked to be of the type that its reader expects."""
        if not isinstance(self.attrs, kind):
            raise TypeError(f"{self.kind} has {type(self.attrs).__name__}, not {kind.__name__}")
        return self.attrs


@dataclass(frozen=True)
class Graph:
    """Operators in execution order over ``tensors[id]``. Raises ModelError M004 when inconsistent.

    ``aliases`` are pairs (alias, root): the alias has the root's bytes under another shape, nothing
    writes it, and it exists as soon as the root does. A root is never an alias itself.
    """

    name: str
    tensors: tuple[Tensor, ...]
    ops: tuple[Op, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    aliases: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        for problem in _inconsistencies(self):
            raise ModelError("M004", problem, where=self.name)

    def tensor(self, tensor_id: int) -> Tensor:
        return self.tensors[tensor_id]

    def input(self, op: Op, position: int) -> Tensor:
        return self.tensors[op.inputs[position]]

    def output(self, op: Op, position: int = 0) -> Tensor:
        return self.tensors[op.outputs[position]]

    def optional_input(self, op: Op, position: int) -> Tensor | None:
        """The input at ``position``, or None where the operator leaves it out."""
        if position >= len(op.inputs) or op.inputs[position] == NO_TENSOR:
            return None
        return self.tensors[op.inputs[position]]

    def root(self, tensor_id: int) -> int:
        """The tensor that owns the bytes: of an alias its root, else the tensor itself."""
        return dict(self.aliases).get(tensor_id, tensor_id)

    def with_ops(self, ops: tuple[Op, ...]) -> Graph:
        return replace(self, ops=ops)


def _inconsistencies(graph: Graph) -> list[str]:
    problems = [
        f"tensor {tensor.id} stands at index {index}"
        for index, tensor in enumerate(graph.tensors)
        if tensor.id != index
    ]
    problems += [
        f"constant `{tensor.name}` has {len(tensor.data)} bytes, its shape needs {tensor.nbytes}"
        for tensor in graph.tensors
        if tensor.data is not None and len(tensor.data) != tensor.nbytes
    ]
    problems += _alias_inconsistencies(graph)
    if problems:
        return problems
    of_root: dict[int, set[int]] = {}
    for alias, root in graph.aliases:
        of_root.setdefault(root, set()).add(alias)
    known = {tensor.id for tensor in graph.tensors if tensor.is_constant} | set(graph.inputs)
    for root in tuple(known):
        known |= of_root.get(root, set())
    count = len(graph.tensors)
    for op in graph.ops:
        where = f"operator {op.index} {op.kind}"
        for tensor_id in op.inputs:
            if tensor_id != NO_TENSOR and tensor_id not in known:
                problems.append(f"{where} reads tensor {tensor_id} before anything wrote it")
        for tensor_id in op.outputs:
            if not 0 <= tensor_id < count:
                problems.append(f"{where} writes tensor {tensor_id}, which does not exist")
            elif tensor_id in known:
                problems.append(f"{where} writes tensor {tensor_id}, which already has a value")
            known |= {tensor_id} | of_root.get(tensor_id, set())
    for tensor_id in (*graph.inputs, *graph.outputs):
        if not 0 <= tensor_id < count:
            problems.append(f"the graph's edge names tensor {tensor_id}, which does not exist")
        elif tensor_id not in known:
            problems.append(f"the graph's output tensor {tensor_id} is never written")
    return problems


def _alias_inconsistencies(graph: Graph) -> list[str]:
    count, aliases = len(graph.tensors), {alias for alias, _ in graph.aliases}
    written = {tensor_id for op in graph.ops for tensor_id in op.outputs} | set(graph.inputs)
    problems = []
    if len(aliases) != len(graph.aliases):
        problems.append("a tensor is an alias twice")
    for alias, root in graph.aliases:
        if not (0 <= alias < count and 0 <= root < count):
            problems.append(f"alias {alias} of {root} names a tensor that does not exist")
        elif root in aliases:
            problems.append(f"alias {alias} points at {root}, which is an alias itself")
        elif alias in written or graph.tensors[alias].is_constant:
            problems.append(f"alias {alias} has a value of its own")
        elif graph.tensors[alias].nbytes != graph.tensors[root].nbytes:
            problems.append(f"alias {alias} and its root {root} differ in size")
    return problems
