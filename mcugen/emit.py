"""Program -> SourceTree: the generated library as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jinja2
import numpy as np
from numpy.typing import NDArray

from mcugen import __version__, resources
from mcugen.boards import Board
from mcugen.cmsis_nn import HOST_FLAGS, SourceFile
from mcugen.ir import DType, Shape, Tensor
from mcugen.memory.plan import Plan
from mcugen.program import Program
from mcugen.schedule import Schedule, Step

SourceTree = Mapping[str, str]
"""Path within the build folder -> text."""

CMSIS_NN_DIR = "cmsis-nn"
KERNELS_DIR = "kernels"
_KERNEL_HEADERS = ("fixed_point.h", "kernels.h")
_LINE_WIDTH = 98


@dataclass(frozen=True)
class ConstantView:
    """A constant as the templates print it."""

    symbol: str
    c_type: str
    count: int
    values: str


@dataclass(frozen=True)
class LayerView:
    """A step as the templates print it: every pointer already a C expression."""

    index: int
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

    @property
    def input(self) -> str:
        return self.inputs[0]

    def symbol(self, name: str) -> str:
        """The C name of the layer's constant ``name``."""
        return constant_symbol(self.name, name)


@dataclass(frozen=True)
class EdgeView:
    """The model's input or output as the templates print it."""

    description: str
    c_type: str
    bytes: int
    pointer: str


def emit_model(program: Program, cmsis_nn: tuple[SourceFile, ...]) -> SourceTree:
    """The library below ``model/``, paths relative to it."""
    layers = tuple(_layer(program, step) for step in program.schedule.steps)
    portable = sorted({name for step in program.schedule.steps for name in step.lowered.portable})
    files = {f"{CMSIS_NN_DIR}/{file.path}": file.text for file in cmsis_nn}
    if portable:
        folder = resources.firmware_dir() / "kernels"
        for name in (*_KERNEL_HEADERS, *portable):
            files[f"{KERNELS_DIR}/{name}"] = (folder / name).read_text("utf-8")
    values = _model_values(program, layers, sorted(files))
    environment = _environment()
    names = ["model.h", "model.c", "CMakeLists.txt"]
    if values["has_weights"]:
        names += ["weights.h", "weights.c"]
    rendered = {name: environment.get_template(f"{name}.j2").render(values) for name in names}
    return {**files, **rendered}


def emit_firmware(board: Board) -> SourceTree:
    """What the firmware needs besides its own sources, paths relative to ``firmware/``."""
    environment = _environment()
    return {
        "board.h": environment.get_template("board.h.j2").render(board=board),
        "linker.ld": environment.get_template("linker.ld.j2").render(board=board),
    }


def emit_loader(board: Board, *, no_read: bool = False) -> SourceTree:
    """What the resident loader needs besides its sources, paths relative to ``loader/``.

    ``no_read``: it gives out nothing of the application.
    """
    environment = _environment()
    return {
        name: environment.get_template(f"{name}.j2").render(
            board=board, no_read=no_read, readable=board.readable(no_read=no_read)
        )
        for name in ("board.h", "layout.h", "loader.ld")
    }


def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(resources.templates_dir()),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )


def _model_values(
    program: Program, layers: tuple[LayerView, ...], copied: list[str]
) -> dict[str, Any]:
    has_weights = any(layer.constants for layer in layers)
    own = ["model.c", "weights.c"] if has_weights else ["model.c"]
    uses_cmsis_nn = any(step.lowered.entries for step in program.schedule.steps)
    return {
        "version": __version__,
        "model": program.source,
        "input": _edge(program, program.schedule.inputs[0]),
        "output": _edge(program, program.schedule.outputs[0]),
        "layers": layers,
        "macs": program.schedule.macs,
        "arena_bytes": program.plan.arena_bytes,
        "arena_lower_bound": program.plan.lower_bound,
        "contents": _contents(program.schedule, program.plan),
        "uses_cmsis_nn": uses_cmsis_nn,
        "uses_portable": any(step.lowered.portable for step in program.schedule.steps),
        "has_weights": has_weights,
        "sources": [*own, *(path for path in copied if path.endswith(".c"))],
        "host_flags": HOST_FLAGS,
        "includes": _include_dirs(copied),
    }


def _include_dirs(paths: list[str]) -> list[str]:
    """The folders of the library that hold headers of kernels."""
    return sorted({path.rsplit("/", 1)[0] for path in paths if path.endswith(".h") and "/" in path})


def _layer(program: Program, step: Step) -> LayerView:
    plan, schedule = program.plan, program.schedule
    lowered = step.lowered
    output = schedule.tensor(step.output)
    scratch = "NULL"
    if lowered.scratch_bytes:
        scratch = f"&model_arena[{plan.scratch_offset(step)}]"
    return LayerView(
        index=step.index,
        name=step.name,
        title=_title(schedule, step),
        template=lowered.template,
        function=lowered.function,
        call=lowered.params,
        inputs=tuple(_pointer(plan, schedule.tensor(tensor_id)) for tensor_id in step.inputs),
        output=_pointer(plan, output),
        output_offset=plan.tensor_offset(step.output),
        output_bytes=output.nbytes,
        scratch=scratch,
        scratch_bytes=lowered.scratch_bytes,
        constants=tuple(
            ConstantView(
                constant_symbol(step.name, constant.name),
                constant.dtype.c_type,
                constant.count,
                _number_lines(constant.array()),
            )
            for constant in lowered.constants
        ),
    )


def constant_symbol(layer: str, constant: str) -> str:
    """The C name of a layer's constant, and its name in the ELF file."""
    return f"model_{layer}_{constant}"


def _pointer(plan: Plan, tensor: Tensor) -> str:
    start = f"&model_arena[{plan.tensor_offset(tensor.id)}]"
    if tensor.dtype is DType.INT8:
        return start
    return f"({tensor.dtype.c_type} *)(void *){start}"


def shape_text(shape: Shape) -> str:
    """A shape without its batch of one, such as ``64x64x8``."""
    inner = shape[1:] if len(shape) > 1 and shape[0] == 1 else shape
    return "x".join(str(size) for size in inner)


def _title(schedule: Schedule, step: Step) -> str:
    kinds = " + ".join(op.kind for op in step.ops)
    shapes = " + ".join(shape_text(schedule.tensor(tensor_id).shape) for tensor_id in step.inputs)
    title = f"{kinds}, {shapes} to {shape_text(schedule.tensor(step.output).shape)}"
    return f"{title}, {step.macs:,} MACs" if step.macs else title


def _edge(program: Program, tensor_id: int) -> EdgeView:
    tensor = program.schedule.tensor(tensor_id)
    shape = "x".join(str(size) for size in tensor.shape)
    description = f"{tensor.dtype.value} {shape}"
    if tensor.quant is not None and tensor.dtype is not DType.FLOAT32:
        scale, zero_point = tensor.quant.scale, tensor.quant.zero_point
        description += f", scale {scale:.9g}, zero point {zero_point}"
    return EdgeView(description, tensor.dtype.c_type, tensor.nbytes, _pointer(program.plan, tensor))


def _contents(schedule: Schedule, plan: Plan) -> list[str]:
    """The table at the top of ``model.c``: a line a layer, columns aligned."""
    rows = [("", "layer", "kernel", "reads", "writes", "scratch")]
    for step in schedule.steps:
        scratch = ""
        if step.lowered.scratch_bytes:
            scratch = _span(plan.scratch_offset(step), step.lowered.scratch_bytes)
        reads = [
            _span(plan.tensor_offset(tensor_id), schedule.tensor(tensor_id).nbytes)
            for tensor_id in step.inputs
        ]
        writes = _span(plan.tensor_offset(step.output), schedule.tensor(step.output).nbytes)
        rows.append(
            (str(step.index), step.name, step.lowered.function, ", ".join(reads), writes, scratch)
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.rjust(width) if column == 0 else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _span(offset: int, size: int) -> str:
    return f"{offset}..{offset + size}"


def _number_lines(values: NDArray[Any]) -> str:
    """Numbers in columns, as many as fit a line, so that a diff of two models stays readable."""
    texts = values.astype(np.int64).astype(str)
    width = max(len(text) for text in texts)
    per_line = max(1, (_LINE_WIDTH - 4) // (width + 2))
    padded = np.char.rjust(texts, width)
    lines = (padded[start : start + per_line] for start in range(0, len(padded), per_line))
    return "\n".join(f"    {', '.join(line)}," for line in lines)
