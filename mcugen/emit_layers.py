"""What the templates print of a library's layers and of its input and output."""

from __future__ import annotations

import math
import string
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcugen.emit_rows import (
    WHOLE_CALL,
    StripTexts,
    WalkView,
    by_rows,
    strip_parameters,
    strip_texts,
    walk_view,
)
from mcugen.ir import DType, Shape, Tensor
from mcugen.kernels.call import float_literal
from mcugen.program import Program
from mcugen.schedule import Schedule, Step

_LINE_WIDTH = 98

_PLAIN = frozenset(string.ascii_letters + string.digits + " !#$%&'()*+,-./:;<=>@[]^_`{|}~")
"""Without quotes, backslashes, and what trigraphs begin with."""


@dataclass(frozen=True)
class ConstantView:
    """A constant as the templates print it."""

    symbol: str
    c_type: str
    count: int
    values: str


@dataclass(frozen=True)
class LayerView:
    """A layer as the templates print it: every pointer already a C expression.

    ``walk`` is None for a layer that runs in one call; of another one, pointers are parameters of
    its function, and ``rows`` what its strips differ in.
    """

    index: int
    library: str
    name: str
    title: str
    template: str
    function: str
    call: object
    inputs: tuple[str, ...]
    output: str
    output_offset: int
    output_bytes: int
    scratch: str
    scratch_bytes: int
    constants: tuple[ConstantView, ...]
    rows: StripTexts = WHOLE_CALL
    walk: WalkView | None = None
    parameters: tuple[tuple[str, str], ...] = ()

    @property
    def input(self) -> str:
        return self.inputs[0]

    def symbol(self, name: str) -> str:
        """The C name of the layer's constant ``name``."""
        return constant_symbol(self.library, self.name, name)


@dataclass(frozen=True)
class EdgeView:
    """The model's input or output as the templates print it.

    ``picture`` is (height, width, channels), None for another shape. ``scale`` is a literal of C,
    "" for a tensor of real numbers; ``low`` and ``high`` are the ends of the type.
    """

    description: str
    c_type: str
    bytes: int
    pointer: str
    picture: Shape | None
    scale: str
    zero_point: int
    low: int
    high: int


def layer_view(program: Program, step: Step) -> LayerView:
    """A step's layer, where the plan has put it."""
    plan, schedule = program.plan, program.schedule
    lowered = step.call
    output = schedule.tensor(step.output)
    scratch = "NULL"
    if lowered.scratch_bytes:
        scratch = program.arena.pointer(plan.scratch_offset(step))
    whole = LayerView(
        index=step.index,
        library=program.name,
        name=step.name,
        title=_title(schedule, step),
        template=lowered.template,
        function=lowered.function,
        call=lowered.params,
        inputs=tuple(_pointer(program, schedule.tensor(tensor_id)) for tensor_id in step.inputs),
        output=_pointer(program, output),
        output_offset=plan.tensor_offset(step.output),
        output_bytes=output.nbytes,
        scratch=scratch,
        scratch_bytes=lowered.scratch_bytes,
        constants=tuple(
            ConstantView(
                constant_symbol(program.name, step.name, constant.name),
                constant.dtype.c_type,
                constant.count,
                _number_lines(constant.array()),
            )
            for constant in lowered.constants
        ),
    )
    return _by_rows(schedule, step, whole) if by_rows(plan, step) else whole


def _by_rows(schedule: Schedule, step: Step, whole: LayerView) -> LayerView:
    """The layer as a function that makes a strip of rows."""
    parameters = strip_parameters(schedule, step)
    *inputs, output = (name for _, name in parameters)
    return replace(
        whole,
        inputs=tuple(inputs),
        output=output,
        rows=strip_texts(schedule, step),
        walk=walk_view(schedule, step),
        parameters=parameters,
    )


def constant_symbol(library: str, layer: str, constant: str) -> str:
    """The C name of a layer's constant, and its name in the ELF file."""
    return f"{library}_{layer}_{constant}"


def _pointer(program: Program, tensor: Tensor) -> str:
    start = program.arena.pointer(program.plan.tensor_offset(tensor.id))
    if tensor.dtype is DType.INT8:
        return start
    return f"({tensor.dtype.c_type} *)(void *){start}"


def shape_text(shape: Shape) -> str:
    """A shape without its batch of one, such as ``64x64x8``."""
    inner = shape[1:] if len(shape) > 1 and shape[0] == 1 else shape
    return "x".join(str(size) for size in inner)


def _title(schedule: Schedule, step: Step) -> str:
    shapes = " + ".join(shape_text(schedule.tensor(tensor_id).shape) for tensor_id in step.inputs)
    title = f"{step.op.kind}, {shapes} to {shape_text(schedule.tensor(step.output).shape)}"
    return f"{title}, {step.macs:,} MACs" if step.macs else title


def edge_view(program: Program, tensor_id: int) -> EdgeView:
    """The model's input or output of that number in the file."""
    tensor = program.schedule.tensor(tensor_id)
    shape = "x".join(str(size) for size in tensor.shape)
    description = f"{tensor.dtype.value} {shape}"
    scale, zero_point, ends = "", 0, (0, 0)
    if tensor.quant is not None and tensor.dtype is not DType.FLOAT32:
        scale, zero_point = float_literal(tensor.quant.scale), tensor.quant.zero_point
        description += f", scale {tensor.quant.scale:.9g}, zero point {zero_point}"
        ends = int(np.iinfo(tensor.dtype.numpy).min), int(np.iinfo(tensor.dtype.numpy).max)
    return EdgeView(
        description=description,
        c_type=tensor.dtype.c_type,
        bytes=tensor.nbytes,
        pointer=_pointer(program, tensor),
        picture=None if class_count(tensor.shape) or len(tensor.shape) != 4 else tensor.shape[1:],
        scale=scale,
        zero_point=zero_point,
        low=ends[0],
        high=ends[1],
    )


def class_count(shape: Shape) -> int | None:
    """How many scores the output has, if it is a list of scores."""
    return shape[-1] if shape and math.prod(shape) == shape[-1] else None


def c_string(text: str) -> str:
    """What stands between the quotes of a C string for the bytes of ``text`` in UTF-8."""
    return "".join(
        chr(byte) if chr(byte) in _PLAIN else f"\\{byte:03o}" for byte in text.encode("utf-8")
    )


def _number_lines(values: NDArray[Any]) -> str:
    """Numbers in columns, as many as fit a line, so that a diff of two models stays readable."""
    texts = values.astype(np.int64).astype(str)
    width = max(len(text) for text in texts)
    per_line = max(1, (_LINE_WIDTH - 4) // (width + 2))
    padded = np.char.rjust(texts, width)
    lines = (padded[start : start + per_line] for start in range(0, len(padded), per_line))
    return "\n".join(f"    {', '.join(line)}," for line in lines)
