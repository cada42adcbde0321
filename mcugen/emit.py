"""Program -> SourceTree: the generated library as text."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any

import jinja2

from mcugen import resources
from mcugen.boards import Board
from mcugen.boards.places import NOWHERE_ELSE, Places
from mcugen.emit_contents import contents, remarks
from mcugen.emit_layers import LayerView, c_string, class_count, edge_view, layer_view
from mcugen.emit_pixels import pixel_view
from mcugen.emit_rows import input_row_bytes, run_views, step_views, stream_view
from mcugen.program import Program
from mcugen.version import __version__

SourceTree = Mapping[str, str]
"""Path within the build folder -> text."""

_LEAST_ALIGNMENT = 16
"""Of the arena, in bytes."""

_WITH_CONTEXT = ("convolve.c.j2", "depthwise.c.j2", "fully_connected.c.j2", "pool.c.j2")
"""Templates of kernels that are told of their scratch in a struct."""

_HEADER, _MODELS = "model.h", "mcugen_models"
_BUILD_DIGITS = 12


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


def emit_model(program: Program) -> SourceTree:
    """The library, paths relative to its folder. Raises ToolchainError T003 where a source of a
    kernel is missing."""
    layers = tuple(layer_view(program, step) for step in program.schedule.steps)
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


def emit_library_program(board: Board, names: Sequence[str]) -> SourceTree:
    """What links libraries for a core without a board, paths relative to ``program/``."""
    environment = _environment()
    return {
        "start.c": environment.get_template("library_start.c.j2").render(names=names),
        "linker.ld": environment.get_template("library.ld.j2").render(board=board),
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
        "input": edge_view(program, program.schedule.inputs[0]),
        "output": edge_view(program, program.schedule.outputs[0]),
        "classes": class_count(program.schedule.tensor(program.schedule.outputs[0]).shape),
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
