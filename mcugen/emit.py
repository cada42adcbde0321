"""Program -> SourceTree: the generated library as text."""

from __future__ import annotations

import hashlib
import math
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from typing import Any

import jinja2
import numpy as np
from numpy.typing import NDArray

from mcugen import resources
from mcugen.boards import Board
from mcugen.boards.places import NOWHERE_ELSE, Places
from mcugen.emit_contents import contents, remarks
from mcugen.emit_pixels import pixel_view
from mcugen.emit_rows import (
    WHOLE_CALL,
    StripTexts,
    WalkView,
    by_rows,
    input_row_bytes,
    run_views,
    step_views,
    stream_view,
    strip_parameters,
    strip_texts,
    walk_view,
)
from mcugen.ir import DType, Shape, Tensor
from mcugen.kernels.call import float_literal
from mcugen.program import Program
from mcugen.schedule import Schedule, Step
from mcugen.version import __version__

SourceTree = Mapping[str, str]
"""Path within the build folder -> text."""

_LEAST_ALIGNMENT = 16
"""Of the arena, in bytes."""

_WITH_CONTEXT = ("convolve.c.j2", "depthwise.c.j2", "fully_connected.c.j2", "pool.c.j2")
"""Templates of kernels that are told of their scratch in a struct."""

_LINE_WIDTH = 98
_HEADER, _MODELS = "model.h", "mcugen_models"
_BUILD_DIGITS = 12

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
class Tie:
    """Two C names that a family of kernels in ``folder`` defines together: of another version of
    the family one would be the same, so that the two do not link."""

    folder: str
    stamp: str

    @property
    def family(self) -> str:
        return f"mcugen_{self.folder.replace('-', '_')}"

    @property
    def version(self) -> str:
        return f"{self.family}_{self.stamp}"


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


def emit_model(program: Program) -> SourceTree:
    """The library, paths relative to its folder. Raises ToolchainError T003 where a source of a
    kernel is missing."""
    layers = tuple(_layer(program, step) for step in program.schedule.steps)
    calls = [step.call for step in program.schedule.steps]
    files = {
        f"{backend.family.folder}/{file.path}": file.text
        for backend in program.target.backends
        for file in backend.files(calls)
    }
    environment = _environment()
    ties = _ties(program, files)
    for tie in ties:
        text = environment.get_template("version.c.j2").render(tie=tie, version=__version__)
        files[f"{tie.folder}/{tie.family}.c"] = text
    values = {**_model_values(program, layers, sorted(files)), "ties": ties}
    names = {_HEADER: f"{program.name}.h", "model.c": f"{program.name}.c"}
    if values["has_weights"]:
        names |= {f"weights.{end}": f"{program.name}_weights.{end}" for end in "hc"}
    names["CMakeLists.txt"] = "CMakeLists.txt"
    rendered = {
        path: environment.get_template(f"{template}.j2").render(values)
        for template, path in names.items()
    }
    tree = {**files, **rendered}
    header = environment.get_template(f"{_HEADER}.j2").render(values, build=_digest(tree))
    return {**tree, names[_HEADER]: header}


def _ties(program: Program, files: SourceTree) -> tuple[Tie, ...]:
    """Of each backend from which the library has something to link."""
    return tuple(
        Tie(backend.family.folder, backend.stamp())
        for backend in program.target.backends
        if any(fnmatch(path, f"{backend.family.folder}/*.c") for path in files)
    )


def _digest(tree: SourceTree) -> str:
    """What tells one library from any other; a part of a C name."""
    digest = hashlib.sha256()
    for name, text in sorted(tree.items()):
        digest.update(f"{name}\0{text}\0".encode())
    return digest.hexdigest()[:_BUILD_DIGITS]


def emit_firmware(board: Board, names: Sequence[str], places: Places = NOWHERE_ELSE) -> SourceTree:
    """What the firmware needs besides its own sources, paths relative to ``firmware/``."""
    environment = _environment()
    values = {"board": board, "names": names, "places": places}
    return {
        "board.h": environment.get_template("board.h.j2").render(values),
        "linker.ld": environment.get_template("linker.ld.j2").render(values),
    }


def emit_console(sources: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    """What ties libraries of these names to the console's own ``sources``, and the build file for
    all; paths relative to ``console/``."""
    environment = _environment()
    tree = {}
    for name in names:
        for end in "ch":
            template = environment.get_template(f"model_console.{end}.j2")
            tree[f"{name}_console.{end}"] = template.render(name=name)
    for file in (f"{_MODELS}.h", f"{_MODELS}.c"):
        tree[file] = environment.get_template(f"{file}.j2").render(names=names)
    built = sorted((*sources, *(file for file in tree if file.endswith(".c"))))
    cmake = environment.get_template("console_CMakeLists.txt.j2")
    return {**tree, "CMakeLists.txt": cmake.render(names=names, sources=built)}


def emit_loader(board: Board, *, no_read: bool = False) -> SourceTree:
    """What the resident loader needs besides its sources, paths relative to ``loader/``.

    ``no_read``: it gives out nothing of the application.
    """
    environment = _environment()
    return {
        name: environment.get_template(f"{name}.j2").render(
            board=board,
            no_read=no_read,
            readable=board.readable(no_read=no_read),
            places=NOWHERE_ELSE,
        )
        for name in ("board.h", "layout.h", "loader.ld")
    }


def render_template(template: str, **values: Any) -> str:
    """A text that belongs to a library but is not C, from below ``templates/``."""
    return _environment().get_template(template).render(values)


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(resources.templates_dir()),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters["zip"] = zip
    return environment


def _model_values(
    program: Program, layers: tuple[LayerView, ...], copied: list[str]
) -> dict[str, Any]:
    has_weights = any(layer.constants for layer in layers)
    own = [f"{program.name}.c", *((f"{program.name}_weights.c",) if has_weights else ())]
    used = {step.call.backend for step in program.schedule.steps}
    families = [one.family for one in program.target.backends if one.family.name in used]
    fused = run_views(program)
    steps = step_views(program)
    return {
        "version": __version__,
        "build": "",
        "name": program.name,
        "NAME": program.name.upper(),
        "model": program.source,
        "input": _edge(program, program.schedule.inputs[0]),
        "output": _edge(program, program.schedule.outputs[0]),
        "classes": _classes(program.schedule.tensor(program.schedule.outputs[0]).shape),
        "labels": [c_string(label) for label in program.labels],
        "pixels": pixel_view(program),
        "layers": layers,
        "macs": program.schedule.macs,
        "arena_alignment": program.target.core.data_cache_line or _LEAST_ALIGNMENT,
        "arena": program.arena,
        "has_contexts": any(_has_context(layer) for layer in layers),
        "arena_places": _arena_places(program),
        "arena_parameters": ", ".join(f"void *{one}" for one in _arena_places(program)),
        "arena_wants": _arena_wants(program),
        "arena_bytes": program.plan.arena_bytes,
        "arena_lower_bound": program.plan.lower_bound,
        "contents": contents(program.schedule, program.plan),
        "families": families,
        "has_weights": has_weights,
        "by_rows": bool(fused),
        "runs": fused,
        "has_lines": any(run.has_lines for run in fused),
        "remarks": remarks(program.schedule, program.plan),
        "steps": steps,
        "step_count": len(steps) or len(layers),
        "stream": stream_view(program),
        "input_row_bytes": input_row_bytes(program),
        "sources": [*own, *(path for path in copied if path.endswith(".c"))],
        "includes": _include_dirs(copied),
    }


def _has_context(layer: LayerView) -> bool:
    """Whether its function has a variable that points to its scratch."""
    return layer.scratch_bytes > 0 and layer.template in _WITH_CONTEXT


def _arena_places(program: Program) -> tuple[str, ...]:
    """What the parameters of the function are called that takes the caller's arena."""
    return tuple(part.space or "arena" for part in program.arena.parts)


def _arena_wants(program: Program) -> tuple[str, ...]:
    """How large each of them must be."""
    prefix = f"{program.name.upper()}_ARENA"
    return tuple(
        f"{prefix}_{part.space.upper()}_BYTES at {part.space}" if part.space else f"{prefix}_BYTES"
        for part in program.arena.parts
    )


def _include_dirs(paths: list[str]) -> list[str]:
    """The folders of the library that hold headers of kernels."""
    return sorted({path.rsplit("/", 1)[0] for path in paths if path.endswith(".h") and "/" in path})


def _layer(program: Program, step: Step) -> LayerView:
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


def _edge(program: Program, tensor_id: int) -> EdgeView:
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
        picture=None if _classes(tensor.shape) or len(tensor.shape) != 4 else tensor.shape[1:],
        scale=scale,
        zero_point=zero_point,
        low=ends[0],
        high=ends[1],
    )


def _classes(shape: Shape) -> int | None:
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
