"""The Python interface: what `mcugen build` and `mcugen verify` do, as functions.

``import mcugen`` has both; they import what they need when they are called.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mcugen.errors import UsageError

if TYPE_CHECKING:
    from mcugen.compiler import BuildResult
    from mcugen.exporting import ExportResult
    from mcugen.kernels import Choice
    from mcugen.manifest import Manifest
    from mcugen.verify.report import VerifyReport

StrPath = str | os.PathLike[str]

Simulator = Literal["host", "board", "qemu"]

_SIMULATORS: tuple[Simulator, ...] = ("host", "board", "qemu")
_BAUD = 115_200


def _silent(event: str) -> None:
    """Takes progress and says nothing."""


def build(
    model: StrPath | Sequence[StrPath],
    *,
    target: str,
    output: StrPath = "build",
    name: str | Sequence[str] = "model",
    arena_apart: bool = False,
    cmsis_nn: StrPath | None = None,
    kernels: Choice = "cmsis-nn",
    keep_constant_channels: bool = False,
    arena: int | Literal["least"] | None = None,
    stream_input: bool = False,
    labels: StrPath | Sequence[StrPath] = (),
    places: Mapping[str, Sequence[str]] | None = None,
    ram: int | str | None = None,
    flash: int | str | None = None,
    fpu: Literal["none", "sp", "dp"] | None = None,
    dsp: bool | None = None,
    on_event: Callable[[str], None] = _silent,
) -> BuildResult:
    """Compiles a ``.tflite`` file, or several, into firmware for a board, as ``mcugen build`` does.

    ``target`` is a board, a chip, a target such as "stm32f7", the path of a board file, or a core
    such as "cortex-m4". Only a core is told its memory, ``ram`` and ``flash`` in bytes or as
    "256K", and may be told its ``fpu`` and whether it has the DSP extension, ``dsp``; it gets a
    library and no firmware.
    ``output`` is replaced when all is done, and not before; ``cmsis_nn`` is a folder of CMSIS-NN
    sources to use instead of those that are installed. ``name`` is what the library is called, for
    several models one each; they share one arena unless ``arena_apart``. ``kernels`` "fast" lets
    mcugen's own kernels run what they run exactly, and leaves channels of one value out unless
    ``keep_constant_channels``. ``arena`` lets layers run by rows: the fastest plan within so many
    bytes, or "least". With ``stream_input`` the library takes the input in rows. ``labels`` is a
    file with the classes' names, one a line: they go into the header, and are what ``verify``
    calls the classes. ``places`` are names of the board's memories, such as
    ``{"arena": ["DTCM"], "weights": ["QSPI"]}``. ``on_event`` is told what goes on, a line at a
    time. Sizes in the result's manifest are bytes.

    Raises McugenError: UsageError for a file or folder, ModelError for what cannot be compiled
    exactly, BoardError, FitError where the model does not fit, ToolchainError. Then ``output`` is
    as it was before.
    """
    from mcugen.boards.plain import CoreOptions
    from mcugen.compiler import build as compile_model
    from mcugen.report.html import write_reports

    folder = Path(output)
    models = [model] if isinstance(model, str | os.PathLike) else list(model)
    result = compile_model(
        [Path(path) for path in models],
        target=target,
        output=folder,
        names=[name] if isinstance(name, str) else list(name),
        arena_apart=arena_apart,
        cmsis_nn=None if cmsis_nn is None else Path(cmsis_nn),
        kernels=kernels,
        keep_constant_channels=keep_constant_channels,
        arena=arena,
        stream_input=stream_input,
        labels=[Path(path) for path in _several(labels)],
        places=places,
        core=CoreOptions(ram, flash, fpu, dsp),
        on_event=on_event,
    )
    write_reports(folder)
    return result


def _several(paths: StrPath | Sequence[StrPath]) -> Sequence[StrPath]:
    return (paths,) if isinstance(paths, str | os.PathLike) else paths


@contextmanager
def build_to_verify(
    path: Path, executions: Sequence[str], on_event: Callable[[str], None] = _silent
) -> Iterator[Path]:
    """The build folder ``path``; of a ``.tflite`` file a build that no memory limits, gone
    afterwards.

    Raises UsageError U006 where a file is to run anywhere but on this machine, and as ``build``.
    """
    if path.suffix != ".tflite" or path.is_dir():
        yield path
        return
    from mcugen.boards.plain import LARGEST
    from mcugen.compiler import build as compile_model
    from mcugen.temporary import temporary_folder

    if tuple(executions) != ("host",):
        raise UsageError(
            "U006",
            "a model without a build runs on this machine only: `--sim=host`",
            where=str(path),
            hint="`mcugen build` makes a build of it, for a board or a core",
        )
    with temporary_folder("mcugen-verify-") as work:
        folder = work / "build"
        compile_model(path, target="cortex-m7", output=folder, core=LARGEST, on_event=on_event)
        yield folder


def verify(
    build: StrPath = "build",
    *,
    model: str | None = None,
    simulators: Sequence[Simulator] = ("host", "board"),
    port: str | None = None,
    baud: int = _BAUD,
    elf: StrPath | None = None,
    inputs: Sequence[StrPath] = (),
    labels: StrPath | None = None,
    seed: int = 0,
    count: int = 8,
    on_event: Callable[[str], None] = _silent,
) -> VerifyReport:
    """Holds a build against the reference, layer by layer, as ``mcugen verify`` does.

    ``build`` is a folder that ``build`` wrote, ``model`` the name of one of several in it; what is
    found is kept in the folder, and in the report. It may be a ``.tflite`` file, too, however
    large, which then runs on "host" alone, and nothing is kept. The model runs on the
    ``simulators``, of "host" (its C on this machine), "board" (the firmware on the virtual board)
    and "qemu"; with ``port`` on the board at that serial port, too, and with ``elf`` in a program
    of one's own that has the library in it, an ELF file. ``inputs`` are pictures and ``.npy``
    files, or else ``count`` default inputs, the random ones made from ``seed``. ``labels`` is a
    file with the classes' names, one a line.

    The result's ``error`` is None where everything is equal, and otherwise the DifferenceError that
    names the first layer and value that differ. Raises McugenError for what keeps the question from
    being answered: UsageError for files, folders and simulators, ToolchainError, DeviceError.
    """
    from mcugen.flash.port import SerialPort
    from mcugen.verify.run import verify as compare

    unknown = [name for name in simulators if name not in _SIMULATORS]
    if unknown or not (simulators or port or elf):
        raise UsageError(
            "U006",
            f"no simulator is called `{unknown[0]}`" if unknown else "nothing runs the model",
            hint=f"simulators: {', '.join(_SIMULATORS)}; or name the `port` of a board",
        )
    named = Path(build)
    runs = (*simulators, *(("port",) if port else ()), *(("elf",) if elf else ()))
    with build_to_verify(named, runs, on_event) as folder:
        report = compare(
            folder,
            model=model,
            executions=tuple(simulators),
            open_port=None if port is None else lambda: SerialPort(port, baud),
            elf=None if elf is None else Path(elf),
            inputs=tuple(Path(path) for path in inputs),
            labels=None if labels is None else Path(labels),
            seed=seed,
            count=count,
            on_event=on_event,
        )
    if folder != named:
        return report
    told = {} if report.error is None else {"error": report.error.as_json()}
    keep_verification(folder, report.manifest, {**report.as_json(), **told})
    return report


def export(build: StrPath = "build", *, flavour: str, output: StrPath) -> ExportResult:
    """Writes library and console of a build as the folder that a build system expects, as
    ``mcugen export`` does.

    ``flavour`` is "cmake", "arduino", "platformio", "zephyr", "cubeide" or "flat"; ``output`` is
    replaced when all is done, if it is an earlier export. Raises UsageError.
    """
    from mcugen.exporting.run import export as export_build

    return export_build(Path(build), flavour=flavour, output=Path(output))


def keep_verification(folder: Path, manifest: Manifest, answer: dict[str, Any]) -> object:
    """Puts an answer of ``verify`` into the build folder and its report; returns the report's path.

    Raises UsageError.
    """
    from mcugen.report.html import write_report
    from mcugen.report.verification import save_verification

    save_verification(folder, manifest, answer)
    return write_report(folder, model=manifest.name)["report"]
